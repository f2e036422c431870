/** An entry of results.md: what a sceptic has to know of a run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordOf } from './record-fixture.ts';
import { entry } from './results-page.ts';

test('an entry says when, what, on what, and what each side has on disk', () => {
  const text = entry(recordOf({ isDirty: true }));
  assert.match(text, /^## 2026-11-22, commit abc1234 with changes\n/);
  assert.match(text, /CPU, 2 cores, 24 GiB, Linux 6, Node v20\.20\.2, Java 17; 3 rounds, scale 1\./);
  assert.match(text, /On disk when a record is acknowledged:\n\n- Jackdaw, fsync: something\.\n/);
});

test('a machine that was not quiet is said to have been none', () => {
  assert.doesNotMatch(entry(recordOf()), /not quiet/);
  assert.match(entry(recordOf({ otherBusyCores: [0.1, 1.24] })), /not quiet\*\*: others kept up to 1\.2 of its cores busy/);
});

test('what failed is not hidden', () => {
  const failures = [{ side: 'kafka', round: 2, work: 'latency', message: 'no cluster' }] as const;
  assert.match(entry(recordOf({ failures })), /Failed: latency, kafka, round 2: no cluster/);
});

test('a run of micro-benchmarks alone has no brokers to speak of', () => {
  const text = entry(recordOf({ figures: [], rounds: 0 }));
  assert.doesNotMatch(text, /On disk|rounds/);
});
