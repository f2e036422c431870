/**
 * A controller that is stopped names the next one: nobody waits for an election timeout, as after a crash.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whatIsNotAtRest } from '../src/cluster/at-rest.ts';
import type { SimCluster } from '../src/cluster/sim-cluster.ts';
import { simulate } from './faults/world.ts';

function quorumLeader(cluster: SimCluster): number | undefined {
  return cluster.running.find(({ services }) => services?.quorum.softState.role === 'leader')?.id;
}

test('thesis §3.10: when the process of a stopped controller ends, another node already leads the quorum, in the next term', () =>
  simulate(({ cluster, until }) => {
    until('all is at rest', () => whatIsNotAtRest(cluster) === null);
    for (let stops = 0; stops < 3; stops++) {
      const victim = cluster.controller;
      assert.ok(victim !== null);
      const term = victim.services?.quorum.softState.term ?? -1;
      victim.stop();
      until('it has stopped', () => !victim.isRunning);
      const next = quorumLeader(cluster);
      assert.ok(next !== undefined && next !== victim.id, 'nobody leads');
      assert.equal(cluster.node(next).services?.quorum.softState.term, term + 1);
      victim.start();
      until('all is at rest again', () => whatIsNotAtRest(cluster) === null);
    }
  }));

test('a controller that is alone stops without a successor, soon', () =>
  simulate(({ cluster, until }) => {
    until('all is at rest', () => whatIsNotAtRest(cluster) === null);
    const last = cluster.controller;
    assert.ok(last !== null);
    for (const node of cluster.nodes) if (node !== last) node.kill('killed', 'processOnly');
    last.stop();
    until('it has stopped', () => !last.isRunning, 15_000);
  }));

test('F12: a controller whose database fails during its stop waits for nothing that cannot come any more (seed 1428)', () =>
  simulate(({ cluster, until }) => {
    until('all is at rest', () => whatIsNotAtRest(cluster) === null);
    const victim = cluster.controller;
    assert.ok(victim !== null);
    victim.database.isFailing = true;
    victim.stop();
    until('it has stopped', () => !victim.isRunning, 1_000);
  }));
