/**
 * What the simulator found in whole clusters, each once more in the smallest form in which it shows.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSmallFile } from '@jackdaw/log';
import { calmPlan } from '../../src/cluster/draw-plan.ts';
import { whatIsNotAtRest } from '../../src/cluster/at-rest.ts';
import { simulate } from './world.ts';

test('brokers without a vote join a cluster whose list of voters names one', () => {
  const { nodes } = calmPlan(1);
  const roles = ['broker,controller', 'broker', 'broker'] as const;
  return simulate(
    ({ cluster, until }) => {
      until('all is at rest', () => whatIsNotAtRest(cluster) === null);
      assert.equal(new Set(cluster.running.map(({ services }) => services?.clusterId())).size, 1);
    },
    { nodes: nodes.map((node, at) => ({ ...node, roles: roles[at] ?? 'broker' })), voters: [1] },
  );
});

test('A18: a broker that is stopped before it could register keeps the epoch that it had', () =>
  simulate(({ cluster, until }) => {
    const node = cluster.nodes.find((one) => one !== cluster.controller);
    assert.ok(node !== undefined);
    const epoch = node.services?.lifecycle.brokerEpoch;
    assert.ok(epoch !== undefined && epoch > 0);
    node.kill('killed', 'processOnly');
    const { network } = cluster.world;
    for (const { host } of cluster.nodes) {
      network.shut(host, node.host);
      network.shut(node.host, host);
    }
    node.start();
    until('it tries to register', () => node.broker !== null);
    node.stop();
    until('it has stopped', () => !node.isRunning);
    const marker = readSmallFile(node.disk, '/data/.kafka_cleanshutdown');
    assert.deepEqual(JSON.parse(Buffer.from(marker ?? []).toString()), { version: 0, brokerEpoch: epoch });
  }));
