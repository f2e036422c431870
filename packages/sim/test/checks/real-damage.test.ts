/**
 * Damage that is seen where there is none.
 */
import { test } from 'node:test';
import { realDamage } from '../../src/checks/real-damage.ts';
import type { LiveNode } from '../../src/checks/watch.ts';
import { bites, fakeCluster, FakeNode } from './fakes.ts';

const found = 'broker: damaged batch found for a consumer';

function markOn(live: LiveNode, name: string): void {
  realDamage.onMark?.(live, name);
}

test('a batch that is called damaged on a machine without damage is noticed (DamageIsReal, B4)', () => {
  const cluster = fakeCluster();
  cluster.damaged.add(2);
  bites('DamageIsReal', () => markOn(new FakeNode(1, cluster).live, found));
  markOn(new FakeNode(2, cluster).live, found);
  markOn(new FakeNode(1, cluster).live, 'broker: ISR grown');
});
