/**
 * The quorum's log on disk against the one that its state machine believes in.
 *
 *   StoreIsLog   what the database holds is what the state machine takes to be on disk: a restart finds no entry less and none
 *                more (E1, E2, E7)
 */
import { fail } from './check.ts';
import type { Family, LiveNode } from './watch.ts';
import type { WrittenLog } from '../world/sim-database.ts';

export class QuorumStore implements Family {
  readonly #seen = new WeakMap<WrittenLog, number>();

  onEvent({ node, services, label }: LiveNode): void {
    const { written } = node.database;
    const { changes, keys } = written;
    if (this.#seen.get(written) === changes) return;
    this.#seen.set(written, changes);
    const { storage } = services.quorum;
    const [first, last] = [storage.firstIndex(), storage.lastIndex()];
    if (keys.size === last - first + 1 && (keys.size === 0 || keys.has(keyOf(last)))) return;
    fail('StoreIsLog', `${label} has ${keys.size} entries in its database, and believes in those from ${first} to ${last}`);
  }
}

/** As in broker/src/quorum/raft-store.ts. */
function keyOf(index: number): string {
  return `e${index.toString(16).padStart(16, '0')}`;
}
