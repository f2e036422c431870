/**
 * Of which deletions the simulator says that the records may be read again, and of which not.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calmPlan } from '../../src/cluster/draw-plan.ts';
import { whatIsNotAtRest } from '../../src/cluster/at-rest.ts';
import type { RunPlan } from '../../src/cluster/plan.ts';
import { heal } from '../../src/faults/heal.ts';
import { leadershipOf } from '../../src/workload/leaders.ts';
import { Deletion } from '../../src/workload/deletion.ts';
import { withSmallCluster, type Replica, type SmallCluster } from '../checks/small-cluster.ts';

const topic = { name: 't1', partitions: 1, replicationFactor: 3, minInsyncReplicas: 3, configs: {} };
const plan: RunPlan = { ...calmPlan(1), topics: [topic] };

function isolate({ cluster }: SmallCluster, { node: { id, host } }: Replica): void {
  for (const other of cluster.nodes) {
    if (other.id === id) continue;
    cluster.world.network.shut(host, other.host);
    cluster.world.network.shut(other.host, host);
  }
}

function deleteOn({ log, hosted }: Replica, offset: number): void {
  log.advanceLogStartOffset(offset, hosted.highWatermark);
  hosted.notifyLogStart();
}

function until(small: SmallCluster, what: string, isSo: () => boolean): void {
  small.run(30_000, isSo);
  assert.ok(isSo(), what);
}

test('B14: deleted records may come back on a fenced member of the ELR that has them, and on no live replica', () =>
  withSmallCluster((small) => {
    const { cluster } = small;
    const [leader, ...followers] = small.replicas;
    const away = followers.find(({ node }) => node !== cluster.controller) as Replica;
    const elrOf = (): readonly number[] => cluster.image?.topicByName('t1')?.partitions.get(0)?.elr ?? [];
    isolate(small, away);
    const deletion = new Deletion(cluster, 't1', 0);
    deleteOn(leader, 1);
    assert.equal(deletion.mayComeBack(1), false, 'a leader waits for live replicas');
    until(small, 'the lost one is eligible', () => elrOf().includes(away.node.id));
    until(small, 'the leader knows', () => leader.node.services?.image().brokers.get(away.node.id)?.fenced === true);
    assert.equal(deletion.mayComeBack(1), true, 'fenced while it was waited for');
    assert.equal(deletion.mayComeBack(0), false, 'the lost one begins there');
    assert.equal(deletion.mayComeBack(2), false, 'nobody has deleted so much');
    heal(cluster);
    until(small, 'all is at rest again', () => whatIsNotAtRest(cluster) === null);
    assert.equal(deletion.mayComeBack(1), false, 'it has heard of the start');
  }, plan));

test('B14: a leader that was replaced and does not know it has to wait for those that it takes for live', () =>
  withSmallCluster((small) => {
    const { cluster } = small;
    const [leader] = small.replicas;
    isolate(small, leader);
    const deletion = new Deletion(cluster, 't1', 0);
    until(small, 'another one leads', () => leadershipOf(cluster, 't1', 0)?.nodeId !== leader.node.id);
    assert.equal(leader.hosted.role.kind, 'leader');
    deleteOn(leader, 1);
    assert.equal(deletion.mayComeBack(1), false);
  }, plan));
