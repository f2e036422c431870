/**
 * Values of records: a name that is unique in the run, and a tail that makes it as long as the plan says.
 *
 * The history holds names alone. A value whose tail is not as it was written is taken as a whole, and known to nobody.
 */

const tailByte = 'x';

export function toValue(name: string, bytes: number): string {
  return `${name} ${tailByte.repeat(Math.max(0, bytes - name.length - 1))}`;
}

/** The name in a value of a plan with that many bytes. */
export function nameOf(value: Uint8Array | null, bytes: number): string {
  const text = Buffer.from(value ?? []).toString();
  const name = text.slice(0, Math.max(0, text.indexOf(' ')));
  return toValue(name, bytes) === text ? name : text;
}
