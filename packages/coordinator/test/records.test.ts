/**
 * Records byte by byte: Kafka's tools and brokers read them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBody, groupMetadataValue, ProtocolError, zeroUuid } from '@jackdaw/protocol';
import { ClassicGroup } from '../src/classic/group.ts';
import { Deadlines } from '../src/deadlines.ts';
import { decodeRecord, groupTombstone, newGroupRecord, offsetCommitRecord } from '../src/records.ts';

const key = { groupId: 'g', topic: 'tp', partition: 3 };
const value = { offset: 5, leaderEpoch: 2, metadata: 'm', commitTimestampMs: 256, expireTimestampMs: -1, topicId: zeroUuid };

const hex = (bytes: Uint8Array | null): string => (bytes === null ? 'null' : Buffer.from(bytes).toString('hex'));

test('an offset is written as key 1 and value version 4', () => {
  const record = offsetCommitRecord(key, value);
  assert.equal(hex(record.key), `0001${'000167'}${'00027470'}00000003`);
  assert.equal(hex(record.value), `0004${'0000000000000005'}00000002${'026d'}${'0000000000000100'}00`);
  assert.deepEqual(decodeRecord(record.key, record.value), { kind: 'offset', key, value });
});

test('a topic id is a tagged field of the value', () => {
  const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ';
  const record = offsetCommitRecord(key, { ...value, topicId });
  assert.equal(hex(record.value).slice(-38), `010010${'00000000000000000000000000000001'}`);
  assert.deepEqual(decodeRecord(record.key, record.value), { kind: 'offset', key, value: { ...value, topicId } });
});

test('an offset with an expiry of its own is written as version 1, which knows no leader epoch', () => {
  const record = offsetCommitRecord(key, { ...value, expireTimestampMs: 512 });
  assert.equal(hex(record.value), `0001${'0000000000000005'}${'00016d'}${'0000000000000100'}${'0000000000000200'}`);
});

test('an offset commit of the oldest format is read', () => {
  const legacyKey = Buffer.from(`0000${'000167'}${'00027470'}00000003`, 'hex');
  const legacyValue = Buffer.from(`0000${'0000000000000005'}${'00016d'}${'0000000000000100'}`, 'hex');
  assert.deepEqual(decodeRecord(legacyKey, legacyValue), { kind: 'offset', key, value: { ...value, leaderEpoch: -1 } });
});

test('a new group is written as key 2 and value version 3', () => {
  const group = new ClassicGroup({ groupId: 'g', wallMs: 256, deadlines: new Deadlines() });
  const record = newGroupRecord(group);
  assert.equal(hex(record.key), '0002000167');
  assert.equal(hex(record.value), `0003${'0000'}00000000${'ffff'}${'ffff'}${'0000000000000100'}00000000`);
  assert.deepEqual(decodeRecord(groupTombstone('g').key, null), { kind: 'group', groupId: 'g', value: null });
});

test('records of other coordinators are told apart, and garbage is refused', () => {
  assert.deepEqual(decodeRecord(Uint8Array.of(0, 3, 0, 1, 103), null), { kind: 'unknown', recordType: 3 });
  assert.throws(() => decodeRecord(Uint8Array.of(0), null), ProtocolError);
  assert.throws(() => decodeRecord(Uint8Array.of(0, 2, 0, 9), null), ProtocolError);
  assert.throws(() => decodeRecord(groupTombstone('g').key, Uint8Array.of(0, 9)), ProtocolError);
});

test('a group that names a member twice, by its id or as an instance, is no group', () => {
  const member = {
    memberId: 'm1',
    groupInstanceId: 'i1',
    clientId: 'c',
    clientHost: '/h',
    rebalanceTimeout: 1,
    sessionTimeout: 1,
    subscription: new Uint8Array(0),
    assignment: new Uint8Array(0),
  };
  const record = (second: object): Uint8Array => {
    const members = [member, { ...member, ...second }];
    const group = { protocolType: 'consumer', generation: 1, protocol: 'range', leader: 'm1', currentStateTimestamp: 1, members };
    return Buffer.concat([Uint8Array.of(0, 3), encodeBody(groupMetadataValue, 3, group)]);
  };
  const groupKey = groupTombstone('g').key;
  assert.equal(decodeRecord(groupKey, record({ memberId: 'm2', groupInstanceId: null })).kind, 'group');
  assert.throws(() => decodeRecord(groupKey, record({ groupInstanceId: null })), ProtocolError);
  assert.throws(() => decodeRecord(groupKey, record({ memberId: 'm2' })), ProtocolError);
});
