/**
 * Which branches of the packages' code one execution took, and how often: the marks of the probes that `instrument.ts` puts
 * into every module as it is loaded (`hooks.ts`).
 *
 * How often counts roughly: once, twice, three times, then by powers of two. Whether an execution was new is known right
 * after it, in some microseconds; V8's own block coverage took some ten milliseconds for the same, and so could only be
 * asked once for many executions.
 */
import { register } from 'node:module';
import { marksName } from './instrument.ts';

/** More than all packages have; a probe beyond it leaves no mark. */
const maxProbes = 65_536;

/** A count → the bit of its class. */
const classes = Uint8Array.from({ length: 256 }, (_, count) => {
  if (count < 4) return count === 0 ? 0 : 1 << (count - 1);
  return 1 << Math.min(7, 1 + Math.floor(Math.log2(count)));
});

export interface HooksData {
  /** One number: probes given out so far. */
  readonly probes: SharedArrayBuffer;
}

const probes = new SharedArrayBuffer(4);
const given = new Int32Array(probes);
const marks = new Uint8Array(maxProbes);

/** From here on modules of the packages are loaded with probes in them. Once in a thread, before any of them is loaded. */
export function startProbing(): void {
  Object.assign(globalThis, { [marksName]: marks });
  register(new URL('./hooks.js', import.meta.url), { data: { probes } satisfies HooksData });
}

/** What an execution may do for the first time: nothing, run a branch more or less often, or run another branch. */
export type Novelty = 'none' | 'count' | 'branch';

export class Coverage {
  /** For each probe the classes of counts that were seen. */
  readonly #known = new Uint8Array(maxProbes);
  readonly #words = new Int32Array(marks.buffer);
  #branches = 0;

  /** Branches that were ever taken. */
  get branches(): number {
    return this.#branches;
  }

  /** An execution begins: what ran before it is nobody's. */
  begin(): void {
    marks.fill(0, 0, this.#probes());
  }

  /** An execution has ended: what it did for the first time is known from now on. */
  end(): Novelty {
    let novelty: Novelty = 'none';
    const words = this.#words;
    const length = (this.#probes() + 3) >> 2;
    for (let word = 0; word < length; word++) {
      if (words[word] === 0) continue;
      for (let at = word * 4; at < word * 4 + 4; at++) {
        const known = this.#known[at] as number;
        const seen = known | (classes[marks[at] as number] as number);
        if (seen === known) continue;
        this.#known[at] = seen;
        if (known === 0) this.#branches++;
        if (known === 0 || novelty === 'branch') novelty = 'branch';
        else novelty = 'count';
      }
    }
    return novelty;
  }

  #probes(): number {
    return Math.min(maxProbes, Atomics.load(given, 0));
  }
}
