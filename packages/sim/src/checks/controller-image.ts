/**
 * What the active controller has decided against what is committed.
 *
 *   DecidedIsCommitted   a controller all of whose proposals are committed thinks what is committed: nothing of an earlier
 *                        leadership is left in it (E11)
 */
import { fail } from './check.ts';
import { imageDigest } from './image-digest.ts';
import type { Family, LiveNode } from './watch.ts';

export class ControllerImage implements Family {
  /** Up to where it was compared. */
  readonly #seen = new WeakMap<LiveNode, number>();

  onEvent(live: LiveNode): void {
    const { quorum, image, decidedImage } = live.services;
    if (quorum.softState.role !== 'leader') return;
    const committed = image();
    if (this.#seen.get(live) === committed.appliedIndex) return;
    const decided = decidedImage();
    if (decided === null) return;
    const { role, lastIndex, term } = quorum.status;
    if (role !== 'leader' || lastIndex !== committed.appliedIndex || committed.appliedTerm !== term) return;
    this.#seen.set(live, committed.appliedIndex);
    if (imageDigest(decided) === imageDigest(committed)) return;
    fail('DecidedIsCommitted', `${live.label} decides in term ${term} on another image than the committed one of ${lastIndex}`);
  }
}
