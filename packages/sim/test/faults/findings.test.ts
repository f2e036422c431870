/**
 * What the simulator found in whole clusters, each once more in the smallest form in which it shows.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSmallFile, type PartitionLog } from '@jackdaw/log';
import type { HostedPartition } from '@jackdaw/broker';
import { encodeBatch } from '@jackdaw/protocol';
import { calmPlan } from '../../src/cluster/draw-plan.ts';
import { whatIsNotAtRest } from '../../src/cluster/at-rest.ts';
import type { SimNode } from '../../src/node/sim-node.ts';
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

test('F12: a broker whose disk fails and hangs has left the cluster long before it ends (seed 222774)', () =>
  simulate(({ cluster, until, run }) => {
    until('all is at rest', () => whatIsNotAtRest(cluster) === null);
    const victim = cluster.nodes.find((one) => one !== cluster.controller && leaderLog(one) !== undefined);
    const log = victim === undefined ? undefined : leaderLog(victim);
    assert.ok(victim !== undefined && log !== undefined);
    appendOne(log);
    until('it is durable', () => log.durableOffset === log.logEndOffset);
    // What is written at intervals hangs now, and the stop waits for it.
    victim.disk.holdSyncs = true;
    run(2 * settingOf(victim, 'replica.high.watermark.checkpoint.interval.ms'));
    victim.disk.failing.add('write');
    appendOne(log);
    const isFenced = (): boolean => cluster.controller?.services?.image().brokers.get(victim.id)?.fenced ?? false;
    until('it is fenced', isFenced, settingOf(victim, 'broker.disconnect.fencing.ms') + 200);
    assert.ok(victim.isRunning, 'it waits for its disk');
    victim.disk.failing.delete('write');
    victim.disk.holdSyncs = false;
    victim.disk.releaseSyncs();
    until('it has ended', () => !victim.isRunning);
  }));

test('A2, A8: a broker that starts again follows nobody by the metadata on its disk, which may be old (seed 10480)', () =>
  simulate(({ cluster, until, run }) => {
    until('all is at rest', () => whatIsNotAtRest(cluster) === null);
    const { network } = cluster.world;
    const leader = cluster.nodes.find((one) => one !== cluster.controller && leaderLog(one) !== undefined);
    const victim = cluster.nodes.find((one) => one !== cluster.controller && one !== leader);
    const { controller } = cluster;
    assert.ok(leader !== undefined && victim !== undefined && controller !== null);
    victim.kill('killed', 'processOnly');
    network.shut(victim.host, controller.host);
    network.shut(controller.host, victim.host);
    victim.start();
    until('its logs are open', () => hostedBy(victim).some(({ log }) => log !== null));
    const log = leaderLog(leader);
    assert.ok(log !== undefined);
    const end = log.logEndOffset;
    appendOne(log);
    run(1_000);
    assert.deepEqual(new Set(hostedBy(victim).map(({ role }) => role.kind)), new Set(['none']));
    const ofVictim = hostedBy(victim).find((one) => one.name === log.name)?.log;
    assert.equal(ofVictim?.logEndOffset, end);
    network.heal();
    until('it follows again', () => ofVictim.logEndOffset === end + 1);
  }));

function hostedBy({ services }: SimNode): HostedPartition[] {
  return [...(services?.replicas.partitions() ?? [])];
}

function settingOf({ services }: SimNode, name: string): number {
  return services?.config.view.number(name) ?? 0;
}

/** Of a partition that the node leads. */
function leaderLog({ services }: SimNode): PartitionLog | undefined {
  const hosted = [...(services?.replicas.partitions() ?? [])].find(
    ({ role, topicName }) => role.kind === 'leader' && topicName === 't1',
  );
  return hosted?.log ?? undefined;
}

function appendOne(log: PartitionLog): void {
  const records = [{ key: null, value: Buffer.from('one'), timestamp: 0 }];
  log.appendAsLeader(encodeBatch({ records }), { leaderEpoch: log.latestEpoch() ?? 0, nowMs: 0 });
}
