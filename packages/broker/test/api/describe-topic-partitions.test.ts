/** DescribeTopicPartitions page by page, over an image of the metadata and without a cluster. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetadataImage } from '@jackdaw/metadata';
import { ErrorCode, type DescribeTopicPartitionsRequest, type DescribeTopicPartitionsResponseDraft } from '@jackdaw/protocol';
import { describeTopicPartitionsHandler } from '../../src/api/75-describe-topic-partitions.ts';
import type { RequestContext } from '../../src/api/handler.ts';
import type { BrokerServices } from '../../src/broker-services.ts';
import { imageOfTopics, type TestTopic } from '../test-images.ts';

const limit = 2_000;

function imageOf(partitionCounts: Readonly<Record<string, number>>): MetadataImage {
  const topics = Object.entries(partitionCounts).map(([name, partitions], i): TestTopic => {
    const topicId = `AAAAAAAAAAAAAAAAAAAA${String.fromCharCode(66 + i)}A`;
    return { name, topicId, partitions, replicas: [1] };
  });
  return imageOfTopics(topics);
}

async function describe(
  image: MetadataImage,
  request: Partial<DescribeTopicPartitionsRequest>,
): Promise<DescribeTopicPartitionsResponseDraft> {
  const broker = { image: () => image, config: { view: { number: () => limit } } } as unknown as BrokerServices;
  const context = { version: 0, connection: { listenerName: 'PLAINTEXT' } } as RequestContext;
  const body = { topics: [], responsePartitionLimit: limit, cursor: null, ...request };
  return (await describeTopicPartitionsHandler.handle(broker, body, context)) as DescribeTopicPartitionsResponseDraft;
}

test('pages together are all partitions of all topics, in the order of their names', async () => {
  const image = imageOf({ zoo: 3, ant: 5, bee: 1 });
  const seen: string[] = [];
  let cursor: DescribeTopicPartitionsRequest['cursor'] = null;
  let pages = 0;
  do {
    const response: DescribeTopicPartitionsResponseDraft = await describe(image, { responsePartitionLimit: 2, cursor });
    for (const { name, partitions } of response.topics) for (const one of partitions) seen.push(`${name}-${one.partitionIndex}`);
    cursor = response.nextCursor ?? null;
    pages++;
  } while (cursor !== null);
  assert.deepEqual(seen, ['ant-0', 'ant-1', 'ant-2', 'ant-3', 'ant-4', 'bee-0', 'zoo-0', 'zoo-1', 'zoo-2']);
  assert.equal(pages, 5);
});

test('a topic that does not exist is an error when it was asked for, and ends no page', async () => {
  const response = await describe(imageOf({ bee: 1 }), { topics: [{ name: 'gone' }, { name: 'bee' }, { name: 'a/b' }] });
  assert.deepEqual(
    response.topics.map(({ name, errorCode }) => [name, errorCode]),
    [
      ['a/b', ErrorCode.INVALID_TOPIC_EXCEPTION],
      ['bee', ErrorCode.NONE],
      ['gone', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ],
  );
  assert.equal(response.nextCursor, null);
});

test('a page that is exactly full points at the next topic', async () => {
  const response = await describe(imageOf({ a: 2, b: 1 }), { responsePartitionLimit: 2 });
  assert.deepEqual(response.nextCursor, { topicName: 'b', partitionIndex: 0 });
});

test('a cursor must be for one of the topics that are asked for', async () => {
  const cursor = { topicName: 'c', partitionIndex: 0 };
  const response = await describe(imageOf({ a: 1 }), { topics: [{ name: 'a' }], cursor });
  assert.deepEqual(
    response.topics.map(({ errorCode }) => errorCode),
    [ErrorCode.INVALID_REQUEST],
  );
});
