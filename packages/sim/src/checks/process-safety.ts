/**
 * What a broker's process owes to itself: it does not end but for a failed disk, and what it keeps is bounded.
 *
 *   UnexpectedEnd     a broker ends by itself only when its disk was made to fail
 *   BoundedSessions   no more fetch sessions than are configured
 */
import type { SimCluster } from '../cluster/sim-cluster.ts';
import { fail, type Check } from './check.ts';
import type { Family, LiveNode } from './watch.ts';

export class ProcessSafety implements Family {
  readonly #slots = new WeakMap<LiveNode, number>();

  onEvent(live: LiveNode): void {
    const { fetchSessions, config } = live.services;
    if (fetchSessions.size === 0) return;
    let slots = this.#slots.get(live);
    if (slots === undefined) {
      slots = config.view.number('max.incremental.fetch.session.cache.slots');
      this.#slots.set(live, slots);
    }
    if (fetchSessions.size > slots)
      fail('BoundedSessions', `${live.label} keeps ${fetchSessions.size} of ${slots} fetch sessions`);
  }
}

/** Looks at the list only, so it can be asked after every event, whoever it belonged to. */
export function unexpectedEnds(): Check {
  let seen = 0;
  return {
    name: 'UnexpectedEnd',
    afterEvent({ fatals }: SimCluster): void {
      for (; seen < fatals.length; seen++) {
        const fatal = fatals[seen];
        if (fatal !== undefined && !fatal.isExpected) {
          fail('UnexpectedEnd', `node ${fatal.nodeId} ended by itself: ${fatal.error.stack ?? fatal.error.message}`);
        }
      }
    },
  };
}
