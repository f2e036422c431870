/**
 * How often a partition's registration changes.
 *
 *   IsrIsSteady  not more often than faults, and followers that fall behind and catch up, can make it (A16): an ISR that somebody
 *                leaves and joins with every answer of the controller is a storm of metadata, and nobody is helped
 */
import type { MetadataImage } from '@jackdaw/metadata';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import { fail } from './check.ts';
import type { Family } from './watch.ts';

const periodMs = 1_000;
/** The busiest honest partition of a thousand runs changes some ten times in a second; one that flaps, sixty times. */
const mostChanges = 35;

export class IsrPace implements Family {
  readonly #image: () => MetadataImage;
  /** By topic id and partition: its epoch when the period began. */
  #epochs = new Map<string, number>();
  #nextLookMs = 0;

  constructor(image: () => MetadataImage) {
    this.#image = image;
  }

  onEvent(): void {
    // Bounds in time are enough.
  }

  onTime({ world }: SimCluster): void {
    if (world.loop.nowMs < this.#nextLookMs) return;
    this.#nextLookMs = world.loop.nowMs + periodMs;
    const epochs = new Map<string, number>();
    for (const topic of this.#image().topicsById.values()) {
      for (const [partition, { partitionEpoch, isr }] of topic.partitions) {
        const key = `${topic.id} ${partition}`;
        epochs.set(key, partitionEpoch);
        const changes = partitionEpoch - (this.#epochs.get(key) ?? partitionEpoch);
        if (changes <= mostChanges) continue;
        fail(
          'IsrIsSteady',
          `${topic.name}-${partition} has changed ${changes} times in ${periodMs} ms; its ISR is ${isr.join()}`,
        );
      }
    }
    this.#epochs = epochs;
  }
}
