/**
 * Consumers that ask and do not read (correctness F3), and connections that say nothing: what they cost the broker is bounded,
 * and the others are served.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeRequestFrame, ErrorCode, fetchRequest } from '@jackdaw/protocol';
import { batchOf, produce } from './broker-probe.ts';
import { liveBroker } from './live-broker.ts';

const broker = liveBroker({ topics: ['large'], settings: ['connections.max.idle.ms=2000'] });
const mebibyte = 1_048_576;

function fetchFrame(correlationId: number, maxWaitMs = 0, fetchOffset = 0): Uint8Array {
  const maxBytes = 50 * mebibyte;
  const partition = { partition: 0, currentLeaderEpoch: -1, fetchOffset, logStartOffset: -1, partitionMaxBytes: maxBytes };
  const body = { maxWaitMs, minBytes: 1, maxBytes, topics: [{ topic: 'large', partitions: [partition] }] };
  const header = { apiKey: 1, apiVersion: 12, correlationId, clientId: 'stalled' };
  return Buffer.concat(encodeRequestFrame({ schema: fetchRequest, header, body }));
}

test('F3: 100 stalled consumers, each with many large fetches, keep memory flat, and others are served', async (context) => {
  const writer = await broker.open();
  for (let i = 0; i < 24; i++) {
    const outcome = await produce(writer, { topic: 'large', records: batchOf('x'.repeat(900_000)) });
    assert.equal(outcome.errorCode, ErrorCode.NONE);
  }
  const before = broker.process.residentBytes;
  const stalled = await Promise.all(Array.from({ length: 100 }, () => broker.open()));
  for (const connection of stalled) {
    connection.stall();
    connection.send(...Array.from({ length: 50 }, (_, i) => fetchFrame(i)));
  }
  let highest = before;
  const deadline = performance.now() + 5_000;
  while (performance.now() < deadline) {
    await broker.expectServing();
    highest = Math.max(highest, broker.process.residentBytes);
  }
  const grownMiB = Math.round((highest - before) / mebibyte);
  context.diagnostic(`from ${Math.round(before / mebibyte)} to ${Math.round(highest / mebibyte)} MiB`);
  // 100 × 50 × 21 MiB were asked for; 256 MiB and a batch for each consumer may be kept.
  assert.ok(grownMiB < 600, `the broker grew by ${grownMiB} MiB`);
  for (const connection of stalled) connection.close();
  await broker.expectServing();
});

test('a stalled consumer behind a malformed request does not hold its socket for ever', async () => {
  const before = await settledSockets();
  const stalled = await Promise.all(Array.from({ length: 20 }, () => broker.open()));
  for (const connection of stalled) {
    connection.stall();
    connection.send(fetchFrame(1), Buffer.from('0000000a7fff7fff0000000100000000', 'hex'));
  }
  const deadline = performance.now() + 30_000;
  for (;;) {
    const open = await openSockets();
    if (open <= before) break;
    assert.ok(performance.now() < deadline, `${open} files are open, ${before} were before`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
});

test('F4: a connection that says nothing, or a part of a request, is ended after connections.max.idle.ms', async () => {
  const silent = await broker.open();
  const half = await broker.open();
  half.send(fetchFrame(1).subarray(0, 9));
  await Promise.all([silent.whenEnded(15_000), half.whenEnded(15_000)]);
});

test('waiting fetches of clients that are gone are not kept', async () => {
  let before = 0;
  for (let round = 0; round < 30; round++) {
    // By then the collector has had as much to do as it will have.
    if (round === 10) before = broker.process.residentBytes;
    const connections = await Promise.all(Array.from({ length: 100 }, () => broker.open()));
    for (const connection of connections)
      connection.send(...Array.from({ length: 50 }, (_, i) => fetchFrame(i, 0x7fff_ffff, 24)));
    for (const connection of connections) connection.finish();
    await broker.expectServing();
    for (const connection of connections) connection.close();
  }
  await broker.expectServing();
  const grownMiB = Math.round((broker.process.residentBytes - before) / mebibyte);
  assert.ok(grownMiB < 150, `100,000 more abandoned fetches took ${grownMiB} MiB`);
});

/** Once the sockets of the tests before are gone. */
async function settledSockets(): Promise<number> {
  for (;;) {
    const first = await openSockets();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    if ((await openSockets()) === first) return first;
  }
}

async function openSockets(): Promise<number> {
  const { readdir } = await import('node:fs/promises');
  return (await readdir(`/proc/${broker.process.pid}/fd`)).length;
}
