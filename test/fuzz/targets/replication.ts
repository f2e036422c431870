/**
 * What brokers say to each other about partitions: a follower's messages to the leader's end of a stream, a leader's pushes to
 * the follower's end, and every other message of controller.proto and replication.proto as gRPC decodes it (F14).
 *
 * The leader's end has a partition of three batches, the follower's a real log on a disk in memory. A peer that lies may end
 * the stream or the fetch; it never makes an end throw, moves a high watermark past the log or puts a bad batch into it.
 */
import { ManualClock, Prng, type Scheduler } from '@jackdaw/base';
import {
  defaultLogConfig,
  LogFlusher,
  MemoryFs,
  OpenSegments,
  PartitionLog,
  readSmallFile,
  StorageError,
  TailCacheBudget,
  UnexpectedOffsetError,
} from '@jackdaw/log';
import {
  batchBaseOffset,
  batchLastOffset,
  batchSizeInBytes,
  CorruptRecordError,
  eachBatch,
  encodeBatch,
  isValidCrc,
} from '@jackdaw/protocol';
import { PartitionFollower, PartitionLeader, type PartitionState } from '@jackdaw/replication';
import { lengthPrefixed, partsMutator } from '../engine/parts.ts';
import { mutateProtobuf } from '../engine/protobuf.ts';
import { expect, type Outcome, type Target } from '../engine/target.ts';
import { internal } from '../internals.ts';
import { batchFields, nowMs, repairBatch, sampleRecords } from './batches.ts';
import type * as RpcServicesModule from '../../../packages/broker/src/rpc/services.ts';
import type * as ReplicaPushCodecModule from '../../../packages/broker/src/replica/push-codec.ts';
import type * as ReplicaFollowerStreamModule from '../../../packages/broker/src/replica/follower-stream.ts';
import type * as ReplicaLeaderLinkModule from '../../../packages/broker/src/replica/leader-link.ts';
import type * as ReplicaHostedPartitionModule from '../../../packages/broker/src/replica/hosted-partition.ts';

type FollowerMessage = RpcServicesModule.FollowerMessage;
type PartitionPush = ReplicaPushCodecModule.PartitionPush;

const { rpcMethods } = await internal<typeof RpcServicesModule>('broker/rpc/services');
const { decodePush, encodePush, PushDecodeError } = await internal<typeof ReplicaPushCodecModule>('broker/replica/push-codec');
const { FollowerStream } = await internal<typeof ReplicaFollowerStreamModule>('broker/replica/follower-stream');
const { LeaderLink } = await internal<typeof ReplicaLeaderLinkModule>('broker/replica/leader-link');
const { HostedPartition } = await internal<typeof ReplicaHostedPartitionModule>('broker/replica/hosted-partition');

const topicId = 'BBBBBBBBBBBBBBBBBBBBBA';
const maxMessages = 8;
const leaderEpoch = 3;

const batches = [0, 1, 2].map((index) => {
  const records = sampleRecords(2, new Prng(index));
  return encodeBatch({ records, baseOffset: index * 2, leaderEpoch: index === 0 ? 1 : leaderEpoch });
});
const logEndOffset = 6;

function stateOf(leader: number): PartitionState {
  return { leader, leaderEpoch, partitionEpoch: 4, replicas: [1, 2, 3], isr: [1, 2] };
}

/** Callbacks wait until they are run; time passes when it is told to. */
class ManualScheduler implements Scheduler {
  #waiting: (() => void)[] = [];

  setTimer(_delayMs: number, callback: () => void): { cancel: () => void } {
    this.#waiting.push(callback);
    return { cancel: () => (this.#waiting = this.#waiting.filter((waiting) => waiting !== callback)) };
  }

  defer(callback: () => void): void {
    this.#waiting.push(callback);
  }

  run(): void {
    for (let left = 4; left > 0 && this.#waiting.length > 0; left--) {
      const due = this.#waiting;
      this.#waiting = [];
      for (const callback of due) callback();
    }
  }
}

/** A leader's log in memory: three batches of two records. */
function leaderLog(): PartitionLog {
  const epochs = [
    { epoch: 1, end: 2 },
    { epoch: leaderEpoch, end: logEndOffset },
  ];
  const log = {
    logStartOffset: 0,
    logEndOffset,
    durableOffset: logEndOffset,
    latestEpoch: () => leaderEpoch,
    endOffsetForEpoch: (epoch: number) => {
      const known = epochs.findLast((entry) => entry.epoch <= epoch);
      return known === undefined ? { leaderEpoch: -1, endOffset: -1 } : { leaderEpoch: known.epoch, endOffset: known.end };
    },
    assignEpochStartOffset: () => undefined,
    producersAtStart: () => Promise.resolve({ offset: 0, snapshot: new Uint8Array(0) }),
    read: ({ fetchOffset }: { fetchOffset: number }) => {
      const index = Math.floor(fetchOffset / 2);
      const chunks = batches.slice(index);
      const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      if (index < 0 || index > batches.length) return { kind: 'outOfRange' };
      return {
        kind: 'data',
        chunks,
        sizeBytes,
        nextOffset: chunks.length === 0 ? fetchOffset : logEndOffset,
        startPositionOffset: index * 2,
      };
    },
  };
  return log as unknown as PartitionLog;
}

/** Messages of a follower, each behind its length; an empty one is a turn of the leader's event loop. */
async function lead(input: Uint8Array): Promise<Outcome> {
  const scheduler = new ManualScheduler();
  const clock = new ManualClock();
  const desired = { state: stateOf(1), isRecovering: false, isLost: false, isOnlyCandidate: false, directoryId: null };
  const hosted = new HostedPartition({ topicName: 'orders', topicId, partition: 0 }, desired);
  hosted.log = leaderLog();
  const config = {
    minInsyncReplicas: () => 1,
    replicaLagTimeMaxMs: () => 30_000,
    broker: (id: number) => (id <= 3 ? { brokerEpoch: 100 + id, isFenced: false, isShuttingDown: false } : undefined),
  };
  const leader = new PartitionLeader({ nodeId: 1, state: stateOf(1), log: hosted.log, highWatermark: 0, config, nowMs: 0 });
  hosted.changeRole({ kind: 'leader', leader });
  let isEnded = false;
  const stream = new FollowerStream({
    clusterId: 'cluster',
    clock,
    scheduler,
    readBytes: 1_000,
    pushBytes: 1_000,
    writer: {
      write: (pushes) => {
        expectPush(pushes);
        return true;
      },
      close: () => (isEnded = true),
    },
    find: (id, partition) => (id === topicId && partition === 0 ? hosted : undefined),
    onPosition: () => undefined,
    onBytesSent: () => undefined,
    onCorrupt: () => undefined,
  });
  let outcome: Outcome = 'refused';
  for (const part of lengthPrefixed.split(input).slice(0, maxMessages)) {
    if (part.length === 0) scheduler.run();
    else {
      const message = decoded(() => rpcMethods.fetch.requestDeserialize(Buffer.from(part)));
      if (message === null) continue;
      stream.onMessage(message);
      outcome = 'accepted';
      // What is known of producers is told when it has been read.
      await Promise.resolve();
    }
    expect(leader.highWatermark <= logEndOffset, `the high watermark is ${leader.highWatermark}, behind the log`);
    leader.maybeProposeIsr(clock.monotonicMs());
    clock.advance(10);
  }
  scheduler.run();
  stream.close(null);
  expect(isEnded, 'a stream that is closed has ended');
  return outcome;
}

/** What a leader writes its followers can read. */
function expectPush(pushes: readonly PartitionPush[]): void {
  const again = decodePush(encodePush(pushes));
  expect(again.length === pushes.length, `${pushes.length} partitions were pushed, ${again.length} can be read`);
}

/** Pushes of a leader, each behind its length, to a follower with an empty log and an open fetch. */
async function follow(input: Uint8Array): Promise<Outcome> {
  const scheduler = new ManualScheduler();
  const fs = new MemoryFs({ nowMs: () => nowMs });
  const log = await openLog(fs);
  const hosted = new HostedPartition(
    { topicName: 'orders', topicId, partition: 0 },
    { state: stateOf(2), isRecovering: false, isLost: false, isOnlyCandidate: false, directoryId: null },
  );
  hosted.log = log;
  const follower = new PartitionFollower({ state: stateOf(2), log, highWatermark: 0 });
  hosted.changeRole({ kind: 'follower', follower });
  const failures: Error[] = [];
  let onPush: ((pushes: PartitionPush[]) => void) | null = null;
  const link = new LeaderLink({
    scheduler,
    leaderId: 2,
    maxRetryMs: 1_000,
    hello: () => ({ clusterId: 'cluster', brokerId: 1, brokerEpoch: 101 }),
    connect: (events) => {
      onPush = (pushes) => events.onPush(pushes);
      return { write: expectMessage, cancel: () => undefined };
    },
    append: (_partition, bytes) => void log.appendAsFollower(bytes),
    onTruncated: () => undefined,
    mayTruncate: (_partition, plan) => !plan.isBelowHighWatermark,
    onFailure: (_partition, error) => void failures.push(error instanceof Error ? error : new Error(String(error))),
    onStreamEnd: () => undefined,
  });
  link.follow(hosted, follower);
  scheduler.run();
  let outcome: Outcome = 'refused';
  for (const part of lengthPrefixed.split(input).slice(0, maxMessages)) {
    const pushes = decoded(() => decodePush(Buffer.from(part)), PushDecodeError);
    if (pushes === null) continue;
    (onPush as ((pushes: PartitionPush[]) => void) | null)?.(pushes);
    scheduler.run();
    outcome = 'accepted';
    expect(follower.highWatermark <= log.logEndOffset, 'the high watermark is behind the log');
    expect(log.logStartOffset <= log.logEndOffset, `the log is from ${log.logStartOffset} to ${log.logEndOffset}`);
  }
  for (const failure of failures) {
    const isDeclared =
      failure instanceof StorageError || failure instanceof CorruptRecordError || failure instanceof UnexpectedOffsetError;
    if (!isDeclared) throw failure;
  }
  expectSound(log, fs);
  link.close();
  return outcome;
}

async function openLog(fs: MemoryFs): Promise<PartitionLog> {
  return await PartitionLog.open({
    fs,
    clock: new ManualClock(0, nowMs),
    name: 'orders-0',
    directory: '/data/orders-0',
    topicId,
    config: { ...defaultLogConfig, flushMode: 'pageCache' },
    recoveryPoint: 0,
    logStartOffset: 0,
    hadCleanShutdown: true,
    maxProducerIdExpirationMs: () => 86_400_000,
    flusher: new LogFlusher<PartitionLog>({ onDurable: () => undefined, defer: queueMicrotask }),
    tailCache: new TailCacheBudget({ maxTotalBytes: 65_536, maxBytesPerLog: 65_536 }),
    openSegments: new OpenSegments(),
  });
}

function expectMessage(message: FollowerMessage): void {
  rpcMethods.fetch.requestSerialize(message);
}

/**
 * Nothing is in a follower's log but sound batches, in order. The files are looked at and not read through the log, which takes
 * gaps that a leader has sent for damage.
 */
function expectSound(log: PartitionLog, fs: MemoryFs): void {
  let nextOffset = 0;
  for (const baseOffset of log.segmentBaseOffsets) {
    const bytes = readSmallFile(fs, `${log.directory}/${String(baseOffset).padStart(20, '0')}.log`) ?? new Uint8Array(0);
    let end = 0;
    for (const position of eachBatch(bytes)) {
      expect(isValidCrc(bytes, position), 'a batch with a wrong checksum was appended');
      expect(batchBaseOffset(bytes, position) >= Math.max(nextOffset, baseOffset), 'batches are in order');
      nextOffset = batchLastOffset(bytes, position) + 1;
      end = position + batchSizeInBytes(bytes, position);
    }
    expect(end === bytes.length, 'a file holds whole batches');
  }
  expect(nextOffset <= log.logEndOffset, `a batch ends at ${nextOffset}, behind the log's end ${log.logEndOffset}`);
}

/** What gRPC hands on; null when its decoder throws (of `declared` only, where that is ours). */
function decoded<T>(decode: () => T, declared?: new (...given: never[]) => Error): T | null {
  try {
    return decode();
  } catch (error) {
    if (declared !== undefined && !(error instanceof declared)) throw error;
    return null;
  }
}

const followerMessages: readonly FollowerMessage[] = [
  { hello: { clusterId: 'cluster', brokerId: 2, brokerEpoch: 102 } },
  { hello: { clusterId: 'cluster', brokerId: 3, brokerEpoch: 103 }, open: [openFetch(1, 0, -1)] },
  { open: [openFetch(1, 0, -1), openFetch(2, 4, 3)] },
  { open: [openFetch(3, 2, 2), openFetch(4, 9, 3), { ...openFetch(5, 0, -1), topicId: 'unknown' }] },
  { positions: [{ handle: 1, fetchOffset: 6, durableOffset: 6, logStartOffset: 0 }] },
  { positions: [{ handle: 1, fetchOffset: 2, durableOffset: 4, logStartOffset: 0 }], close: [2, 9] },
];

function openFetch(handle: number, fetchOffset: number, lastFetchedEpoch: number): NonNullable<FollowerMessage['open']>[number] {
  return {
    handle,
    topicId,
    partition: 0,
    leaderEpoch,
    fetchOffset,
    lastFetchedEpoch,
    durableOffset: fetchOffset,
    logStartOffset: 0,
  };
}

const plainPush: PartitionPush = {
  handle: 1,
  error: 0,
  highWatermark: 2,
  logStartOffset: 0,
  logEndOffset,
  diverging: null,
  batches: [],
  producers: null,
};

const pushes: readonly PartitionPush[][] = [
  [{ ...plainPush, batches }],
  [{ ...plainPush, batches: batches.slice(0, 1) }],
  [{ ...plainPush, batches: batches.slice(1), highWatermark: 6 }],
  [{ ...plainPush, highWatermark: 99, logStartOffset: 1 }],
  [{ ...plainPush, diverging: { leaderEpoch: 1, endOffset: 2 } }],
  [{ ...plainPush, diverging: { leaderEpoch: -1, endOffset: -1 } }],
  [{ ...plainPush, error: 1, logStartOffset: 50, logEndOffset: 60 }],
  [
    { ...plainPush, error: 6 },
    { ...plainPush, handle: 2 },
  ],
];

function storiesOf(messages: readonly Uint8Array[]): Uint8Array[] {
  const turn = new Uint8Array(0);
  const stories = [
    messages,
    messages.flatMap((message) => [message, turn]).slice(0, maxMessages),
    messages.slice(1),
    messages.slice(2),
  ];
  return [...messages.map((message) => [message, turn]), ...stories].map((list) => lengthPrefixed.join(list));
}

/** Messages are exchanged and doubled, and changed inside as protobuf. */
const mutate: NonNullable<Target['mutate']> = (input, prng, other) => {
  const parts = lengthPrefixed.split(input);
  const index = prng.below(Math.max(1, parts.length));
  const part = parts[index];
  if (part === undefined || part.length === 0 || prng.chance(0.25)) return mutateMessages(input, prng, other);
  const changed = mutateProtobuf(part, prng, lengthPrefixed.split(other)[0] ?? part);
  if (changed === null) return null;
  parts[index] = changed;
  return lengthPrefixed.join(parts);
};
const mutateMessages = partsMutator(lengthPrefixed);

/** As `mutate`, and now and then a batch inside a push is changed and given its right checksum. */
const mutatePushes: NonNullable<Target['mutate']> = (input, prng, other) => {
  if (prng.chance(0.6)) return mutate(input, prng, other);
  const mutateBatch = partsMutator({
    split: (bytes) => [bytes],
    join: (parts) => Buffer.concat(parts),
    fieldsOf: batchFields,
    repair: repairBatch,
  });
  const changed = batches.map((batch) => (prng.chance(0.4) ? (mutateBatch(batch, prng, other) ?? batch) : batch));
  const push = encodePush([{ ...plainPush, handle: 1 + prng.below(3), batches: changed.slice(prng.below(2)) }]);
  const parts = lengthPrefixed.split(input);
  parts.splice(prng.below(parts.length + 1), 0, push);
  return lengthPrefixed.join(parts);
};

/** Every unary or streamed message of the protos, decoded and, when that went well, written again. */
function decodeAny(input: Uint8Array): Outcome {
  const bytes = Buffer.from(input.subarray(1));
  const methods = [rpcMethods.controllerLink, rpcMethods.controllerPing, rpcMethods.fetch] as const;
  const method = methods[(input[0] ?? 0) % methods.length] as (typeof methods)[0];
  const request = decoded(() => method.requestDeserialize(bytes));
  if (request !== null) method.requestSerialize(request);
  const isPush = (input[0] ?? 0) % methods.length === 2;
  const response = decoded(() => method.responseDeserialize(bytes), isPush ? PushDecodeError : undefined);
  if (response !== null) method.responseSerialize(response);
  return request === null && response === null ? 'refused' : 'accepted';
}

function controlSeeds(): Uint8Array[] {
  const request = {
    correlationId: 1,
    apiKey: 19,
    apiVersion: 7,
    payload: Buffer.from('x'),
    clusterId: 'cluster',
    brokerId: 2,
    brokerEpoch: 9,
  };
  const response = { correlationId: 1, error: 41, errorMessage: 'm', controllerId: -1, payload: new Uint8Array(3) };
  const { controllerLink, controllerPing } = rpcMethods;
  return [
    Buffer.concat([Uint8Array.of(0), controllerLink.requestSerialize(request)]),
    Buffer.concat([Uint8Array.of(0), controllerLink.responseSerialize(response)]),
    Buffer.concat([Uint8Array.of(1), controllerPing.responseSerialize({ clusterId: 'c', nodeId: 1, incarnationId: 'i' })]),
    ...pushes.map((list) => Buffer.concat([Uint8Array.of(2), encodePush(list)])),
  ];
}

export const replicationTargets: readonly Target[] = [
  {
    name: 'replication-leader',
    what: "a follower's messages, decoded, at the leader's end of a stream",
    seeds: () => storiesOf(followerMessages.map((message) => rpcMethods.fetch.requestSerialize(message))),
    run: lead,
    mutate,
    maxInputBytes: 2_048,
    cost: 4,
  },
  {
    name: 'replication-follower',
    what: "a leader's pushes, decoded, at the follower's end of a stream, down to the log",
    seeds: () => storiesOf(pushes.map((list) => encodePush(list))),
    run: follow,
    mutate: mutatePushes,
    maxInputBytes: 4_096,
    cost: 10,
  },
  {
    name: 'rpc-messages',
    what: 'messages between brokers, decoded as gRPC does it and written again',
    seeds: controlSeeds,
    run: decodeAny,
    mutate: (input, prng, other) => {
      const changed = mutateProtobuf(input.subarray(1), prng, other.subarray(1));
      return changed === null ? null : Buffer.concat([input.subarray(0, 1), changed]);
    },
    maxInputBytes: 2_048,
  },
];
