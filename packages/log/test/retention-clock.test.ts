/** The clock by which records expire does not jump. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxDoubtMs, RetentionClock } from '../src/retention-clock.ts';

const hourMs = 3_600_000;
const startMs = 1_700_000_000_000;

test('B19: a wall clock that jumps ahead, falls back or strobes does not make records older', () => {
  const clock = new RetentionClock(startMs, 5);
  let monotonicMs = 5;
  for (const offsetMs of [0, hourMs, 0, -hourMs, hourMs, 0, 30 * 24 * hourMs, 0]) {
    monotonicMs += 300_000;
    const realMs = startMs + monotonicMs - 5;
    const trustedMs = clock.trust(realMs + offsetMs, monotonicMs);
    assert.ok(trustedMs <= realMs && trustedMs >= realMs - hourMs - 1, `${trustedMs - realMs} with ${offsetMs}`);
  }
});

test('B19: a clock that was corrected is believed after some hours, and small differences at once', () => {
  const clock = new RetentionClock(startMs, 0);
  assert.equal(clock.trust(startMs + 330_000, 300_000), startMs + 330_000);
  const correctedMs = startMs + 24 * hourMs;
  assert.equal(clock.trust(correctedMs + 600_000, 600_000), startMs + 630_000);
  assert.equal(clock.trust(correctedMs + 600_000 + maxDoubtMs, 600_000 + maxDoubtMs), correctedMs + 600_000 + maxDoubtMs);
  assert.equal(clock.trust(correctedMs + 900_000 + maxDoubtMs, 900_000 + maxDoubtMs), correctedMs + 900_000 + maxDoubtMs);
});
