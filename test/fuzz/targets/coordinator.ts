/**
 * Records of `__consumer_offsets`, which a broker reads when it becomes the coordinator: whatever they say, the shard loads or
 * refuses the record with ProtocolError; then it answers, goes through time, and writes a snapshot that can be loaded too.
 */
import type { Prng } from '@jackdaw/base';
import { defaultGroupConfig, GroupShard, type CoordinatorRecord, type RequestContext } from '@jackdaw/coordinator';
import {
  consumerProtocolSubscription,
  encodeBody,
  groupMetadataKey,
  groupMetadataValue,
  legacyOffsetCommitValue,
  offsetCommitKey,
  offsetCommitValue,
  ProtocolError,
  type MessageSchema,
} from '@jackdaw/protocol';
import type { Field } from '../engine/fields.ts';
import { kafkaFields } from '../engine/kafka-fields.ts';
import { int16, lengthPrefixed, partsMutator } from '../engine/parts.ts';
import { expect, type Outcome, type Target } from '../engine/target.ts';

const now = { nowMs: 1_000, wallMs: 1_700_000_000_000, trustedWallMs: 1_700_000_000_000 };
const context: RequestContext = { ...now, clientId: 'c', clientHost: '/1.2.3.4', apiVersion: 5 };
const maxRecords = 16;

function newShard(): GroupShard {
  let uuids = 0;
  return new GroupShard({
    config: defaultGroupConfig,
    newUuid: () => `u${++uuids}`,
    append: (_records, onResult) => onResult(0),
    topics: { topicIdOf: () => null, topicNameOf: () => null, hasPartition: () => true },
    onEvent: () => undefined,
  });
}

/** Keys and values by turns, each behind its length; an empty value is a tombstone. */
function load(input: Uint8Array): Outcome {
  const shard = newShard();
  const parts = lengthPrefixed.split(input).slice(0, maxRecords * 2);
  let loaded = 0;
  for (let i = 0; i < parts.length; i += 2) {
    const value = parts[i + 1];
    try {
      shard.replay(parts[i] as Uint8Array, value === undefined || value.length === 0 ? null : value);
      loaded++;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  }
  shard.onLoaded(now);
  live(shard);
  expectSnapshot(shard);
  return loaded > 0 ? 'accepted' : 'refused';
}

/** A coordinator's day: it is asked what it has, sessions run out, offsets expire. */
function live(shard: GroupShard): void {
  const { groups } = shard.listGroups({ statesFilter: [], typesFilter: [] }, context);
  const ids = groups.map(({ groupId }) => groupId);
  for (const group of shard.describeGroups(ids, context)) {
    expect(group.errorCode === 0, `the listed group ${group.groupId} is described with error ${group.errorCode}`);
    for (const { memberId } of group.members.slice(0, 3)) {
      shard.heartbeat({ groupId: group.groupId, generationId: 1, memberId, groupInstanceId: null }, context, () => undefined);
    }
  }
  const pending = shard.counts().pendingAppends;
  expect(pending === 0, `${pending} appends wait although each was committed`);
  for (const laterMs of [7_000, 60_000, 2_000_000, 700_000_000]) {
    const wallMs = now.wallMs + laterMs;
    shard.tick({ nowMs: now.nowMs + laterMs, wallMs, trustedWallMs: wallMs });
  }
}

function expectSnapshot(shard: GroupShard): void {
  const again = newShard();
  for (const { key, value } of shard.snapshotRecords()) again.replay(key, value);
  again.onLoaded(now);
  const counts = shard.counts();
  expect(again.counts().offsets === counts.offsets, 'a snapshot has all offsets');
}

/** A value: its version, then a body of that version. */
function valueOf(version: number, schema: MessageSchema, draft: unknown): Uint8Array {
  return Buffer.concat([int16(version), encodeBody(schema, version, draft)]);
}

/** A key: the type of the record, then a body of version 0. */
function keyOf(recordType: number, schema: MessageSchema, draft: unknown): Uint8Array {
  return Buffer.concat([int16(recordType), encodeBody(schema, 0, draft)]);
}

function records(): CoordinatorRecord[] {
  const key = keyOf(1, offsetCommitKey, { group: 'g', topic: 'orders', partition: 1 });
  const offset = { offset: 5, leaderEpoch: 1, metadata: 'm', commitTimestamp: now.wallMs, expireTimestamp: -1, topicId: null };
  const versions = [1, 2, 3, 4].map((version) =>
    valueOf(version, offsetCommitValue, { ...offset, topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' }),
  );
  const subscription = valueOf(0, consumerProtocolSubscription, { topics: ['orders'], userData: null });
  const member = {
    memberId: 'member-1',
    groupInstanceId: null,
    clientId: 'c',
    clientHost: '/h',
    rebalanceTimeout: 10_000,
    sessionTimeout: 10_000,
    subscription,
    assignment: new Uint8Array(8),
  };
  const members = [member, { ...member, memberId: 'member-2', groupInstanceId: 'static' }];
  const group = {
    protocolType: 'consumer',
    generation: 3,
    protocol: 'range',
    leader: 'member-1',
    currentStateTimestamp: now.wallMs,
  };
  const groupKey = keyOf(2, groupMetadataKey, { group: 'g' });
  return [
    ...versions.map((value) => ({ key, value })),
    { key, value: null },
    { key: Buffer.concat([int16(0), key.subarray(2)]), value: valueOf(0, legacyOffsetCommitValue, { ...offset }) },
    ...[0, 1, 2, 3].map((version) => ({ key: groupKey, value: valueOf(version, groupMetadataValue, { ...group, members }) })),
    { key: groupKey, value: valueOf(3, groupMetadataValue, { ...group, protocol: null, leader: null, members: [] }) },
    { key: groupKey, value: null },
    { key: int16(7), value: new Uint8Array(3) },
  ];
}

function seeds(_prng: Prng): Uint8Array[] {
  const parts = records().map(({ key, value }) => [key, value ?? new Uint8Array(0)]);
  return [...parts, parts.flat()].map((list) => lengthPrefixed.join(list));
}

/** A part is a key or a value; its first two bytes say which of several. */
function fieldsOf(part: Uint8Array): Field[] {
  if (part.length < 2) return [];
  const first = Buffer.from(part).readInt16BE(0);
  const head: Field = { start: 0, end: 2, form: 'fixed', contentBytes: -1, bias: 0 };
  const candidates = [
    kafkaFields(groupMetadataValue, Math.min(Math.max(first, 0), 3), { bytes: part, start: 2 }),
    kafkaFields(offsetCommitValue, Math.min(Math.max(first, 0), 4), { bytes: part, start: 2 }),
    kafkaFields(first === 2 ? groupMetadataKey : offsetCommitKey, 0, { bytes: part, start: 2 }),
  ];
  // The one that reaches the part's end is what it is.
  const exact = candidates.find((fields) => {
    const last = fields.at(-1);
    return last !== undefined && last.end + Math.max(0, last.contentBytes) === part.length;
  });
  return [head, ...(exact ?? candidates[0] ?? [])];
}

export const coordinatorTargets: readonly Target[] = [
  {
    name: 'coordinator-records',
    what: 'records of __consumer_offsets, loaded by a coordinator that then lives on',
    seeds,
    run: load,
    mutate: partsMutator({ ...lengthPrefixed, fieldsOf }),
    words: ['member-1', 'member-2', 'consumer', 'range', 'orders', '__proto__'],
    maxInputBytes: 4_096,
    cost: 3,
  },
];
