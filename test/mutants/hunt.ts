/**
 * What hunts a mutant, and what it brings back.
 */
import type { Mutant } from './mutant.ts';
import type { ScratchTree } from './scratch-tree.ts';

export type Verdict =
  | {
      readonly kind: 'killed';
      /** The check that failed, or the test. */
      readonly by: string;
      /** Null where there are none. */
      readonly seed: number | null;
      /** What was said about it, cut short. */
      readonly detail: string;
      /** Seeds that it took, this one among them. */
      readonly tried?: number;
    }
  /** With the simulator: how many seeds ran, and in how many of them, as far as that is known, anything was different. */
  | { readonly kind: 'alive'; readonly tried?: number; readonly compared?: number; readonly diverged?: number }
  /** Nothing was proved: the mutant does not apply or compile. */
  | { readonly kind: 'broken'; readonly detail: string };

export interface Hunter {
  /** The unmutated tree must pass; throws when it does not. */
  expectPass(pristine: ScratchTree, mutants: readonly Mutant[]): Promise<void>;
  /** `pristine` is the same tree without the mutant, to make sure that it is the mutant that was found. */
  hunt(mutated: ScratchTree, mutant: Mutant, pristine: ScratchTree): Promise<Verdict>;
}

/** The control has failed: whatever is reported of mutants would mean nothing. */
export class PristineFailure extends Error {
  override readonly name = 'PristineFailure';
}

/** Some part of a long text, for a table. */
export function shortened(text: string, maxChars = 300): string {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  return line.length > maxChars ? `${line.slice(0, maxChars)}…` : line;
}
