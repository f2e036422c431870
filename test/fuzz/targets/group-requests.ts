/**
 * A day of a group coordinator: requests of members, decoded as they come, time that passes, and appends that succeed, fail or
 * wait, on one shard. Each request is answered once at last, in bytes that its version can say; time never stands still; and
 * who replays what was appended has the same offsets as the shard itself (D1–D9).
 *
 * An input is messages behind their lengths. None: all waiting appends succeed. One byte: time passes, or from 250 on the
 * waiting appends fail. Else: key and version of an API as int16, then the body.
 */
import type { Prng } from '@jackdaw/base';
import {
  defaultGroupConfig,
  GroupShard,
  offsetFetchGroupsOf,
  offsetFetchResponseOf,
  type CoordinatorRecord,
  type Now,
  type RequestContext,
} from '@jackdaw/coordinator';
import { apiDefinitions, ApiKey, decodeBody, encodeBody, ProtocolError } from '@jackdaw/protocol';
import type * as messages from '@jackdaw/protocol';
import { RequestGenerator } from '../../hardening/request-generator.ts';
import type { Field } from '../engine/fields.ts';
import { kafkaFields } from '../engine/kafka-fields.ts';
import { int16, lengthPrefixed, partsMutator } from '../engine/parts.ts';
import { expect, type Outcome, type Target } from '../engine/target.ts';

const wallStartMs = 1_700_000_000_000;
const maxMessages = 24;
const failing = 250;
const notLeader = 6;

type OffsetFetchResponseGroup = messages.OffsetFetchResponse['groups'][number];

interface Append {
  readonly records: readonly CoordinatorRecord[];
  readonly onResult: (errorCode: number) => void;
}

type Answer = (response: unknown) => void;

/** A shard with its clock, its log and the requests that wait for their answers. */
class Day {
  readonly shard: GroupShard;
  readonly #appended: CoordinatorRecord[] = [];
  readonly #answers: { count: number; readonly apiKey: number }[] = [];
  #waiting: Append[] = [];
  #nowMs = 1_000;
  #hasFailed = false;

  constructor() {
    this.shard = newShard((records, onResult) => void this.#waiting.push({ records, onResult }));
    this.shard.onLoaded(this.#now());
  }

  #now(): Now {
    const wallMs = wallStartMs + this.#nowMs;
    return { nowMs: this.#nowMs, wallMs, trustedWallMs: wallMs };
  }

  /** Up to nine minutes; every deadline on the way has its tick. */
  pass(amount: number): void {
    this.#nowMs += 2 ** (amount % 20);
    for (let left = 200; this.shard.nextDeadlineMs() <= this.#nowMs; left--) {
      expect(left > 0, 'a deadline that is over comes again and again');
      this.shard.tick(this.#now());
    }
  }

  settle(errorCode: number): void {
    for (let left = 50; this.#waiting.length > 0; left--) {
      expect(left > 0, 'an append that is committed is always followed by another');
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const { records, onResult } of waiting) {
        if (errorCode === 0) this.#appended.push(...records);
        else this.#hasFailed = true;
        onResult(errorCode);
      }
    }
  }

  ask(apiKey: number, apiVersion: number, body: unknown): void {
    const definition = apiDefinitions.get(apiKey);
    if (definition === undefined) return;
    const asked = { count: 0, apiKey };
    this.#answers.push(asked);
    const answer: Answer = (response) => {
      asked.count++;
      expect(asked.count === 1, `API ${apiKey} is answered ${asked.count} times`);
      encodeBody(definition.response, apiVersion, response);
    };
    const context = { ...this.#now(), clientId: 'c', clientHost: '/1.2.3.4', apiVersion };
    dispatch(this.shard, { apiKey, body, context, answer });
  }

  end(): void {
    this.settle(0);
    this.pass(19);
    this.pass(19);
    this.settle(0);
    if (!this.#hasFailed) this.#expectReplayed();
    this.shard.onResigned();
    const silent = this.#answers.find(({ count }) => count !== 1);
    expect(silent === undefined, `API ${silent?.apiKey} is never answered`);
  }

  #expectReplayed(): void {
    const again = newShard(() => undefined);
    for (const { key, value } of this.#appended) again.replay(key, value);
    again.onLoaded(this.#now());
    expect(offsetsOf(again) === offsetsOf(this.shard), 'who replays the log has other offsets');
  }
}

function newShard(append: (records: readonly CoordinatorRecord[], onResult: (errorCode: number) => void) => void): GroupShard {
  let uuids = 0;
  return new GroupShard({
    config: { ...defaultGroupConfig, maxSize: 4, offsetMetadataMaxBytes: 64 },
    newUuid: () => `u${++uuids}`,
    append,
    topics: { topicIdOf: () => null, topicNameOf: () => null, hasPartition: (_name, partition) => partition < 4 },
    onEvent: () => undefined,
  });
}

function offsetsOf(shard: GroupShard): string {
  const lines = [...shard.committedOffsets()].map((offset) => JSON.stringify(offset));
  return lines.toSorted().join('\n');
}

interface Question {
  readonly apiKey: number;
  readonly body: unknown;
  readonly context: RequestContext;
  readonly answer: Answer;
}

/** As the broker's handlers do it. */
function dispatch(shard: GroupShard, { apiKey, body, context, answer }: Question): void {
  switch (apiKey) {
    case ApiKey.JoinGroup:
      return shard.joinGroup(body as messages.JoinGroupRequest, context, answer);
    case ApiKey.SyncGroup:
      return shard.syncGroup(body as messages.SyncGroupRequest, context, answer);
    case ApiKey.Heartbeat:
      return shard.heartbeat(body as messages.HeartbeatRequest, context, answer);
    case ApiKey.LeaveGroup:
      return shard.leaveGroup(body as messages.LeaveGroupRequest, context, answer);
    case ApiKey.OffsetCommit:
      return shard.offsetCommit(body as messages.OffsetCommitRequest, context, answer);
    case ApiKey.OffsetDelete:
      return shard.offsetDelete(body as messages.OffsetDeleteRequest, context, answer);
    case ApiKey.DescribeGroups: {
      const { groups } = body as messages.DescribeGroupsRequest;
      return answer({ groups: shard.describeGroups(groups, context) });
    }
    case ApiKey.ListGroups:
      return answer(shard.listGroups(body as messages.ListGroupsRequest, context));
    case ApiKey.DeleteGroups:
      return shard.deleteGroups((body as messages.DeleteGroupsRequest).groupsNames, context, (results) => answer({ results }));
    case ApiKey.OffsetFetch:
      return fetchOffsets(shard, { body: body as messages.OffsetFetchRequest, context, answer });
    default:
      answer({});
  }
}

function fetchOffsets(
  shard: GroupShard,
  { body, context, answer }: { body: messages.OffsetFetchRequest; context: RequestContext; answer: Answer },
): void {
  const wanted = offsetFetchGroupsOf(body, context.apiVersion).slice(0, 8);
  const answers: OffsetFetchResponseGroup[] = [];
  const onAnswer = (response: OffsetFetchResponseGroup): void => {
    answers.push(response);
    if (answers.length === wanted.length) answer(offsetFetchResponseOf(answers, context.apiVersion));
  };
  if (wanted.length === 0) answer(offsetFetchResponseOf([], context.apiVersion));
  for (const group of wanted) shard.offsetFetch({ group, requireStable: body.requireStable }, context, onAnswer);
}

const apiKeys = [
  ApiKey.OffsetCommit,
  ApiKey.OffsetFetch,
  ApiKey.JoinGroup,
  ApiKey.Heartbeat,
  ApiKey.LeaveGroup,
  ApiKey.SyncGroup,
  ApiKey.DescribeGroups,
  ApiKey.ListGroups,
  ApiKey.DeleteGroups,
  ApiKey.OffsetDelete,
];

function live(input: Uint8Array): Outcome {
  const day = new Day();
  let outcome: Outcome = 'refused';
  for (const part of lengthPrefixed.split(input).slice(0, maxMessages)) {
    if (part.length === 0) day.settle(0);
    else if (part.length === 1 && (part[0] as number) >= failing) day.settle(notLeader);
    else if (part.length === 1) day.pass(part[0] as number);
    else {
      const question = questionOf(part);
      if (question === null) continue;
      day.ask(question.apiKey, question.apiVersion, question.body);
      outcome = 'accepted';
    }
  }
  day.end();
  return outcome;
}

/** Null when the dispatcher would not hand it on. */
function questionOf(part: Uint8Array): { apiKey: number; apiVersion: number; body: unknown } | null {
  if (part.length < 4) return null;
  const given = Buffer.from(part.buffer, part.byteOffset, part.length);
  const apiKey = given.readInt16BE(0);
  const apiVersion = given.readInt16BE(2);
  const schema = apiDefinitions.get(apiKey)?.request;
  if (schema === undefined || !apiKeys.some((known) => known === apiKey)) return null;
  if (apiVersion < schema.versions[0] || apiVersion > schema.versions[1]) return null;
  try {
    return { apiKey, apiVersion, body: decodeBody(schema, apiVersion, part.subarray(4)) };
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

function messageOf(apiKey: number, apiVersion: number, body: unknown): Uint8Array | null {
  const schema = apiDefinitions.get(apiKey)?.request;
  if (schema === undefined) return null;
  try {
    return Buffer.concat([int16(apiKey), int16(apiVersion), encodeBody(schema, apiVersion, body)]);
  } catch (error) {
    // The generator drew something that this version cannot say.
    if (error instanceof ProtocolError || error instanceof TypeError) return null;
    throw error;
  }
}

/** Two members from their first join to a commit and their leave. */
function story(prng: Prng): Uint8Array[] {
  const group = { groupId: 'g', protocolType: 'consumer', protocolName: 'range', reason: null };
  const instance = prng.chance(0.5) ? 'static' : null;
  const join = (memberId: string, groupInstanceId: string | null): Uint8Array | null =>
    messageOf(ApiKey.JoinGroup, prng.chance(0.5) ? 9 : 5, {
      ...group,
      memberId,
      groupInstanceId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: prng.chance(0.3) ? 0 : 10_000,
      protocols: [{ name: 'range', metadata: Buffer.from([0, 0, 0, 0, 0, 1, 0, 1, 97, 255, 255, 255, 255]) }],
    });
  const sync = (memberId: string, groupInstanceId: string | null): Uint8Array | null =>
    messageOf(ApiKey.SyncGroup, 5, {
      ...group,
      generationId: 1,
      memberId,
      groupInstanceId,
      assignments: [{ memberId, assignment: Buffer.from('a') }],
    });
  const commit = messageOf(ApiKey.OffsetCommit, 7, {
    groupId: 'g',
    generationIdOrMemberEpoch: 1,
    memberId: 'c-u1',
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: [
      {
        name: 'orders',
        partitions: [{ partitionIndex: 0, committedOffset: 5, committedLeaderEpoch: -1, committedMetadata: 'm' }],
      },
    ],
  });
  const leave = messageOf(ApiKey.LeaveGroup, 5, {
    groupId: 'g',
    members: [{ memberId: 'c-u1', groupInstanceId: null, reason: null }],
  });
  const settle = new Uint8Array(0);
  const wait = Uint8Array.of(12);
  const parts = [
    join('', null),
    join('c-u1', null),
    join('', instance),
    wait,
    sync('c-u1', null),
    sync('c-u2', instance),
    settle,
    commit,
    settle,
    leave,
    Uint8Array.of(14),
  ];
  return parts.filter((part) => part !== null);
}

function seeds(prng: Prng): Uint8Array[] {
  const generator = new RequestGenerator(prng, {
    topics: new Map([['orders', 'AAAAAAAAAAAAAAAAAAAAAQ']]),
    memberIds: new Set(['c-u1', 'c-u2']),
    producerIds: new Set([7]),
    sessionIds: new Set([3]),
    generationIds: new Set([1]),
  });
  const drafted = apiKeys.flatMap((apiKey) => {
    const versions = apiDefinitions.get(apiKey)?.request.versions ?? [0, 0];
    const messagesOfApi = Array.from({ length: 6 }, (_, i) => {
      const version = versions[0] + (i % (versions[1] - versions[0] + 1));
      return messageOf(apiKey, version, generator.draft(apiKey, version));
    });
    return messagesOfApi.filter((message) => message !== null);
  });
  const stories = Array.from({ length: 6 }, () => story(prng));
  return [...stories, ...drafted.map((message) => [message, new Uint8Array(0)])].map((parts) => lengthPrefixed.join(parts));
}

function fieldsOf(part: Uint8Array): Field[] {
  if (part.length < 4) return [];
  const given = Buffer.from(part);
  const schema = apiDefinitions.get(given.readInt16BE(0))?.request;
  if (schema === undefined) return [];
  const version = Math.min(Math.max(given.readInt16BE(2), schema.versions[0]), schema.versions[1]);
  return kafkaFields(schema, version, { bytes: part, start: 4 });
}

const mutateParts = partsMutator({ ...lengthPrefixed, fieldsOf });

/** Now and then time, a settled or a failed append in between. */
const mutate: NonNullable<Target['mutate']> = (input, prng, other) => {
  if (prng.chance(0.75)) return mutateParts(input, prng, other);
  const parts = lengthPrefixed.split(input);
  const between = prng.chance(0.4) ? new Uint8Array(0) : Uint8Array.of(prng.chance(0.2) ? failing : prng.below(20));
  parts.splice(prng.below(parts.length + 1), 0, between);
  return lengthPrefixed.join(parts);
};

export const groupTargets: readonly Target[] = [
  {
    name: 'coordinator-requests',
    what: 'requests of group members on a live coordinator, with time and appends that fail',
    seeds,
    run: live,
    mutate,
    words: ['c-u1', 'c-u2', 'c-u3', 'static', 'g', 'range', 'consumer', 'orders', '__proto__'],
    maxInputBytes: 4_096,
    cost: 3,
    maxMs: 500,
  },
];
