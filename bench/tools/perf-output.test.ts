/** What Kafka's tools print, read: samples of Kafka 4.3.1's own output. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longestGapMs } from './ack-stream.ts';
import { readConsumerSummary, readEndToEndSummary, readProducerSummary } from './perf-output.ts';

const window = '24981 records sent, 4996.2 records/sec (4.88 MB/sec), 12.3 ms avg latency, 345.0 ms max latency.';
const total =
  '100000 records sent, 51203.277010 records/sec (50.00 MB/sec), 120.52 ms avg latency, 480.00 ms max latency, ' +
  '98 ms 50th, 301 ms 95th, 402 ms 99th, 470 ms 99.9th.';
const steady =
  '80000 steady state records sent, 61203.277010 records/sec (59.77 MB/sec), 100.52 ms avg latency, 380.00 ms max latency, ' +
  '88 ms 50th, 201 ms 95th, 302 ms 99th, 370 ms 99.9th.';

test('the total of producer-perf is read, not a window', () => {
  const summary = readProducerSummary([window, total].join('\n'));
  assert.deepEqual(summary, {
    ...{ records: 100_000, recordsPerSecond: 51_203.27701, mbPerSecond: 50, averageMs: 120.52, maxMs: 480 },
    ...{ p50Ms: 98, p95Ms: 301, p99Ms: 402, p999Ms: 470 },
  });
});

test('with a warm-up the steady state is what counts', () => {
  const { records, mbPerSecond, p99Ms } = readProducerSummary([window, total, steady].join('\n'));
  assert.deepEqual({ records, mbPerSecond, p99Ms }, { records: 80_000, mbPerSecond: 59.77, p99Ms: 302 });
});

test('a consumer is as fast as it fetches, without joining its group', () => {
  const output = [
    'start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, ' +
      'fetch.MB.sec, fetch.nMsg.sec',
    '2026-11-22 10:00:00:000, 2026-11-22 10:00:05:000, 976.5625, 195.3125, 1000000, 200000.0000, 1000, 4000, ' +
      '244.1406, 250000.0000',
  ].join('\n');
  assert.deepEqual(readConsumerSummary(output), {
    ...{ records: 1_000_000, mb: 976.5625, mbPerSecond: 244.1406, recordsPerSecond: 250_000 },
  });
});

test('the percentiles of e2e-latency are read', () => {
  const output = '0\t12.3\nAvg latency: 2.1234 ms\nPercentiles: 50th = 1, 99th = 12, 99.9th = 29\n';
  assert.deepEqual(readEndToEndSummary(output), { averageMs: 2.1234, p50Ms: 1, p99Ms: 12, p999Ms: 29 });
});

test('output without a summary is an error that shows its end', () => {
  assert.throws(
    () => readProducerSummary('Exception in thread'),
    /producer-perf has not printed its summary.*Exception in thread/,
  );
  assert.throws(() => readConsumerSummary('WARNING: Exiting'), /consumer-perf/);
  assert.throws(() => readEndToEndSummary(''), /e2e-latency/);
});

test('the longest gap is that of an acknowledgement after the kill from the one before it', () => {
  assert.equal(longestGapMs([0, 5_000, 5_010, 7_500, 7_510], 5_005), 2_490);
  assert.equal(longestGapMs([0, 5_000, 5_010], 5_005), 10);
  assert.equal(longestGapMs([], 0), 0);
});
