/**
 * Who counts as well connected, and since when.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reach } from '../../src/checks/reach.ts';
import { calmPlan } from '../../src/cluster/draw-plan.ts';
import { SimCluster } from '../../src/cluster/sim-cluster.ts';
import { Trace } from '../../src/kernel/trace.ts';

/** Looks after each step, 100 ms later. */
function looksAfter(...steps: readonly ((cluster: SimCluster) => void)[]): Reach {
  const cluster = new SimCluster(calmPlan(1), new Trace());
  const { loop } = cluster.world;
  const reach = new Reach(cluster);
  for (const step of steps) {
    step(cluster);
    loop.run(loop.nowMs + 100, () => false);
    reach.look();
  }
  return reach;
}

/** `wellSinceMs` without whether the processes run. */
function waySinceMs(reach: Reach): number {
  reach.upSinceMs = () => 0;
  return reach.wellSinceMs(3, 1);
}

test('a way that was slow is well when what was sent over it meanwhile has arrived (seed 400145)', () => {
  const reach = looksAfter(
    ({ world }) => world.network.slow('node3', 'node1', 3_000),
    ({ world }) => world.heal(),
  );
  assert.equal(waySinceMs(reach), 100 + 3_000);
});

test('that such a way is shut meanwhile and again does not make it well sooner', () => {
  const reach = looksAfter(
    ({ world }) => world.network.slow('node3', 'node1', 3_000),
    ({ world }) => world.network.shut('node3', 'node1'),
    ({ world }) => world.heal(),
    ({ world }) => world.network.shut('node3', 'node1'),
  );
  assert.equal(waySinceMs(reach), 200 + 3_000);
});

test('a disk that was slow is well when what it was given meanwhile is done (seed 412472)', () => {
  const reach = looksAfter(
    ({ world }) => void world.slowDisks.set(2, 1_274),
    ({ world }) => world.heal(),
  );
  assert.equal(reach.diskSinceMs(2), 100 + 1_274);
  assert.equal(reach.diskSinceMs(1), 0);
});

test('a process that was killed just after it had stood still has been heard until then (seed 707316)', () => {
  const began = (cluster: SimCluster): void => cluster.node(3).start();
  const paused = (cluster: SimCluster): void => cluster.node(3).pause(450);
  const still = (): void => undefined;
  const killed = (cluster: SimCluster): void => {
    const { loop } = cluster.world;
    loop.run(loop.nowMs + 80, () => false);
    cluster.node(3).kill('killed', 'processOnly');
  };
  const woken = looksAfter(began, paused, still, still, still, killed);
  assert.ok(woken.silentSinceMs(3, 1) >= 580, `it ran at 550 and is called silent since ${woken.silentSinceMs(3, 1)}`);
  const asleep = looksAfter(began, paused, still, killed, still);
  assert.ok(asleep.silentSinceMs(3, 1) <= 200, `it stood still at 100 and is called silent since ${asleep.silentSinceMs(3, 1)}`);
});
