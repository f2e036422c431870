/** A read for a consumer that takes its time: what may be answered when the role has ended meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode, zeroUuid } from '@jackdaw/protocol';
import type { BrokerServices } from '../../src/broker-services.ts';
import type { FetchPartition } from '../../src/fetch/fetch-sessions.ts';
import { readPartition } from '../../src/fetch/read-partition.ts';

const wanted = {
  ...{ topic: 't1', topicId: zeroUuid, partition: 0, fetchOffset: 0, maxBytes: 1_000 },
  ...{ currentLeaderEpoch: -1, lastFetchedEpoch: -1, logStartOffset: -1, sentHighWatermark: -1, sentLogStartOffset: -1 },
} satisfies FetchPartition;

/** A broker that leads one partition, whose log is read when the test says so. */
function slowBroker() {
  let finish: (read: object) => void = () => undefined;
  const leader = { highWatermark: 10, checkEpoch: () => ErrorCode.NONE };
  const hosted: Record<string, unknown> = {
    leader,
    storageFailure: null,
    log: { logStartOffset: 0, logEndOffset: 10, read: () => new Promise((resolve) => (finish = resolve)) },
  };
  const image = { topicByName: () => ({ id: 'an id', partitions: new Map([[0, {}]]) }) };
  const broker: unknown = { image: () => image, replicas: { getById: () => hosted } };
  const read = { kind: 'records', chunks: [new Uint8Array(70)], sizeBytes: 70, nextOffset: 10 };
  return { broker: broker as BrokerServices, hosted, finish: () => finish(read) };
}

test('A20: records that were read are answered while the role lasts', async () => {
  const { broker, finish } = slowBroker();
  const reading = readPartition(broker, wanted, { maxBytes: 1_000, minOneBatch: true });
  finish();
  const { errorCode, sizeBytes } = await reading;
  assert.deepEqual([errorCode, sizeBytes], [ErrorCode.NONE, 70]);
});

test('A20: records that were read when the role had ended, or begun anew, are not answered', async () => {
  for (const next of [null, { highWatermark: 10, checkEpoch: () => ErrorCode.NONE }]) {
    const { broker, hosted, finish } = slowBroker();
    const reading = readPartition(broker, wanted, { maxBytes: 1_000, minOneBatch: true });
    hosted['leader'] = next;
    finish();
    const { errorCode, records } = await reading;
    assert.deepEqual([errorCode, records.length], [ErrorCode.NOT_LEADER_OR_FOLLOWER, 0]);
  }
});
