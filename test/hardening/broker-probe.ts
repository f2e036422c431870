/**
 * Is the broker still right? A fresh connection, and answers that can be checked: versions, metadata, and a record that is
 * written and read back.
 */
import assert from 'node:assert/strict';
import {
  ApiKey,
  apiVersionsRequest,
  apiVersionsResponse,
  createTopicsRequest,
  createTopicsResponse,
  decodeRecords,
  eachBatch,
  encodeBatch,
  ErrorCode,
  fetchRequest,
  fetchResponse,
  metadataRequest,
  metadataResponse,
  produceRequest,
  produceResponse,
} from '@jackdaw/protocol';
import { nodeCodecs } from '@jackdaw/broker';
import { RawConnection } from './raw-connection.ts';

/** One batch of one record, as a producer sends it. */
export function batchOf(value: string, options: { key?: string; codec?: 0 | 1 | 2 | 3 | 4 } = {}): Uint8Array {
  const key = options.key === undefined ? null : Buffer.from(options.key);
  const records = [{ key, value: Buffer.from(value), timestamp: Date.now() }];
  return encodeBatch({ records, codec: options.codec ?? 0 }, nodeCodecs);
}

/** A broker tells of a topic a moment before it leads its partitions, as Kafka's does. */
async function areLed(connection: RawConnection, topic: string, partitions: readonly { partitionIndex: number }[]) {
  for (const { partitionIndex } of partitions) {
    const { errorCode } = await fetch(connection, { topic, partition: partitionIndex, offset: 0, maxWaitMs: 0 });
    if (errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER || errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) return false;
  }
  return true;
}

/** Creates a topic with one replica and waits until it can be written. */
export async function createTopic(
  port: number,
  name: string,
  options: { partitions?: number; configs?: Record<string, string> } = {},
) {
  const connection = await RawConnection.open(port);
  try {
    const configs = Object.entries(options.configs ?? {}).map(([key, value]) => ({ name: key, value }));
    const topic = { name, numPartitions: options.partitions ?? 1, replicationFactor: 1, assignments: [], configs };
    const created = await connection.request({
      request: createTopicsRequest,
      response: createTopicsResponse,
      version: 7,
      body: { topics: [topic], timeoutMs: 30_000, validateOnly: false },
    });
    const code = created.topics[0]?.errorCode;
    assert.ok(code === ErrorCode.NONE || code === ErrorCode.TOPIC_ALREADY_EXISTS, `topic ${name}: error ${code}`);
    const deadline = performance.now() + 20_000;
    for (;;) {
      const topics = (await metadata(connection, [name])).topics;
      const found = topics[0];
      if (found?.errorCode === 0 && (await areLed(connection, name, found.partitions))) return found.topicId;
      assert.ok(performance.now() < deadline, `topic ${name} has no leader`);
    }
  } finally {
    connection.close();
  }
}

/** The given topics, or all, without creating any. */
export function metadata(connection: RawConnection, names: readonly string[] | null) {
  return connection.request({
    request: metadataRequest,
    response: metadataResponse,
    version: 12,
    body: {
      topics: names?.map((name) => ({ name })) ?? null,
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
    },
  });
}

/** Result of a produce of these batches to one partition. */
export async function produce(
  connection: RawConnection,
  { topic, partition = 0, records, acks = -1, version = 9 }: ProduceOptions,
) {
  const answer = await connection.request({
    request: produceRequest,
    response: produceResponse,
    version,
    body: { acks, timeoutMs: 10_000, topicData: [{ name: topic, partitionData: [{ index: partition, records }] }] },
  });
  const outcome = answer.responses[0]?.partitionResponses[0];
  assert.ok(outcome !== undefined, 'a partition in the answer');
  return outcome;
}

export interface ProduceOptions {
  readonly topic: string;
  readonly partition?: number;
  readonly records: Uint8Array | null;
  readonly acks?: number;
  readonly version?: number;
}

/** The partition's part of a consumer's fetch. */
export async function fetch(
  connection: RawConnection,
  { topic, partition = 0, offset, minBytes = 1, maxBytes = 1_048_576, maxWaitMs = 500 }: FetchOptions,
) {
  const answer = await connection.request({
    request: fetchRequest,
    response: fetchResponse,
    version: 12,
    body: {
      maxWaitMs,
      minBytes,
      maxBytes,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        {
          topic,
          partitions: [
            { partition, currentLeaderEpoch: -1, fetchOffset: offset, logStartOffset: -1, partitionMaxBytes: maxBytes },
          ],
        },
      ],
      forgottenTopicsData: [],
    },
  });
  const outcome = answer.responses[0]?.partitions[0];
  assert.ok(outcome !== undefined, `a partition in the answer; error ${answer.errorCode}`);
  return outcome;
}

export interface FetchOptions {
  readonly minBytes?: number;
  readonly topic: string;
  readonly partition?: number;
  readonly offset: number;
  readonly maxBytes?: number;
  readonly maxWaitMs?: number;
}

/** Values of the records in a fetched partition. */
export function valuesOf(records: Uint8Array | null): string[] {
  const values: string[] = [];
  const bytes = records ?? new Uint8Array(0);
  for (const position of eachBatch(bytes)) {
    for (const record of decodeRecords(bytes.subarray(position), nodeCodecs, { maxDecompressedBytes: 1_048_576 })) {
      values.push(Buffer.from(record.value ?? []).toString());
    }
  }
  return values;
}

/** Throws unless a new connection gets right answers to ApiVersions, Metadata, Produce and Fetch. */
export async function expectServing(port: number, topic: string): Promise<void> {
  const connection = await RawConnection.open(port);
  try {
    const versions = await connection.request({
      request: apiVersionsRequest,
      response: apiVersionsResponse,
      version: 3,
      body: { clientSoftwareName: 'hardening', clientSoftwareVersion: '1' },
    });
    assert.equal(versions.errorCode, ErrorCode.NONE);
    assert.ok(versions.apiKeys.some(({ apiKey }) => apiKey === ApiKey.Fetch));
    const found = (await metadata(connection, [topic])).topics[0];
    assert.equal(found?.errorCode, ErrorCode.NONE, `metadata of ${topic}`);
    assert.ok((found?.partitions[0]?.leaderId ?? -1) >= 0, `${topic}-0 has a leader`);
    const value = `value ${Math.random()}`;
    const written = await produce(connection, { topic, records: batchOf(value) });
    assert.equal(written.errorCode, ErrorCode.NONE, `produce: ${written.errorMessage}`);
    const read = await fetch(connection, { topic, offset: written.baseOffset });
    assert.equal(read.errorCode, ErrorCode.NONE, 'fetch');
    assert.deepEqual(valuesOf(read.records), [value]);
  } finally {
    connection.close();
  }
}
