/**
 * When nobody has to look at a leader by the clock, and what makes it worth a look again. The measure is always the one that
 * looks all the time: it must come to the same ISR.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lagTimeMaxMs, leaderFixture, stateOf, type LeaderFixture } from './partition-fixture.ts';

/** Three records, which everybody has. */
function settled(): LeaderFixture {
  const fixture = leaderFixture();
  fixture.append(3);
  fixture.report(2, 3);
  fixture.report(3, 3);
  assert.equal(fixture.leader.maybeSettle(), true);
  return fixture;
}

test('a leader settles when every replica is in the ISR and has everything', () => {
  const { leader, append, report, timesUnsettled } = leaderFixture();
  assert.equal(leader.maybeSettle(), false, 'nobody has reported');
  append(3);
  report(2, 3);
  report(3, 3, { durableOffset: 2 });
  assert.equal(leader.maybeSettle(), false, 'broker 3 has not synced the last record');
  report(3, 3);
  assert.equal(leader.maybeSettle(), true);
  assert.equal(timesUnsettled(), 0);
});

test('a leader with a replica outside the ISR, or with a change under way, does not settle', () => {
  const { leader, report } = leaderFixture({ state: { isr: [1, 2] } });
  report(2, 0);
  report(3, 0);
  assert.equal(leader.maybeSettle(), false);
  assert.notEqual(leader.maybeProposeIsr(0), null);
  assert.equal(leader.maybeSettle(), false);
});

test('A16: an append after a long quiet time does not make the followers look late, and one that stays behind is', () => {
  const { leader, append, report, timesUnsettled } = settled();
  const appendedMs = 10 * lagTimeMaxMs;
  append(1, appendedMs);
  assert.equal(timesUnsettled(), 1);
  report(2, 4, { nowMs: appendedMs + 1 });
  assert.equal(leader.maybeProposeIsr(appendedMs + lagTimeMaxMs), null);
  assert.equal(leader.maybeSettle(), false);
  const proposal = leader.maybeProposeIsr(appendedMs + lagTimeMaxMs + 1);
  assert.deepEqual(
    proposal?.isr.map(({ brokerId }) => brokerId),
    [1, 2],
  );
});

test('A16: a follower that has less than it had is late from that moment on', () => {
  const { leader, report, timesUnsettled } = settled();
  const lostMs = 10 * lagTimeMaxMs;
  report(3, 2, { nowMs: lostMs });
  assert.equal(timesUnsettled(), 1);
  assert.equal(leader.maybeProposeIsr(lostMs + lagTimeMaxMs), null);
  assert.notEqual(leader.maybeProposeIsr(lostMs + lagTimeMaxMs + 1), null);
});

test('a leader says once that it has to be looked at, and again after it has settled again', () => {
  const { leader, append, report, timesUnsettled } = settled();
  append(1);
  append(1);
  assert.equal(timesUnsettled(), 1);
  report(2, 5);
  report(3, 5);
  assert.equal(leader.maybeSettle(), true);
  append(1);
  assert.equal(timesUnsettled(), 2);
});

test('news of the partition are looked at: another replica is one that has not reported', () => {
  const { leader, timesUnsettled } = settled();
  leader.onMetadata(stateOf({ replicas: [1, 2, 3, 4], partitionEpoch: 11 }), 5);
  assert.equal(timesUnsettled(), 1);
  assert.equal(leader.maybeSettle(), false);
});
