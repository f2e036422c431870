/**
 * An ISR that changes all the time.
 */
import { test } from 'node:test';
import type { MetadataImage } from '@jackdaw/metadata';
import { IsrPace } from '../../src/checks/isr-pace.ts';
import type { SimCluster } from '../../src/cluster/sim-cluster.ts';
import { bites } from './fakes.ts';

/** Looks each second, at a partition that has changed so many times since. */
function looksAt(changes: readonly number[]): void {
  const registration = { partitionEpoch: 0, isr: [1, 2] };
  const topics = new Map([['id', { id: 'id', name: 'orders', partitions: new Map([[0, registration]]) }]]);
  const pace = new IsrPace(() => ({ topicsById: topics }) as unknown as MetadataImage);
  for (const [second, count] of changes.entries()) {
    registration.partitionEpoch += count;
    pace.onTime({ world: { loop: { nowMs: second * 1_000 } } } as unknown as SimCluster);
  }
}

test('an ISR that is left and joined sixty times in a second is noticed (IsrIsSteady, A16)', () => {
  bites('IsrIsSteady', () => looksAt([0, 2, 60]));
});

test('some changes in every second pass, and a partition that was not seen before may have any epoch', () => {
  looksAt([500, 10, 10, 10, 0, 10]);
});
