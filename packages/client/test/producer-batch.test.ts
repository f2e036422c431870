/**
 * The order in which a partition's batches may leave, above all when some have to go again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBatchHeader } from '@jackdaw/protocol';
import { PartitionQueue, ProducerBatch, toPending } from '../src/producer-batch.ts';

const identity = { producerId: 7, producerEpoch: 1 };
const encoding = { compression: 'none', codecs: undefined } as const;

function batchOf(queue: PartitionQueue, records: number): ProducerBatch {
  const batch = new ProducerBatch(queue, 0);
  for (let i = 0; i < records; i++) {
    batch.add(toPending({ topic: queue.topic, value: `v${i}` }, 1000 + i, { resolve: () => undefined, reject: () => undefined }));
  }
  return batch;
}

test('sequence numbers follow the records, and a batch keeps its bytes through retries', () => {
  const queue = new PartitionQueue('t', 0);
  const first = batchOf(queue, 3);
  const second = batchOf(queue, 2);
  const bytes = first.bytes(identity, encoding);
  second.bytes(identity, encoding);
  assert.deepEqual([first.baseSequence, second.baseSequence, queue.nextSequence], [0, 3, 5]);
  assert.equal(first.bytes(identity, encoding), bytes);
  const header = readBatchHeader(bytes, 0);
  assert.deepEqual([header.producerId, header.producerEpoch, header.baseSequence, header.recordsCount], [7, 1, 0, 3]);
});

test('batches that go again line up by sequence, before those that were never sent', () => {
  const queue = new PartitionQueue('t', 0);
  const batches = [batchOf(queue, 1), batchOf(queue, 1), batchOf(queue, 1)];
  for (const batch of batches.slice(0, 2)) {
    batch.bytes(identity, encoding);
    batch.attempts = 1;
  }
  queue.ready.push(batches[2] as ProducerBatch);
  queue.requeue(batches[1] as ProducerBatch);
  queue.requeue(batches[0] as ProducerBatch);
  assert.deepEqual(queue.ready, batches);
});

test('a batch that goes again waits until nothing is in flight, and nothing overtakes it', () => {
  const queue = new PartitionQueue('t', 0);
  const [first, second, third] = [batchOf(queue, 1), batchOf(queue, 1), batchOf(queue, 1)];
  first.attempts = 1;
  second.attempts = 1;
  queue.inFlight.add(second);
  queue.requeue(first);
  queue.ready.push(third);
  assert.equal(queue.canSend, false, 'the second is still in flight');
  queue.inFlight.delete(second);
  assert.equal(queue.canSend, true);
  queue.ready.shift();
  first.attempts = 2;
  queue.inFlight.add(first);
  assert.equal(queue.canSend, false, 'the third must not overtake the repetition');
});
