/** What clients are told of brokers and partitions: who is alive, which leader they may use, which replicas are offline. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from '@jackdaw/protocol';
import { aliveBrokers, partitionStatus, type MetadataImage, type PartitionStatus } from '../../src/index.ts';
import { TestController } from '../fixtures.ts';

const listener = 'PLAINTEXT';

function statusOf(image: MetadataImage, topicName: string, listenerName = listener): PartitionStatus {
  const registration = image.topicByName(topicName)?.partitions.get(0);
  assert.ok(registration);
  return partitionStatus(image, registration, listenerName);
}

test('clients are told of brokers that are not fenced, in the order of their ids', () => {
  const cluster = TestController.withBrokers([2, 1, 3]);
  cluster.heartbeat(3, { wantFence: true });
  assert.deepEqual(aliveBrokers(cluster.committed, listener), [
    { brokerId: 1, host: 'host1', port: 9092, rack: null },
    { brokerId: 2, host: 'host2', port: 9092, rack: null },
  ]);
  assert.deepEqual(aliveBrokers(cluster.committed, 'OTHER'), []);
});

test('a partition without a live leader says LEADER_NOT_AVAILABLE and names its offline replicas', () => {
  const cluster = TestController.withBrokers([1, 2]);
  cluster.createTopic('t', [[1, 2]]);
  assert.deepEqual(statusOf(cluster.committed, 't'), {
    errorCode: ErrorCode.NONE,
    leaderId: 1,
    leaderEpoch: 0,
    replicas: [1, 2],
    isr: [1, 2],
    offlineReplicas: [],
  });
  cluster.heartbeat(1, { wantFence: true });
  assert.deepEqual(statusOf(cluster.committed, 't').offlineReplicas, [1]);
  cluster.heartbeat(2, { wantFence: true });
  const offline = statusOf(cluster.committed, 't');
  assert.deepEqual([offline.errorCode, offline.leaderId, offline.offlineReplicas], [ErrorCode.LEADER_NOT_AVAILABLE, -1, [1, 2]]);
});

test('a leader that does not have the listener is LISTENER_NOT_FOUND', () => {
  const cluster = TestController.withBrokers([1]);
  cluster.createTopic('t', [[1]]);
  assert.equal(statusOf(cluster.committed, 't', 'OTHER').errorCode, ErrorCode.LISTENER_NOT_FOUND);
});
