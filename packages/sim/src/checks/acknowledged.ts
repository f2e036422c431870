/**
 * What clients are told, against what is so at that moment.
 *
 *   ConsumedIsCommitted  consumers get nothing at or above the high watermark (A20)
 *   AckedIsCommitted     a record that is acknowledged with acks=all is below a high watermark by then (A13, B1, A22)
 */
import type { SimCluster } from '../cluster/sim-cluster.ts';
import type { HistoryEvent, Polled } from '../history/history.ts';
import { fail, type Check } from './check.ts';
import type { GhostPartition, GhostPartitions } from './ghost-partition.ts';

export class Acknowledged implements Check {
  readonly name = 'AckedIsCommitted';
  readonly #ghosts: GhostPartitions;
  /** Sends that nobody has answered yet: where to. */
  readonly #open = new Map<string, string>();

  constructor(ghosts: GhostPartitions) {
    this.#ghosts = ghosts;
  }

  onHistory(cluster: SimCluster, event: HistoryEvent): void {
    if (event.op === 'poll') this.#expectCommitted(cluster, event);
    if (event.op !== 'send') return;
    if (event.type === 'invoke') {
      if (event.isWeak !== true) this.#open.set(event.value, event.key);
      return;
    }
    const key = this.#open.get(event.value);
    this.#open.delete(event.value);
    if (key === undefined || event.type !== 'ok' || event.offset < 0) return;
    const ghost = this.#find(key);
    if (ghost === undefined || ghost.highestWatermark > event.offset || this.#ghosts.mayHaveLost(cluster, ghost)) return;
    const detail = `was acknowledged at offset ${event.offset}; ${ghost.highestWatermark} is the end of what is committed`;
    fail(this.name, `${event.value} in ${ghost.name} ${detail}`);
  }

  #expectCommitted(cluster: SimCluster, { process, key, records }: Polled): void {
    const ghost = this.#find(key);
    const last = records.at(-1)?.[0] ?? -1;
    if (ghost === undefined || last < ghost.highestWatermark || this.#ghosts.mayHaveLost(cluster, ghost)) return;
    fail(
      'ConsumedIsCommitted',
      `${process} got offset ${last} of ${ghost.name}; it is committed up to ${ghost.highestWatermark}`,
    );
  }

  /** `topic/number`, as the history calls it. */
  #find(key: string): GhostPartition | undefined {
    const name = key.replace(/\/(\d+)$/, '-$1');
    for (const ghost of this.#ghosts.all()) if (ghost.name === name) return ghost;
    return undefined;
  }
}
