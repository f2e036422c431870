/** The image of the metadata and its deltas: replayed entries, snapshots, epochs, and topics that go and come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError } from '@jackdaw/base';
import {
  decodeSnapshot,
  encodeSnapshot,
  MetadataDelta,
  MetadataImage,
  partitionChange,
  type MetadataRecord,
  type PartitionRecord,
} from '../src/index.ts';
import { contentsOf, TestController, testUuid } from './fixtures.ts';

const topicId = testUuid('T', 1);
const topicRecord: MetadataRecord = { type: 'topic', name: 'a.b', topicId };

function partitionRecord(fields: Partial<PartitionRecord> = {}): PartitionRecord {
  return {
    type: 'partition',
    partitionId: 0,
    topicId,
    replicas: [1, 2, 3],
    isr: [1, 2, 3],
    removingReplicas: [],
    addingReplicas: [],
    leader: 1,
    leaderRecoveryState: 0,
    leaderEpoch: 0,
    partitionEpoch: 0,
    directories: [],
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
    ...fields,
  };
}

function imageOf(...records: readonly MetadataRecord[]): MetadataImage {
  return MetadataImage.fromRecords(records, { index: 1, term: 1 });
}

test('B17: an entry is applied once: the same or an older index is refused and changes nothing', () => {
  const image = new MetadataImage();
  image.applyEntry({ index: 4, term: 1, records: [topicRecord] });
  for (const index of [4, 3]) {
    const again = {
      index,
      term: 1,
      records: [{ type: 'producerIds', brokerId: 1, brokerEpoch: 1, nextProducerId: 1000 }] as const,
    };
    assert.throws(() => image.applyEntry(again), InvariantError);
  }
  assert.equal(image.nextProducerId, 0);
  assert.equal(image.appliedIndex, 4);
});

test('B17: a snapshot carries index, term and contents together', () => {
  const { committed } = controllerWithEverything();
  const at = { index: committed.appliedIndex, term: committed.appliedTerm };
  const restored = decodeSnapshot(encodeSnapshot(committed), at);
  assert.deepEqual(contentsOf(restored), contentsOf(committed));
});

test('a change raises the partition epoch, and the leader epoch when it names a leader', () => {
  const image = imageOf(topicRecord, partitionRecord());
  image.replay(partitionChange(topicId, 0, { isr: [1, 2] }));
  assert.deepEqual(epochsOf(image), [0, 1]);
  image.replay(partitionChange(topicId, 0, { leader: 1 }));
  assert.deepEqual(epochsOf(image), [1, 2]);
});

test('a record that breaks an invariant of partitions crashes the replay', () => {
  const broken = [
    partitionChange(topicId, 0, { leader: 9 }),
    partitionChange(topicId, 0, { isr: [2, 3] }),
    partitionChange(topicId, 0, { isr: [1, 9] }),
    partitionChange(topicId, 0, { eligibleLeaderReplicas: [2] }),
    partitionChange(topicId, 1, { isr: [1] }),
    partitionRecord({ replicas: [1, 1], isr: [1] }),
    topicRecord,
  ];
  for (const record of broken) {
    const image = imageOf(topicRecord, partitionRecord());
    assert.throws(() => image.replay(record), InvariantError);
  }
});

test('removing a topic removes its configuration, and its name may collide no more', () => {
  const config: MetadataRecord = { type: 'config', resourceType: 2, resourceName: 'a.b', name: 'retention.ms', value: '5' };
  const image = imageOf(topicRecord, config, partitionRecord());
  assert.equal(image.collidingTopic('a_b'), 'a.b');
  image.replay({ type: 'removeTopic', topicId });
  assert.equal(image.collidingTopic('a_b'), null);
  assert.equal(image.overridesOf(2, 'a.b').size, 0);
  assert.equal(image.topicByName('a.b'), null);
});

test('the delta tells each thing once, with the state before the first and after the last change', () => {
  const image = imageOf(topicRecord, partitionRecord());
  const delta = new MetadataDelta();
  image.replay(partitionChange(topicId, 0, { isr: [1, 2] }), delta);
  image.replay(partitionChange(topicId, 0, { isr: [1], leader: 1 }), delta);
  const [change, ...others] = [...delta.partitions()];
  assert.equal(others.length, 0);
  assert.deepEqual([change?.before?.isr, change?.after.isr, change?.after.leaderEpoch], [[1, 2, 3], [1], 1]);
});

test('a topic deleted in the stretch is told with the partitions that a publisher knows, one created in it not at all', () => {
  const image = imageOf(topicRecord, partitionRecord());
  const delta = new MetadataDelta();
  const other = testUuid('T', 2);
  image.replay(partitionChange(topicId, 0, { isr: [1] }), delta);
  image.replay(partitionRecord({ partitionId: 1 }), delta);
  image.replay({ type: 'removeTopic', topicId }, delta);
  image.replay({ type: 'topic', name: 'short', topicId: other }, delta);
  image.replay({ type: 'removeTopic', topicId: other }, delta);
  assert.deepEqual([...delta.deletedTopics.keys()], [topicId]);
  const deleted = delta.deletedTopics.get(topicId);
  assert.deepEqual([...(deleted?.partitions.keys() ?? [])], [0]);
  assert.deepEqual(deleted?.partitions.get(0)?.isr, [1, 2, 3]);
  assert.equal([...delta.partitions()].length, 0);
  assert.equal(delta.createdTopics.size, 0);
});

test('A25: a topic that is deleted and created again within a stretch is two topics', () => {
  const image = imageOf(topicRecord, partitionRecord());
  const delta = new MetadataDelta();
  image.replay({ type: 'removeTopic', topicId }, delta);
  image.replay({ type: 'topic', name: 'a.b', topicId: testUuid('T', 2) }, delta);
  assert.deepEqual([...delta.deletedTopics.keys()], [topicId]);
  assert.deepEqual([...delta.createdTopics], [[testUuid('T', 2), 'a.b']]);
});

test('C4: producer ids never go back', () => {
  const image = imageOf({ type: 'producerIds', brokerId: 1, brokerEpoch: 1, nextProducerId: 2000 });
  for (const nextProducerId of [1000, 2000]) {
    assert.throws(() => image.replay({ type: 'producerIds', brokerId: 1, brokerEpoch: 1, nextProducerId }), InvariantError);
  }
});

test('a clone and its original do not share anything that changes', () => {
  const image = imageOf(topicRecord, partitionRecord());
  const records = image.toRecords();
  const clone = image.clone();
  clone.replay(partitionChange(topicId, 0, { isr: [1] }));
  clone.replay({ type: 'config', resourceType: 2, resourceName: 'a.b', name: 'x', value: 'y' });
  clone.replay({ type: 'removeTopic', topicId });
  assert.deepEqual(image.toRecords(), records);
});

test('names that are special to JavaScript are ordinary names of topics and configurations', () => {
  const image = new MetadataImage();
  for (const [i, name] of ['__proto__', 'constructor', 'toString'].entries()) {
    assert.equal(image.topicByName(name), null);
    image.replay({ type: 'topic', name, topicId: testUuid('T', i) });
    image.replay({ type: 'config', resourceType: 2, resourceName: name, name, value: 'v' });
    assert.equal(image.overridesOf(2, name).get(name), 'v');
    assert.equal(image.topicByName(name)?.name, name);
  }
});

function epochsOf(image: MetadataImage): [number, number] {
  const partition = image.partition(topicId, 0);
  return [partition?.leaderEpoch ?? -1, partition?.partitionEpoch ?? -1];
}

function controllerWithEverything(): TestController {
  const cluster = TestController.withBrokers([1, 2, 3]);
  cluster.createTopic(
    't',
    [
      [1, 2, 3],
      [2, 3, 1],
    ],
    [['min.insync.replicas', '2']],
  );
  cluster.createTopic('u', [[3]]);
  cluster.nowMs = 9_001;
  cluster.heartbeat(1);
  cluster.tick();
  cluster.handle(67, { brokerId: 1, brokerEpoch: cluster.epochOf(1) });
  return cluster;
}
