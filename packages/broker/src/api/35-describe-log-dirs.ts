/**
 * DescribeLogDirs v1–5: the log directories of this broker, the size of each partition in them, and the disk's room.
 *
 * A failed directory is KAFKA_STORAGE_ERROR on its own. The lag of a replica is how far its end is behind the high
 * watermark that it knows, as in Kafka. Partitions are never moved between directories here, so none is a future one.
 */
import { statfs } from 'node:fs/promises';
import { ApiKey, describeLogDirsRequest, describeLogDirsResponse, ErrorCode } from '@jackdaw/protocol';
import type { DescribeLogDirsRequest, DescribeLogDirsResponseDraft } from '@jackdaw/protocol';
import type { LogManager } from '@jackdaw/log';
import type { BrokerServices } from '../broker-services.ts';
import type { HostedPartition } from '../replica/hosted-partition.ts';
import { defineHandler } from './handler.ts';

type Directory = LogManager['directories'][number];
type Result = DescribeLogDirsResponseDraft['results'][number];
type TopicResult = Result['topics'][number];

export const describeLogDirsHandler = defineHandler({
  apiKey: ApiKey.DescribeLogDirs,
  request: describeLogDirsRequest,
  response: describeLogDirsResponse,
  handle: async (broker, request) => ({
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    results: await Promise.all(broker.logManager.directories.map((directory) => describe(broker, directory, request))),
  }),
  refuse: (_request, { errorCode }) => ({ throttleTimeMs: 0, errorCode, results: [] }),
});

async function describe(broker: BrokerServices, directory: Directory, request: DescribeLogDirsRequest): Promise<Result> {
  const logDir = directory.path;
  const failed = { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, logDir, topics: [] };
  if (directory.isOffline) return failed;
  try {
    const { blocks, bavail, bsize } = await statfs(logDir);
    const cordoned = broker.image().brokers.get(broker.nodeId)?.cordonedLogDirs ?? [];
    return {
      errorCode: ErrorCode.NONE,
      logDir,
      topics: topicsIn(broker, directory, request),
      totalBytes: blocks * bsize,
      usableBytes: bavail * bsize,
      isCordoned: cordoned.includes(directory.directoryId),
    };
  } catch (error) {
    if (isSystemError(error)) return failed;
    throw error;
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function topicsIn(broker: BrokerServices, directory: Directory, { topics: wanted }: DescribeLogDirsRequest): TopicResult[] {
  const wantedPartitions = wanted === null ? null : new Map(wanted.map(({ topic, partitions }) => [topic, new Set(partitions)]));
  const byTopic = new Map<string, TopicResult['partitions'][number][]>();
  for (const hosted of broker.replicas.partitions()) {
    const { log, topicName, partition } = hosted;
    if (log === null || directory.logs.get(hosted.name) !== log) continue;
    if (wantedPartitions !== null && wantedPartitions.get(topicName)?.has(partition) !== true) continue;
    const described = { partitionIndex: partition, partitionSize: log.sizeBytes, offsetLag: lagOf(hosted), isFutureKey: false };
    const ofTopic = byTopic.get(topicName);
    if (ofTopic === undefined) byTopic.set(topicName, [described]);
    else ofTopic.push(described);
  }
  return [...byTopic].map(([name, partitions]) => ({ name, partitions }));
}

function lagOf({ highWatermark, log }: HostedPartition): number {
  return Math.max(0, highWatermark - (log?.logEndOffset ?? 0));
}
