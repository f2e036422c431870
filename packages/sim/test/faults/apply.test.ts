/**
 * Each fault does what it says to a running cluster, and is undone when its time is over or when the world is healed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whatIsNotAtRest } from '../../src/cluster/at-rest.ts';
import type { SimCluster } from '../../src/cluster/sim-cluster.ts';
import type { FaultKind } from '../../src/faults/actions.ts';
import { applyFault } from '../../src/faults/apply.ts';
import { isIdentityKnown, victimOf } from '../../src/faults/atlas.ts';
import { heal } from '../../src/faults/heal.ts';
import { fault, simulate } from './world.ts';

/** In this plan the machine whose disk may be destroyed is not that of the first controller. */
const victimFollows = { seed: 8 };

function starts(cluster: SimCluster): number {
  return cluster.nodes.reduce((sum, node) => sum + node.starts, 0);
}

test('a killed controller is replaced, and comes back when its time is over', () =>
  simulate(({ cluster, until }) => {
    const victim = cluster.controller;
    assert.ok(victim !== null);
    applyFault(cluster, fault('kill', 'controller', 3_000));
    assert.equal(victim.isRunning, false);
    until('another controller', () => cluster.controller !== null, 2_900);
    assert.notEqual(cluster.controller, victim);
    assert.equal(victim.isRunning, false);
    until('it is back', () => victim.isRunning, 3_000);
    until('all is at rest', () => whatIsNotAtRest(cluster) === null);
  }));

test('a process dies between two effects on the disk', () =>
  simulate(({ cluster, until, run }) => {
    const victim = cluster.controller;
    assert.ok(victim !== null);
    const before = victim.starts;
    applyFault(cluster, fault('kill-at-effect', 'controller', 60_000));
    // A cluster that nobody uses writes nothing: brokers that come and go give the controller something to write.
    for (let round = 0; round < 20 && victim.isRunning; round++) {
      applyFault(cluster, fault('kill', 'follower', 200));
      run(1_500);
    }
    until('it has died and was started again', () => victim.starts > before, 70_000);
    until('all is at rest', () => whatIsNotAtRest(cluster) === null);
  }));

test('a machine without power is silent, and one without a process refuses', () =>
  simulate(({ cluster, run }) => {
    const node = cluster.node(1);
    node.kill('killed', 'processOnly');
    assert.equal(cluster.world.wires.isDark(node.host), false);
    node.kill('power', 'random');
    assert.equal(cluster.world.wires.isDark(node.host), true);
    run(100);
    node.start();
    assert.equal(cluster.world.wires.isDark(node.host), false);
  }));

test('B1: after a power cut of all machines everything comes back', () =>
  simulate(({ cluster, until }) => {
    applyFault(cluster, fault('power-cut-all', 'any', 500));
    assert.equal(cluster.running.length, 0);
    until('all is at rest', () => whatIsNotAtRest(cluster) === null);
  }));

test('a stopped node hands over, ends, and is started again', () =>
  simulate(({ cluster, until }) => {
    const victim = cluster.controller;
    assert.ok(victim !== null);
    applyFault(cluster, fault('stop', 'controller', 1_000));
    until('it has ended', () => !victim.isRunning, 15_000);
    until('it is back', () => victim.isRunning, 5_000);
    until('all is at rest', () => whatIsNotAtRest(cluster) === null);
  }));

test('F10: a controller that stands still longer than keepalive is replaced, and follows when it wakes', () =>
  simulate(({ cluster, until }) => {
    const victim = cluster.controller;
    assert.ok(victim !== null);
    applyFault(cluster, fault('pause', 'controller', 8_000));
    until('another controller', () => cluster.controller !== null && cluster.controller !== victim, 7_000);
    until('all is at rest', () => whatIsNotAtRest(cluster) === null);
    assert.equal(victim.starts, 1);
  }));

const networkFaults: FaultKind[] = ['isolate', 'one-way-in', 'one-way-out', 'halves', 'majority-ring', 'bridge', 'flap', 'clog'];
for (const kind of networkFaults) {
  test(`F1: after ${kind} the same processes come to rest again`, () =>
    simulate(({ cluster, until, run }) => {
      const before = starts(cluster);
      applyFault(cluster, fault(kind, 'controller', 6_000));
      run(6_000);
      until('all is at rest', () => whatIsNotAtRest(cluster) === null);
      assert.equal(starts(cluster), before);
    }));
}

test('an isolated machine hears nobody while it lasts, and everybody after it', () =>
  simulate(({ cluster, run }) => {
    const victim = cluster.controller;
    assert.ok(victim !== null);
    const others = cluster.nodes.filter((node) => node !== victim);
    const { network } = cluster.world;
    applyFault(cluster, fault('isolate', 'controller', 1_000));
    run(999);
    assert.ok(others.every(({ host }) => network.isShut(host, victim.host) && network.isShut(victim.host, host)));
    run(2);
    assert.ok(others.every(({ host }) => !network.isSilent(host, victim.host)));
  }));

test('a way that two faults have shut opens with the later one', () =>
  simulate(({ cluster }) => {
    const { network } = cluster.world;
    network.shut('node1', 'node2');
    network.shut('node1', 'node2');
    network.open('node1', 'node2');
    assert.equal(network.isShut('node1', 'node2'), true);
    network.open('node1', 'node2');
    assert.equal(network.isShut('node1', 'node2'), false);
  }));

for (const kind of ['failing-sync', 'failing-write', 'failing-database'] satisfies FaultKind[]) {
  test(`B9: a broker ends itself for its disk (${kind}), and comes back with a sound one`, () =>
    simulate(({ cluster, until }) => {
      // Whichever the number picks: it must be tried until an operation of the disk falls into the window.
      const before = starts(cluster);
      for (let number = 0; number < 4; number++) applyFault(cluster, { ...fault(kind, 'controller', 4_000), number });
      cluster.controller?.kill('killed', 'processOnly');
      until('somebody was started again', () => starts(cluster) > before, 10_000);
      until('all is at rest', () => whatIsNotAtRest(cluster) === null);
      assert.ok(cluster.fatals.every(({ isExpected }) => isExpected));
    }));
}

test('B10: brokers live through a full disk', () =>
  simulate(({ cluster, until, run }) => {
    const before = starts(cluster);
    applyFault(cluster, fault('full-disk', 'leader', 2_000));
    run(2_000);
    until('all is at rest', () => whatIsNotAtRest(cluster) === null);
    assert.equal(starts(cluster), before);
    assert.ok(cluster.nodes.every(({ disk }) => disk.capacityBytes === Infinity));
  }));

test('E9: a wiped voter is taken in again under its new identity', () =>
  simulate(({ cluster, until }) => {
    const victim = cluster.node(victimOf(cluster.plan) as number);
    until('who the voters are is known', () => isIdentityKnown(cluster, victim.id));
    const before = victim.services?.quorum.status.directoryId;
    applyFault(cluster, fault('wipe', 'any', 500));
    until('it was wiped and runs', () => cluster.damaged.has(victim.id) && victim.services !== null, 10_000);
    assert.notEqual(victim.services?.quorum.status.directoryId, before);
    until('all is at rest', () => whatIsNotAtRest(cluster) === null);
    const recorded = (): string | null | undefined =>
      cluster.controller?.services?.quorum.status.voters.find(({ id }) => id === victim.id)?.directoryId;
    until('it is on record', () => recorded() === victim.services?.quorum.status.directoryId);
  }, victimFollows));

test('a damaged database keeps a node from starting until its disk is replaced', () =>
  simulate(({ cluster, until }) => {
    const victim = cluster.node(victimOf(cluster.plan) as number);
    until('who the voters are is known', () => isIdentityKnown(cluster, victim.id));
    applyFault(cluster, fault('damaged-database', 'any', 1_000));
    until('the damage is done', () => victim.database.isDamaged, 10_000);
    until('the disk was replaced', () => !victim.database.isDamaged && victim.services !== null, 10_000);
    until('all is at rest', () => whatIsNotAtRest(cluster) === null);
  }, victimFollows));

for (const kind of ['old-image', 'bit-rot'] satisfies FaultKind[]) {
  test(`a machine comes to rest after ${kind}`, () =>
    simulate(({ cluster, until }) => {
      applyFault(cluster, fault(kind, 'any', 300));
      until('it is done', () => cluster.damaged.size === 1, 10_000);
      until('all is at rest', () => whatIsNotAtRest(cluster) === null);
    }));
}

test('a decommissioned broker is forgotten, and registers anew when it is started', () =>
  simulate(({ cluster, until }) => {
    const before = new Map([...(cluster.image?.brokers ?? [])].map(([id, { brokerEpoch }]) => [id, brokerEpoch]));
    applyFault(cluster, fault('decommission', 'follower', 2_000));
    until('one is forgotten', () => cluster.image?.brokers.size === 2, 10_000);
    const gone = cluster.nodes.find(({ id }) => cluster.image?.brokers.has(id) === false);
    assert.ok(gone !== undefined);
    until('all is at rest', () => whatIsNotAtRest(cluster) === null);
    assert.ok((cluster.image?.brokers.get(gone.id)?.brokerEpoch ?? 0) > (before.get(gone.id) ?? Infinity));
  }));

test('B19: a wall clock jumps, the monotonic one does not', () =>
  simulate(({ cluster }) => {
    const clocks = cluster.nodes.map(({ process }) => process?.clock);
    const before = clocks.map((clock) => [clock?.wallMs() ?? 0, clock?.monotonicMs() ?? 0] as const);
    applyFault(cluster, fault('clock-jump', 'any', 0));
    const jumps = clocks.map((clock, at) => (clock?.wallMs() ?? 0) - (before[at]?.[0] ?? 0));
    assert.equal(jumps.filter((jump) => jump !== 0).length, 1);
    assert.ok(clocks.every((clock, at) => clock?.monotonicMs() === before[at]?.[1]));
  }));

test('healing undoes everything at once', () =>
  simulate(({ cluster, until, run }) => {
    const kinds: FaultKind[] = ['kill', 'isolate', 'halves', 'slow-disk', 'full-disk', 'wipe', 'kill-at-effect', 'failing-write'];
    for (const [number, kind] of kinds.entries()) applyFault(cluster, { ...fault(kind, 'any', 600_000), number });
    run(300);
    heal(cluster);
    until('all is at rest', () => whatIsNotAtRest(cluster) === null);
    applyFault(cluster, fault('kill', 'any', 1_000));
    assert.equal(cluster.running.length, 3, 'no fault comes after the healing');
  }));

test('the same faults make the same run', async () => {
  const hashes: string[] = [];
  for (let time = 0; time < 2; time++) {
    await simulate(({ cluster, trace, run }) => {
      for (const kind of ['power-cut', 'isolate', 'wipe', 'slow-disk', 'clog'] satisfies FaultKind[]) {
        applyFault(cluster, fault(kind, 'leader', 1_500));
        run(1_000);
      }
      hashes.push(trace.hash);
    });
  }
  assert.equal(hashes[0], hashes[1]);
});
