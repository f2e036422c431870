/**
 * Produce v3–13: appends one record batch to each of the partitions named.
 *
 * Everything up to the append happens before the first await, so batches of one connection land in the order in which
 * they were sent. acks=all waits for the high watermark, acks=1 for nothing, acks=0 gets no answer (and loses its
 * connection on an error, as in Kafka). v10+ names the new leader when it has moved (KIP-951); v13 has topic ids.
 * Gap: transactional batches are refused with INVALID_TXN_STATE until transactions exist.
 */
import { buggify } from '@jackdaw/base';
import {
  ApiKey,
  ErrorCode,
  errorName,
  isTransactionalBatch,
  produceRequest,
  produceResponse,
  validateBatches,
} from '@jackdaw/protocol';
import type { ProduceRequest, ProduceResponseDraft, RecordError } from '@jackdaw/protocol';
import { isInternalTopic, type TopicImage } from '@jackdaw/metadata';
import { StorageError, type AppendResult } from '@jackdaw/log';
import type { BrokerServices } from '../broker-services.ts';
import { sleep } from '../platform/sleep.ts';
import { cannotAcknowledge } from '../replica/cut-off.ts';
import { closeConnection, defineHandler, noResponse, type Answer, type RequestContext } from './handler.ts';
import { endpointsOf, findLedPartition, findTopic, leaderHint, type LedPartition } from './topic-lookup.ts';
import { whenAllReplicated, type ReplicationWait } from './when-replicated.ts';

type TopicData = ProduceRequest['topicData'][number];

interface PartitionOutcome {
  readonly index: number;
  errorCode: number;
  errorMessage: string | null;
  baseOffset: number;
  logAppendTimeMs: number;
  logStartOffset: number;
  recordErrors: readonly RecordError[];
}

interface TopicOutcome {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: PartitionOutcome[];
}

const acksAll = -1;
const noRecords = new Uint8Array(0);
const noRecordErrors: readonly RecordError[] = [];
/** How much later a simulation may begin to wait: as late as this, its leader may have resigned. */
const lateMs = 300;

export const produceHandler = defineHandler({
  apiKey: ApiKey.Produce,
  request: produceRequest,
  response: produceResponse,
  handle: (broker, request, context) => handleProduce(broker, request, context),
  refuse: (request, refusal) => {
    const outcomes = request.topicData.map((topic) => ({
      name: topic.name,
      topicId: topic.topicId,
      partitions: topic.partitionData.map(({ index }) => failed(index, refusal.errorCode, refusal.errorMessage)),
    }));
    return { responses: outcomes.map((topic) => toResponse(topic)) };
  },
});

function handleProduce(
  broker: BrokerServices,
  request: ProduceRequest,
  context: RequestContext,
): Answer<ProduceResponseDraft> | Promise<Answer<ProduceResponseDraft>> {
  const waiting: ReplicationWait[] = [];
  const append: TopicAppend = { request, context, waiting };
  const outcomes = request.topicData.map((topic) => appendTopic(broker, topic, append));
  if (request.acks === 0) {
    const hasError = outcomes.some(({ partitions }) => partitions.some(({ errorCode }) => errorCode !== ErrorCode.NONE));
    return hasError ? closeConnection : noResponse;
  }
  if (waiting.length === 0) return response(broker, outcomes, context);
  const wait = (): Promise<void> =>
    whenAllReplicated({
      waits: waiting,
      timeoutMs: request.timeoutMs,
      timers: broker.timers,
      connection: context.connection,
    });
  const replicated = buggify('broker: produce begins to wait late') ? sleep(broker.timers, lateMs).then(wait) : wait();
  return replicated.then(() => response(broker, outcomes, context));
}

interface TopicAppend {
  readonly request: ProduceRequest;
  readonly context: RequestContext;
  readonly waiting: ReplicationWait[];
}

function appendTopic(broker: BrokerServices, topic: TopicData, append: TopicAppend): TopicOutcome {
  const { request, context, waiting } = append;
  const found = findTopic(broker.image(), { name: topic.name, id: topic.topicId });
  const partitions = topic.partitionData.map(({ index, records }) => {
    if (request.acks < -1 || request.acks > 1) return failed(index, ErrorCode.INVALID_REQUIRED_ACKS);
    if (typeof found === 'number') return failed(index, found);
    return appendPartition(broker, { request, context, waiting, found, index, records: records ?? noRecords });
  });
  if (typeof found === 'number') return { name: topic.name, topicId: topic.topicId, partitions };
  const traffic = broker.traffic.of(found.name);
  traffic.produceRequests++;
  if (partitions.some(({ errorCode }) => errorCode !== ErrorCode.NONE)) traffic.failedProduceRequests++;
  return { name: found.name, topicId: found.id, partitions };
}

interface PartitionAppend extends TopicAppend {
  readonly found: TopicImage;
  readonly index: number;
  readonly records: Uint8Array;
}

function appendPartition(broker: BrokerServices, append: PartitionAppend): PartitionOutcome {
  const { found, index, records, request, context } = append;
  if (isInternalTopic(found.name)) {
    return failed(index, ErrorCode.INVALID_TOPIC_EXCEPTION, `clients may not write to the internal topic ${found.name}`);
  }
  const led = findLedPartition(broker, found, index);
  if (typeof led === 'number') return failed(index, led);
  if (buggify('broker: produce refused as if another led')) return failed(index, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  const refusal = led.leader.checkAppend(request.acks);
  if (refusal !== ErrorCode.NONE) return failed(index, refusal);
  if (request.acks === acksAll && cannotAcknowledge(broker, led.leader)) return failed(index, ErrorCode.NOT_LEADER_OR_FOLLOWER);

  const config = broker.topicConfigs.of(found.name);
  const nowMs = broker.clock.wallMs();
  const valid = validateBatches(records, {
    maxMessageBytes: config.maxMessageBytes,
    timestampType: config.messageTimestampType,
    beforeMaxMs: config.messageTimestampBeforeMaxMs,
    afterMaxMs: config.messageTimestampAfterMaxMs,
    nowMs,
    compressionType: config.compressionType,
    compressionLevel: compressionLevel(config),
    isCompacted: config.isCompacting,
    codecs: broker.codecs,
    maxDecompressedBytes: broker.config.view.number('max.decompressed.message.bytes'),
    requestVersion: context.version,
  });
  const traffic = broker.traffic.of(found.name);
  if (valid.error !== null) {
    traffic.bytesRejected += records.length;
    return { ...failed(index, valid.error, valid.message), recordErrors: valid.recordErrors };
  }
  if (isTransactionalBatch(valid.batches, 0)) {
    return failed(index, ErrorCode.INVALID_TXN_STATE, 'transactions are not supported by this version of Jackdaw');
  }
  const result = appendToLog(broker, led, valid.batches);
  if (result.kind === 'appended') {
    traffic.messagesIn += valid.recordsCount;
    traffic.bytesIn += valid.batches.length;
  }
  return afterAppend(append, { led, result, logAppendTimeMs: valid.logAppendTimeMs });
}

function appendToLog(broker: BrokerServices, led: LedPartition, batches: Uint8Array): AppendResult {
  try {
    const result = led.log.appendAsLeader(batches, { leaderEpoch: led.leader.leaderEpoch, nowMs: broker.clock.wallMs() });
    if (result.kind === 'appended') {
      led.leader.onLocalProgress(broker.clock.monotonicMs());
      led.hosted.notifyAppended();
    }
    return result;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    if (led.log.isOffline) broker.replicas.onStorageFailure(led.hosted, error);
    return { kind: 'error', error: ErrorCode.KAFKA_STORAGE_ERROR, message: error.message };
  }
}

function afterAppend(
  { index, request, waiting }: PartitionAppend,
  { led, result, logAppendTimeMs }: { led: LedPartition; result: AppendResult; logAppendTimeMs: number },
): PartitionOutcome {
  if (result.kind === 'error') return failed(index, result.error, result.message);
  const outcome: PartitionOutcome = {
    index,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    baseOffset: result.baseOffset,
    logAppendTimeMs: result.kind === 'duplicate' && logAppendTimeMs >= 0 ? result.timestamp : logAppendTimeMs,
    logStartOffset: result.logStartOffset,
    recordErrors: noRecordErrors,
  };
  if (request.acks === acksAll) {
    waiting.push({
      leader: led.leader,
      requiredOffset: result.lastOffset + 1,
      onSettled: (error) => {
        if (error !== ErrorCode.NONE) fail(outcome, error);
      },
    });
  }
  return outcome;
}

function fail(outcome: PartitionOutcome, error: number): void {
  outcome.errorCode = error;
  outcome.errorMessage = errorName(error);
  outcome.baseOffset = -1;
  outcome.logAppendTimeMs = -1;
  outcome.logStartOffset = -1;
}

function failed(index: number, errorCode: number, errorMessage: string | null = errorName(errorCode)): PartitionOutcome {
  return {
    index,
    errorCode,
    errorMessage,
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    recordErrors: noRecordErrors,
  };
}

function compressionLevel(
  config: { compressionType: string } & Record<'compressionGzipLevel' | 'compressionLz4Level' | 'compressionZstdLevel', number>,
): number {
  if (config.compressionType === 'lz4') return config.compressionLz4Level;
  return config.compressionType === 'zstd' ? config.compressionZstdLevel : config.compressionGzipLevel;
}

function response(broker: BrokerServices, outcomes: readonly TopicOutcome[], context: RequestContext): ProduceResponseDraft {
  const image = broker.image();
  const newLeaders = new Set<number>();
  const responses = outcomes.map((topic) =>
    toResponse(topic, (index) => {
      const hint = leaderHint(image, topic.topicId, index);
      newLeaders.add(hint.leaderId);
      return hint;
    }),
  );
  return { responses, nodeEndpoints: endpointsOf(image, newLeaders, context.connection.listenerName) };
}

type Hint = (index: number) => { leaderId: number; leaderEpoch: number };

function toResponse(topic: TopicOutcome, hint?: Hint): ProduceResponseDraft['responses'][number] {
  return {
    name: topic.name,
    topicId: topic.topicId,
    partitionResponses: topic.partitions.map((outcome) => {
      const { index, errorCode, errorMessage, baseOffset, logAppendTimeMs, logStartOffset } = outcome;
      const recordErrors = outcome.recordErrors === noRecordErrors ? [] : outcome.recordErrors.map(toRecordError);
      const response = { index, errorCode, baseOffset, logAppendTimeMs, logStartOffset, recordErrors, errorMessage };
      const isElsewhere = errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER || errorCode === ErrorCode.FENCED_LEADER_EPOCH;
      return isElsewhere && hint !== undefined ? { ...response, currentLeader: hint(index) } : response;
    }),
  };
}

function toRecordError({ batchIndex, message }: RecordError): { batchIndex: number; batchIndexErrorMessage: string } {
  return { batchIndex, batchIndexErrorMessage: message };
}
