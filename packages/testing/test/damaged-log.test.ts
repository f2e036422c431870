/**
 * B3: a batch that goes bad on a disk costs nothing while another replica has it.
 *
 * Brokers are restarted before the damage is read, so that reads come from the disk and not from the tail cache.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { electLeaders } from '@jackdaw/client';
import { startCluster, type TestCluster } from '../src/index.ts';

const batchCount = 9;
const damagedBatch = 4;
const recordsPerBatch = 5;
const directory = mkdtempSync(join(tmpdir(), 'jackdaw-damage-'));
const decoder = new TextDecoder();
let cluster: TestCluster;

before(async () => {
  cluster = await startCluster({ brokers: 3, directory, config: { 'auto.leader.rebalance.enable': 'false' } });
});

after(async () => {
  await cluster.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('B3: a leader with a corrupt batch on disk serves none of it, another leads, and the replica is fetched anew', async () => {
  await produceBatches('read', 3);
  const damaged = await cluster.waitForLeader('read', 0);
  const other = damaged === 1 ? 2 : 1;
  await cluster.broker(damaged).stop();
  damage(damaged, 'read');
  await cluster.broker(damaged).start();
  await cluster.waitForIsr('read', 3);
  await electLeaders(await cluster.client(), 'preferred', [{ topic: 'read', partition: 0 }]);
  assert.equal(await cluster.waitForLeader('read', 0), damaged);

  assert.deepEqual(await valuesOf('read'), expectedValues);
  assert.notEqual(await cluster.waitForLeader('read', 0, { not: damaged }), damaged);
  await cluster.waitForIsr('read', 3);
  assert.deepEqual(segment(damaged, 'read'), segment(other, 'read'));
});

test('B3: a follower gets none of the corrupt batch that its leader reads, but the next leader’s sound one', async () => {
  await produceBatches('replicated', 3);
  const damaged = await cluster.waitForLeader('replicated', 0);
  const emptied = damaged === 1 ? 2 : 1;
  await cluster.broker(emptied).stop();
  await cluster.broker(damaged).stop();
  damage(damaged, 'replicated');
  // It has nothing any more, and fetches everything from whoever leads.
  rmSync(join(directory, String(emptied), 'replicated-0'), { recursive: true });
  await cluster.broker(damaged).start();
  await cluster.waitForIsr('replicated', 2);
  await electLeaders(await cluster.client(), 'preferred', [{ topic: 'replicated', partition: 0 }]);
  assert.equal(await cluster.waitForLeader('replicated', 0), damaged);
  await cluster.broker(emptied).start();
  await cluster.waitForIsr('replicated', 3);
  assert.deepEqual(await valuesOf('replicated'), expectedValues);
  assert.deepEqual(segment(emptied, 'replicated'), segment(6 - damaged - emptied, 'replicated'));
  assert.deepEqual(segment(damaged, 'replicated'), segment(6 - damaged - emptied, 'replicated'));
});

test('B3: a corrupt batch that recovery finds after a crash is cut off and fetched again', async () => {
  await produceBatches('recovered', 3);
  const damaged = await cluster.waitForLeader('recovered', 0);
  await cluster.broker(damaged).kill();
  damage(damaged, 'recovered');
  await cluster.waitForLeader('recovered', 0, { not: damaged });
  await cluster.broker(damaged).start();
  await cluster.waitForIsr('recovered', 3);
  assert.deepEqual(await valuesOf('recovered'), expectedValues);
  assert.deepEqual(segment(damaged, 'recovered'), segment(damaged === 1 ? 2 : 1, 'recovered'));
});

test('B3: the only copy of a partition goes on leading, and gives the records before its corrupt batch', async () => {
  await produceBatches('single', 1);
  const damaged = await cluster.waitForLeader('single', 0);
  await cluster.broker(damaged).stop();
  damage(damaged, 'single');
  await cluster.broker(damaged).start();
  const sound = damagedBatch * recordsPerBatch;
  const read = await cluster.messages('single', { count: sound });
  assert.deepEqual(texts(read), expectedValues.slice(0, sound));
  await assert.rejects(cluster.messages('single', { count: sound + 1, timeoutMs: 1_500 }), /20 of 21 records/);
  assert.equal(await cluster.waitForLeader('single', 0), damaged);
  await cluster.produce('single', [{ partition: 0, value: 'still written' }]);
});

const expectedValues = Array.from({ length: batchCount * recordsPerBatch }, (_, i) => `value ${i}`);

/** Each of the batches is sent alone, so that it stays one. */
async function produceBatches(topic: string, replicationFactor: number): Promise<void> {
  await cluster.createTopic(topic, { replicationFactor });
  await cluster.waitForIsr(topic, replicationFactor);
  for (let start = 0; start < expectedValues.length; start += recordsPerBatch) {
    const values = expectedValues.slice(start, start + recordsPerBatch);
    await cluster.produce(
      topic,
      values.map((value) => ({ partition: 0, value })),
    );
  }
}

async function valuesOf(topic: string): Promise<string[]> {
  return texts(await cluster.messages(topic, { count: expectedValues.length }));
}

function texts(records: readonly { readonly value: Uint8Array | null }[]): string[] {
  return records.map(({ value }) => decoder.decode(value ?? undefined));
}

function segmentPath(brokerId: number, topic: string): string {
  return join(directory, String(brokerId), `${topic}-0`, '00000000000000000000.log');
}

function segment(brokerId: number, topic: string): Buffer {
  return readFileSync(segmentPath(brokerId, topic));
}

/** Flips one bit of a record in the middle of the file. */
function damage(brokerId: number, topic: string): void {
  const bytes = segment(brokerId, topic);
  let position = 0;
  for (let batch = 0; batch < damagedBatch; batch++) position += 12 + bytes.readInt32BE(position + 8);
  assert.equal(Number(bytes.readBigInt64BE(position)), damagedBatch * recordsPerBatch);
  const at = position + 70;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(segmentPath(brokerId, topic), bytes);
}
