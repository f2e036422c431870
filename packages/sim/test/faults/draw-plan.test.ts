/**
 * Plans are drawn whole from their seed, stay within what a cluster can stand, and leave knobs off as well as on.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '@jackdaw/broker';
import { drawPlan } from '../../src/cluster/draw-plan.ts';
import { victimOf } from '../../src/faults/atlas.ts';

const plans = Array.from({ length: 2_000 }, (_, seed) => drawPlan(seed));

test('a seed gives one plan', () => {
  for (const seed of [0, 1, 2_000_000_000]) assert.deepEqual(drawPlan(seed), drawPlan(seed));
});

test('every drawn configuration is one that a broker starts with', () => {
  for (const plan of plans) {
    for (const { id, roles } of plan.nodes) {
      const voters = plan.voters.map((voter) => `${voter}@node${voter}:9093`).join(',');
      const listeners = `${roles === 'controller' ? '' : `PLAINTEXT://node${id}:9092,`}CONTROLLER://node${id}:9093`;
      const settings = { ...plan.settings, 'controller.quorum.voters': voters, 'process.roles': roles, listeners };
      const sets = Object.entries({ ...settings, 'node.id': String(id), 'log.dirs': '/data' }).map((pair) => pair.join('='));
      const loaded = loadConfig({ env: {}, sets, hostname: `node${id}` });
      assert.ok(loaded.ok, loaded.ok ? '' : `seed ${plan.seed}: ${loaded.errors.join('; ')}`);
    }
  }
});

test('topics fit on the brokers that are there when they are created', () => {
  for (const { nodes, topics } of plans) {
    const brokers = nodes.filter(({ roles, startsAtOnce }) => roles !== 'controller' && startsAtOnce).length;
    assert.ok(brokers >= 1);
    for (const { replicationFactor, minInsyncReplicas, partitions } of topics) {
      assert.ok(replicationFactor <= brokers && minInsyncReplicas <= replicationFactor && partitions >= 1 && partitions <= 6);
    }
  }
});

test('the only voter of a quorum is never the one whose disk is damaged', () => {
  for (const plan of plans) {
    const victim = victimOf(plan);
    assert.ok(victim === null || plan.voters.length > 1 || !plan.voters.includes(victim));
  }
});

test('every kind of fault is drawn, and no fault at all', () => {
  const kinds = new Set(plans.flatMap(({ faults }) => faults.map(({ kind }) => kind)));
  assert.equal(kinds.size, 61);
  assert.ok(plans.some(({ faults }) => faults.length === 0));
  assert.ok(plans.every(({ faults, chaosMs }) => faults.length <= 20 && faults.every(({ atMs }) => atMs < chaosMs)));
});

test('knobs are off in some runs and on in others', () => {
  const isOn = [
    plans.map(({ knobs }) => knobs.rpc.loss > 0),
    plans.map(({ knobs }) => knobs.network.stragglers > 0),
    plans.map(({ knobs }) => knobs.sockets.slicing > 0),
    plans.map(({ knobs }) => knobs.disk.stalls > 0),
    plans.map(({ nodes }) => nodes.some(({ clockFault }) => clockFault.rate !== 1)),
    plans.map(({ nodes }) => nodes.some(({ startsAtOnce }) => !startsAtOnce)),
    plans.map(({ nodes }) => nodes.some(({ roles }) => roles === 'controller')),
    plans.map(({ settings }) => settings['jackdaw.durability'] === 'page-cache'),
  ];
  for (const values of isOn) assert.ok(values.includes(true) && values.includes(false));
});
