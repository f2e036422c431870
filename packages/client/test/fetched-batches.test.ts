/**
 * Fetched bytes into records: positions, transactions, damage.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBatch, encodeEndTxnMarker } from '@jackdaw/protocol';
import { readFetched } from '../src/fetched-batches.ts';

const values = (...texts: string[]): { key: null; value: Uint8Array; timestamp: number }[] =>
  texts.map((text) => ({ key: null, value: Buffer.from(text), timestamp: 5 }));

function read(bytes: Uint8Array, fromOffset: number, aborted: { producerId: number; firstOffset: number }[] | null = null) {
  const fetched = readFetched({ topic: 't', partition: 0, bytes, fromOffset, aborted }, undefined);
  return {
    texts: fetched.records.map((record) => `${record.offset}:${Buffer.from(record.value ?? []).toString()}`),
    nextOffset: fetched.nextOffset,
  };
}

test('records before the position are dropped, and an incomplete batch at the end is left for later', () => {
  const bytes = Buffer.concat([
    encodeBatch({ records: values('a', 'b', 'c'), baseOffset: 10 }),
    encodeBatch({ records: values('d'), baseOffset: 13 }),
  ]);
  assert.deepEqual(read(bytes, 11), { texts: ['11:b', '12:c', '13:d'], nextOffset: 14 });
  assert.deepEqual(read(bytes.subarray(0, bytes.length - 1), 11), { texts: ['11:b', '12:c'], nextOffset: 13 });
});

test('a batch whose bytes were damaged is an error, not a record', () => {
  const bytes = encodeBatch({ records: values('a'), baseOffset: 0 });
  bytes[bytes.length - 2] = (bytes[bytes.length - 2] as number) ^ 1;
  assert.throws(() => read(bytes, 0), /checksum/);
});

test('read_committed drops what an aborted transaction wrote, from its first offset to its marker', () => {
  const transaction = { producerId: 9, producerEpoch: 0, isTransactional: true } as const;
  const bytes = Buffer.concat([
    encodeBatch({ records: values('aborted'), baseOffset: 0, baseSequence: 0, ...transaction }),
    encodeBatch({ records: values('plain'), baseOffset: 1 }),
    encodeEndTxnMarker({ producerId: 9, producerEpoch: 0, isCommit: false, coordinatorEpoch: 1, timestamp: 6, baseOffset: 2 }),
    encodeBatch({ records: values('committed'), baseOffset: 3, baseSequence: 1, ...transaction }),
    encodeEndTxnMarker({ producerId: 9, producerEpoch: 0, isCommit: true, coordinatorEpoch: 1, timestamp: 7, baseOffset: 4 }),
  ]);
  assert.deepEqual(read(bytes, 0, [{ producerId: 9, firstOffset: 0 }]), { texts: ['1:plain', '3:committed'], nextOffset: 5 });
  assert.deepEqual(read(bytes, 0).texts, ['0:aborted', '1:plain', '3:committed']);
});
