/**
 * A short run of the fuzzer with every test run; `fuzz-requests.ts` is the program for long ones.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzRequests } from './fuzz-requests.ts';

test('F4, F5: 50,000 mutated frames are decoded or refused with a ProtocolError, and nothing else happens', (context) => {
  const seed = Number(process.env['FUZZ_SEED'] ?? 20_260_101);
  const result = fuzzRequests({ count: 50_000, seed });
  context.diagnostic(
    `seed ${seed}: ${result.decoded} decoded, ${result.refused} refused, slowest ${result.slowestMs.toFixed(1)} ms`,
  );
  assert.ok(result.decoded > result.frames / 50, 'mutations leave some frames valid');
  assert.ok(result.refused > result.frames / 50, 'mutations break some frames');
});
