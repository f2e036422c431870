/**
 * The records of `__consumer_offsets`, to and from bytes, in the versions that Kafka 4.3 writes.
 *
 * A key is an int16 record type and a body of version 0; a value is an int16 version and a body of that version
 * (Kafka's GroupCoordinatorRecordSerde). `kafka-dump-log.sh --offsets-decoder` reads them.
 */
import { assert, expectDefined } from '@jackdaw/base';
import {
  decodeBody,
  encodeBody,
  groupMetadataKey,
  groupMetadataValue,
  type GroupMetadataValue,
  legacyOffsetCommitKey,
  legacyOffsetCommitValue,
  type MessageSchema,
  offsetCommitKey,
  offsetCommitValue,
  ProtocolError,
  zeroUuid,
} from '@jackdaw/protocol';
import type { ClassicGroup } from './classic/group.ts';
import { metadataFor } from './classic/member.ts';
import type { CommittedOffset, OffsetKey } from './offsets/offset-store.ts';
import type { CoordinatorRecord } from './types.ts';

const recordTypes = { legacyOffsetCommit: 0, offsetCommit: 1, groupMetadata: 2 } as const;
const groupMetadataVersion = 3;
const offsetCommitVersion = 4;
/** The only version with an expiry time of its own, for requests that still give a retention. */
const expiringOffsetCommitVersion = 1;
const prefixBytes = 2;

export function offsetCommitRecord(key: OffsetKey, value: CommittedOffset | null): CoordinatorRecord {
  const encodedKey = withPrefix(
    recordTypes.offsetCommit,
    encodeBody(offsetCommitKey, 0, { group: key.groupId, topic: key.topic, partition: key.partition }),
  );
  if (value === null) return { key: encodedKey, value: null };
  const version = value.expireTimestampMs === -1 ? offsetCommitVersion : expiringOffsetCommitVersion;
  const body = encodeBody(offsetCommitValue, version, {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitTimestamp: value.commitTimestampMs,
    expireTimestamp: value.expireTimestampMs,
    topicId: value.topicId,
  });
  return { key: encodedKey, value: withPrefix(version, body) };
}

/** The group as it is, with these assignments by member id. */
export function groupMetadataRecord(group: ClassicGroup, assignments: ReadonlyMap<string, Uint8Array>): CoordinatorRecord {
  const members = Array.from(group.members.values(), (member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    rebalanceTimeout: member.rebalanceTimeoutMs,
    sessionTimeout: member.sessionTimeoutMs,
    subscription: expectDefined(
      group.protocolName === null ? null : metadataFor(member, group.protocolName),
      `group ${group.groupId} has members but no common protocol to write`,
    ),
    assignment: expectDefined(assignments.get(member.memberId), `member ${member.memberId} written without an assignment`),
  }));
  return groupRecord(group.groupId, {
    protocolType: group.protocolType ?? '',
    generation: group.generationId,
    protocol: group.protocolName,
    leader: group.leaderId,
    currentStateTimestamp: group.stateTimestampMs ?? -1,
    members,
  });
}

/** What makes a group last before it has a first generation. */
export function newGroupRecord(group: ClassicGroup): CoordinatorRecord {
  return groupRecord(group.groupId, {
    protocolType: '',
    generation: 0,
    protocol: null,
    leader: null,
    currentStateTimestamp: group.stateTimestampMs ?? -1,
    members: [],
  });
}

export function groupTombstone(groupId: string): CoordinatorRecord {
  return { key: groupKey(groupId), value: null };
}

function groupRecord(groupId: string, value: GroupMetadataValue): CoordinatorRecord {
  const body = encodeBody(groupMetadataValue, groupMetadataVersion, value);
  return { key: groupKey(groupId), value: withPrefix(groupMetadataVersion, body) };
}

function groupKey(groupId: string): Uint8Array {
  return withPrefix(recordTypes.groupMetadata, encodeBody(groupMetadataKey, 0, { group: groupId }));
}

function withPrefix(prefix: number, body: Uint8Array): Uint8Array {
  assert(prefix >= 0 && prefix < 0x100, 'record types and versions of the group coordinator are small');
  const bytes = new Uint8Array(prefixBytes + body.length);
  bytes[1] = prefix;
  bytes.set(body, prefixBytes);
  return bytes;
}

/** What a record of the log says. */
export type DecodedRecord =
  | { readonly kind: 'offset'; readonly key: OffsetKey; readonly value: CommittedOffset | null }
  | { readonly kind: 'group'; readonly groupId: string; readonly value: GroupMetadataValue | null }
  | { readonly kind: 'unknown'; readonly recordType: number };

/** Throws ProtocolError for bytes that are no such record. Byte fields are views of `value`. */
export function decodeRecord(key: Uint8Array, value: Uint8Array | null): DecodedRecord {
  const recordType = prefixOf(key);
  switch (recordType) {
    case recordTypes.legacyOffsetCommit: {
      const { group, topic, partition } = decodeBody(legacyOffsetCommitKey, 0, key.subarray(prefixBytes));
      return { kind: 'offset', key: { groupId: group, topic, partition }, value: value === null ? null : legacyOffsetOf(value) };
    }
    case recordTypes.offsetCommit: {
      const { group, topic, partition } = decodeBody(offsetCommitKey, 0, key.subarray(prefixBytes));
      return { kind: 'offset', key: { groupId: group, topic, partition }, value: value === null ? null : offsetOf(value) };
    }
    case recordTypes.groupMetadata: {
      const { group } = decodeBody(groupMetadataKey, 0, key.subarray(prefixBytes));
      return { kind: 'group', groupId: group, value: value === null ? null : groupOf(value) };
    }
    default:
      return { kind: 'unknown', recordType };
  }
}

function legacyOffsetOf(bytes: Uint8Array): CommittedOffset {
  const value = decodeValue(legacyOffsetCommitValue, bytes);
  return {
    offset: value.offset,
    leaderEpoch: -1,
    metadata: value.metadata,
    commitTimestampMs: value.commitTimestamp,
    expireTimestampMs: -1,
    topicId: zeroUuid,
  };
}

function offsetOf(bytes: Uint8Array): CommittedOffset {
  const value = decodeValue(offsetCommitValue, bytes);
  return {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitTimestampMs: value.commitTimestamp,
    expireTimestampMs: value.expireTimestamp,
    topicId: value.topicId,
  };
}

/** Members that are one and the same would break the group that is made of them. */
function groupOf(bytes: Uint8Array): GroupMetadataValue {
  const value = decodeValue(groupMetadataValue, bytes);
  const memberIds = value.members.map(({ memberId }) => memberId);
  const instanceIds = value.members.map(({ groupInstanceId }) => groupInstanceId).filter((id) => id !== null);
  for (const ids of [memberIds, instanceIds]) {
    if (new Set(ids).size !== ids.length) throw new ProtocolError('a group record names a member twice');
  }
  return value;
}

function decodeValue<B, D>(schema: MessageSchema<B, D>, bytes: Uint8Array): B {
  return decodeBody(schema, prefixOf(bytes), bytes.subarray(prefixBytes));
}

function prefixOf(bytes: Uint8Array): number {
  if (bytes.length < prefixBytes) throw new ProtocolError('a coordinator record without its int16 prefix');
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt16(0);
}
