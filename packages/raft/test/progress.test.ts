/**
 * What a leader makes of a peer's refusals.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress } from '../src/progress.ts';

test('a peer that refuses what it had acknowledged is asked for less, not for the same for ever', () => {
  const progress = new Progress(21, { maxInflightMessages: 8, maxInflightBytes: 1_000 });
  progress.onContact('disk', 20);
  assert.equal(progress.onAccepted(20, 1), true);
  // Its disk is yesterday's; the stream broke meanwhile.
  progress.becomeProbe();
  assert.equal(progress.nextIndex, 21);
  assert.equal(progress.onRejected(20, 12), true);
  assert.equal(progress.matchIndex, 12);
  assert.equal(progress.nextIndex, 13);
});

test('a refusal of an earlier probe changes nothing', () => {
  const progress = new Progress(21, { maxInflightMessages: 8, maxInflightBytes: 1_000 });
  progress.onContact('disk', 20);
  progress.onAccepted(20, 1);
  progress.becomeProbe();
  assert.equal(progress.onRejected(15, 12), false);
  assert.equal(progress.matchIndex, 20);
});

test('a refusal of what comes before the first entry teaches nothing: there is nothing to refuse', () => {
  const progress = new Progress(1, { maxInflightMessages: 8, maxInflightBytes: 1_000 });
  progress.onContact('disk', 0);
  assert.equal(progress.onRejected(0, 0), false);
  assert.equal(progress.matchIndex, 0);
  assert.equal(progress.nextIndex, 1);
});
