/**
 * Fetch v4–18: reads record batches, waiting for `minBytes` up to `maxWaitMs`.
 *
 * Sessions of v7+ (KIP-227), epoch checks of v9+ (KIP-320), divergence of v12+, topic ids of v13+, leader hints of v16+
 * (KIP-951). Consumers only: replication is gRPC, and a request that poses as a broker is refused (security table).
 * Isolation: read_committed equals read_uncommitted while there are no transactions; the LSO is the high watermark.
 * Gap: consumers are always sent to the leader (no follower fetching, KIP-392).
 */
import { buggify, sometimes } from '@jackdaw/base';
import { ApiKey, ErrorCode, fetchRequest, fetchResponse, type FetchRequest, type FetchResponseDraft } from '@jackdaw/protocol';
import type { BrokerServices } from '../broker-services.ts';
import { partitionKey, type FetchPartition, type FetchPlan } from '../fetch/fetch-sessions.ts';
import { failed, readPartition, type PartitionRead } from '../fetch/read-partition.ts';
import type { Connection } from '../net/connection.ts';
import { mayMissRecords } from '../replica/cut-off.ts';
import type { PartitionListener } from '../replica/hosted-partition.ts';
import { closeConnection, defineHandler, type Answer, type RequestContext } from './handler.ts';
import { endpointsOf, leaderHint } from './topic-lookup.ts';

const firstVersionWithTopicIds = 13;

type PartitionResponse = FetchResponseDraft['responses'][number]['partitions'][number];

interface Read {
  readonly wanted: FetchPartition;
  readonly read: PartitionRead;
}

interface Fetch {
  readonly request: FetchRequest;
  readonly context: RequestContext;
  readonly plan: FetchPlan;
}

export const fetchHandler = defineHandler({
  apiKey: ApiKey.Fetch,
  request: fetchRequest,
  response: fetchResponse,
  handle: (broker, request, context) => handleFetch(broker, request, context),
  refuse: (request, { errorCode }, context) => ({
    throttleTimeMs: 0,
    errorCode,
    responses: context.version >= 7 ? [] : errorsFor(request, errorCode),
  }),
});

function handleFetch(
  broker: BrokerServices,
  request: FetchRequest,
  context: RequestContext,
): Answer<FetchResponseDraft> | Promise<Answer<FetchResponseDraft>> {
  if (request.replicaId >= 0 || request.replicaState.replicaId >= 0) return closeConnection;
  const plan = broker.fetchSessions.plan(request, context.version >= firstVersionWithTopicIds);
  if ('error' in plan) return { throttleTimeMs: 0, errorCode: plan.error, responses: [] };
  return fetchUntilEnough(broker, { request, context, plan });
}

async function fetchUntilEnough(broker: BrokerServices, fetch: Fetch): Promise<FetchResponseDraft> {
  const deadline = broker.clock.monotonicMs() + Math.max(0, fetch.request.maxWaitMs);
  // Nobody may wait for more than an answer can hold (Kafka's KafkaApis).
  const minBytes = Math.min(fetch.request.minBytes, maxAnswerBytes(broker, fetch.request));
  for (;;) {
    const reads = await readWithinMemory(broker, fetch);
    const leftMs = deadline - broker.clock.monotonicMs();
    if (fetch.context.connection.isClosed) sometimes('broker: fetch ended with its connection');
    if (isEnough(reads, minBytes) || fetch.context.connection.isClosed) return toResponse(broker, fetch, reads);
    if (leftMs <= 0) return toResponse(broker, fetch, reads.map(sendAwayFromCutOff.bind(undefined, broker)));
    if (buggify('broker: fetch answered early')) return toResponse(broker, fetch, reads);
    await somethingChanged(broker, { reads, leftMs, connection: fetch.context.connection });
  }
}

function maxAnswerBytes(broker: BrokerServices, request: FetchRequest): number {
  return Math.min(request.maxBytes, broker.config.view.number('fetch.max.bytes'));
}

/** A consumer that has waited in vain at the end of what a leader without a controller knows: others may know more. */
function sendAwayFromCutOff(broker: BrokerServices, one: Read): Read {
  const leader = one.read.hosted?.leader;
  if (one.read.sizeBytes > 0 || leader === null || leader === undefined || !mayMissRecords(broker, leader)) return one;
  return { wanted: one.wanted, read: failed(ErrorCode.NOT_LEADER_OR_FOLLOWER) };
}

/** From the end of the read on, the connection counts the answer. */
async function readWithinMemory(broker: BrokerServices, fetch: Fetch): Promise<Read[]> {
  let wantedBytes = 0;
  for (const { maxBytes } of fetch.plan.partitions) wantedBytes += Math.max(0, maxBytes);
  const granted = broker.responseMemory.grant(Math.min(maxAnswerBytes(broker, fetch.request), wantedBytes));
  try {
    return await readAll(broker, fetch, granted);
  } finally {
    broker.responseMemory.release(granted);
  }
}

async function readAll(broker: BrokerServices, { plan }: Fetch, maxBytes: number): Promise<Read[]> {
  let leftBytes = maxBytes;
  let hasData = false;
  const reads: Read[] = [];
  for (const wanted of plan.partitions) {
    const result = readPartition(broker, wanted, { maxBytes: leftBytes, minOneBatch: !hasData });
    const read = result instanceof Promise ? await result : result;
    leftBytes -= read.sizeBytes;
    if (read.sizeBytes > 0) hasData = true;
    reads.push({ wanted, read });
  }
  return reads;
}

/**
 * Errors and divergence are answered at once, as in Kafka's DelayedFetch; and what was cut short, since the next read of the
 * same would be no longer (of Kafka's, where it ends at a segment's end).
 */
function isEnough(reads: readonly Read[], minBytes: number): boolean {
  let bytes = 0;
  for (const { read } of reads) {
    if (read.errorCode !== ErrorCode.NONE || read.diverging !== null || read.hasMore) return true;
    bytes += read.sizeBytes;
  }
  return bytes >= minBytes || reads.length === 0;
}

interface FetchWait {
  readonly reads: readonly Read[];
  readonly leftMs: number;
  readonly connection: Connection;
}

/** Resolves when a partition has more to read, has changed its role, the time is over, or nobody is there any more. */
function somethingChanged(broker: BrokerServices, { reads, leftMs, connection }: FetchWait): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      timer.cancel();
      connection.removeCloseListener(finish);
      for (const { read } of reads) read.hosted?.unlisten(listener);
      resolve();
    };
    const listener: PartitionListener = { onHighWatermark: finish, onRoleChanged: finish };
    const timer = broker.timers.setTimer(leftMs, finish);
    for (const { read } of reads) read.hosted?.listen(listener);
    connection.addCloseListener(finish);
    // What moved between the read and now would not be told.
    if (reads.some(({ read }) => read.hosted !== null && read.hosted.highWatermark !== read.highWatermark)) finish();
  });
}

function toResponse(broker: BrokerServices, { context, plan }: Fetch, reads: readonly Read[]): FetchResponseDraft {
  const image = broker.image();
  const newLeaders = new Set<number>();
  const topics = new Map<string, { topic: string; topicId: string; partitions: PartitionResponse[] }>();
  const withData: string[] = [];
  for (const { wanted, read } of reads) {
    count(broker, wanted, read);
    if (read.sizeBytes > 0) withData.push(partitionKey(wanted, wanted.partition));
    if (!isNews(plan, wanted, read)) continue;
    wanted.sentHighWatermark = read.highWatermark;
    wanted.sentLogStartOffset = read.logStartOffset;
    const key = `${wanted.topicId}/${wanted.topic}`;
    let topic = topics.get(key);
    if (topic === undefined) topics.set(key, (topic = { topic: wanted.topic, topicId: wanted.topicId, partitions: [] }));
    let partition = partitionResponse(wanted.partition, read);
    if (read.errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER || read.errorCode === ErrorCode.FENCED_LEADER_EPOCH) {
      const topicId = image.topicIdsByName.get(wanted.topic) ?? wanted.topicId;
      const currentLeader = leaderHint(image, topicId, wanted.partition);
      newLeaders.add(currentLeader.leaderId);
      partition = { ...partition, currentLeader };
    }
    topic.partitions.push(partition);
  }
  plan.moveToEnd(withData);
  return {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    sessionId: plan.sessionId,
    responses: [...topics.values()],
    nodeEndpoints: endpointsOf(image, newLeaders, context.connection.listenerName),
  };
}

/** An incremental answer leaves out partitions about which there is nothing new. */
function isNews(plan: FetchPlan, wanted: FetchPartition, read: PartitionRead): boolean {
  if (!plan.isIncremental || read.errorCode !== ErrorCode.NONE || read.diverging !== null || read.sizeBytes > 0) return true;
  return wanted.sentHighWatermark !== read.highWatermark || wanted.sentLogStartOffset !== read.logStartOffset;
}

function partitionResponse(partitionIndex: number, read: PartitionRead): PartitionResponse {
  return {
    partitionIndex,
    errorCode: read.errorCode,
    highWatermark: read.highWatermark,
    lastStableOffset: read.highWatermark,
    logStartOffset: read.logStartOffset,
    ...(read.diverging === null ? {} : { divergingEpoch: read.diverging }),
    abortedTransactions: null,
    records: read.records,
  };
}

function count(broker: BrokerServices, wanted: FetchPartition, read: PartitionRead): void {
  const topicName = read.hosted?.topicName ?? broker.image().topicsById.get(wanted.topicId)?.name ?? wanted.topic;
  if (broker.image().topicByName(topicName) === null) return;
  const traffic = broker.traffic.of(topicName);
  traffic.fetchRequests++;
  traffic.bytesOut += read.sizeBytes;
  if (read.errorCode !== ErrorCode.NONE) traffic.failedFetchRequests++;
}

function errorsFor(request: FetchRequest, errorCode: number): FetchResponseDraft['responses'] {
  return request.topics.map(({ topic, topicId, partitions }) => ({
    topic,
    topicId,
    partitions: partitions.map(({ partition }) => partitionResponse(partition, failed(errorCode))),
  }));
}
