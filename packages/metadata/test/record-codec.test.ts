/** Records of the metadata log as bytes: the form is Kafka's, and foreign or cut ones are refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  brokerRegistrationChange,
  decodeRecord,
  decodeRecordBatch,
  encodeRecord,
  encodeRecordBatch,
  MetadataFormatError,
  partitionChange,
  type MetadataRecord,
} from '../src/index.ts';
import { testUuid } from './fixtures.ts';

const everyType: readonly MetadataRecord[] = [
  {
    type: 'registerBroker',
    brokerId: 1,
    isMigratingZkBroker: false,
    incarnationId: testUuid('I', 1),
    brokerEpoch: 2 ** 40,
    endPoints: [{ name: 'PLAINTEXT', host: 'ahoj', port: 65_535, securityProtocol: 0 }],
    features: [{ name: 'metadata.version', minSupportedVersion: 7, maxSupportedVersion: 30 }],
    rack: null,
    fenced: true,
    inControlledShutdown: false,
    logDirs: [testUuid('D', 1)],
    cordonedLogDirs: [],
  },
  { type: 'unregisterBroker', brokerId: 1, brokerEpoch: 5 },
  { type: 'topic', name: 'foo', topicId: testUuid('T', 1) },
  {
    type: 'partition',
    partitionId: 0,
    topicId: testUuid('T', 1),
    replicas: [1, 2],
    isr: [1],
    removingReplicas: [],
    addingReplicas: [],
    leader: 1,
    leaderRecoveryState: 1,
    leaderEpoch: 3,
    partitionEpoch: 4,
    directories: [testUuid('D', 1), testUuid('D', 2)],
    eligibleLeaderReplicas: [2],
    lastKnownElr: null,
  },
  { type: 'config', resourceType: 2, resourceName: 'foo', name: 'retention.ms', value: null },
  partitionChange(testUuid('T', 1), 0, { isr: [], leader: -1, lastKnownElr: [1] }),
  { type: 'fenceBroker', id: 1, epoch: 2 },
  { type: 'unfenceBroker', id: 1, epoch: 2 },
  { type: 'removeTopic', topicId: testUuid('T', 1) },
  { type: 'featureLevel', name: 'group.version', featureLevel: 1 },
  { type: 'producerIds', brokerId: 1, brokerEpoch: 2, nextProducerId: 3000 },
  brokerRegistrationChange(1, 2, { fenced: -1, cordonedLogDirs: [testUuid('D', 1)] }),
  { type: 'noOp' },
  { type: 'clearElr', topicName: '' },
];

test('every type of record survives encoding and decoding, alone and in an entry', () => {
  for (const record of everyType) assert.deepEqual(decodeRecord(encodeRecord(record)), record);
  assert.deepEqual(decodeRecordBatch(encodeRecordBatch(everyType)), everyType);
  assert.deepEqual(decodeRecordBatch(encodeRecordBatch([])), []);
});

test('a record has the bytes that MetadataRecordSerde of Kafka gives it', () => {
  const bytes = encodeRecord({ type: 'topic', name: 'foo', topicId: `${'A'.repeat(21)}Q` });
  const expected = [1, 2, 0, 4, 0x66, 0x6f, 0x6f, ...Array.from({ length: 15 }, () => 0), 1, 0];
  assert.deepEqual([...bytes], expected);
});

test('F15: an entry of another format, and a record of an unknown frame, type or version, refuse to be read', () => {
  const refused = (bytes: readonly number[], message: RegExp): void => {
    assert.throws(
      () => decodeRecord(Uint8Array.from(bytes)),
      (error) => error instanceof MetadataFormatError && message.test(error.message),
    );
  };
  refused([0, 2, 0], /frame version 0/);
  refused([1, 99, 0], /type 99/);
  refused([1, 2, 1], /version 1 of the metadata record topic/);
  refused([1, 2, 0, 4], /cannot be read/);
  refused([1, 20, 0, 0, 7], /cannot be read/);
  assert.throws(() => decodeRecordBatch(Uint8Array.of(2)), MetadataFormatError);
});

test('F15: an entry that was cut short is refused, never read in part', () => {
  const whole = encodeRecordBatch(everyType);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (length) => {
      try {
        const records = decodeRecordBatch(whole.subarray(0, length));
        // A cut between two records cannot be told from a shorter entry; Raft checks the length of entries.
        assert.deepEqual(records, everyType.slice(0, records.length));
      } catch (error) {
        assert.ok(error instanceof MetadataFormatError);
      }
    }),
  );
});
