/**
 * Marks in the code for whoever searches it: rare places that a search must reach, and chances to make life harder.
 *
 * In production both are a null check. The simulator counts `sometimes` over its seeds, so that a batch of runs that
 * never came to such a place fails (it has gone blind), and lets `buggify` be true now and then, as the seed says.
 */

export interface Probes {
  sometimes(name: string): void;
  buggify(name: string): boolean;
}

let probes: Probes | null = null;

/** Only a simulator sets them; null takes them away. */
export function setProbes(next: Probes | null): void {
  probes = next;
}

/** Something rare has happened here. `name` is a constant: `part: what`, unique in the code. */
export function sometimes(name: string): void {
  if (probes !== null) probes.sometimes(name);
}

/** True where a simulation wants this place to take its rarer, still correct way. Always false in production. */
export function buggify(name: string): boolean {
  return probes !== null && probes.buggify(name);
}
