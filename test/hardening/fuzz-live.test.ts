/**
 * A short run of the live fuzzer with every test run; `fuzz-live.ts` is the program for long ones (FUZZ_LIVE_COUNT in CI).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzLive } from './fuzz-live.ts';

test('F4, F5, F7, F9: a live broker withstands mutated requests and serves right answers among them', async (context) => {
  const count = Number(process.env['FUZZ_LIVE_COUNT'] ?? 5_000);
  const seed = Number(process.env['FUZZ_SEED'] ?? 20_260_101);
  const result = await fuzzLive({ count, seed });
  const { requests, answered, closed, seconds, startRssMiB, maxRssMiB, slowestProbeMs } = result;
  context.diagnostic(
    `seed ${seed}: ${requests} requests in ${seconds.toFixed(1)} s, ${answered} answered, ${closed} connections ended by the ` +
      `broker, RSS ${startRssMiB} to ${maxRssMiB} MiB, slowest probe ${slowestProbeMs} ms`,
  );
  assert.deepEqual([...result.findings], []);
  assert.ok(answered > requests / 20, 'well-formed requests are answered');
  assert.ok(closed > requests / 40, 'malformed requests end their connections');
});
