/**
 * Who joins and leaves the ISR, and what the leader believes while the controller has not answered.
 *
 * Each condition of A14 has a test in which it alone is not met.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from '@jackdaw/protocol';
import type { IsrProposal } from '../src/index.ts';
import { MemoryLog } from './memory-log.ts';
import { lagTimeMaxMs, leaderFixture, stateOf, type LeaderFixture } from './partition-fixture.ts';

function members(proposal: IsrProposal | null): number[] | null {
  return proposal === null ? null : proposal.isr.map(({ brokerId }) => brokerId);
}

/** Broker 3 is outside the ISR; five records of older epochs, high watermark 4, own epoch from 5 on. */
function withOutsider(): LeaderFixture {
  const fixture = leaderFixture({ log: MemoryLog.of(0, 0, 0, 0, 0), state: { isr: [1, 2] }, highWatermark: 4 });
  fixture.report(2, 5);
  return fixture;
}

test('A14: a follower with everything of the earlier epochs joins, under the broker epoch that it reports', () => {
  const { leader, report } = withOutsider();
  report(3, 5);
  assert.deepEqual(leader.maybeProposeIsr(0), {
    leaderEpoch: 5,
    partitionEpoch: 10,
    isr: [
      { brokerId: 1, brokerEpoch: 101 },
      { brokerId: 2, brokerEpoch: 102 },
      { brokerId: 3, brokerEpoch: 103 },
    ],
  });
});

test('A14: not before it has fetched in this leader epoch', () => {
  assert.equal(withOutsider().leader.maybeProposeIsr(0), null);
});

test('A14: not below the high watermark', () => {
  const { leader, append, report } = withOutsider();
  append(3);
  report(2, 8);
  assert.equal(leader.highWatermark, 8);
  report(3, 7);
  assert.equal(leader.maybeProposeIsr(0), null);
  report(3, 8);
  assert.deepEqual(members(leader.maybeProposeIsr(0)), [1, 2, 3]);
});

test('A14: not below the start of the epoch, although the high watermark lags behind it', () => {
  const { leader, report } = leaderFixture({ log: MemoryLog.of(0, 0, 0, 0, 0), state: { isr: [1, 2] }, highWatermark: 2 });
  report(3, 4);
  assert.equal(leader.highWatermark, 2);
  assert.equal(leader.maybeProposeIsr(0), null);
  report(3, 5);
  assert.deepEqual(members(leader.maybeProposeIsr(0)), [1, 2, 3]);
});

test('A14: not with records that it has not synced', () => {
  const { leader, report } = withOutsider();
  report(3, 5, { durableOffset: 3 });
  assert.equal(leader.maybeProposeIsr(0), null);
});

test('A14: not under another broker epoch than the registered one', () => {
  const { leader, report, brokers } = withOutsider();
  report(3, 5, { brokerEpoch: 99 });
  assert.equal(leader.maybeProposeIsr(0), null);
  report(3, 5);
  brokers.set(3, { brokerEpoch: 104, isFenced: false, isShuttingDown: false });
  assert.equal(leader.maybeProposeIsr(0), null);
});

test('A14: not while it is fenced, shutting down or not registered', () => {
  const { leader, report, brokers } = withOutsider();
  report(3, 5);
  brokers.set(3, { brokerEpoch: 103, isFenced: true, isShuttingDown: false });
  assert.equal(leader.maybeProposeIsr(0), null);
  brokers.set(3, { brokerEpoch: 103, isFenced: false, isShuttingDown: true });
  assert.equal(leader.maybeProposeIsr(0), null);
  brokers.delete(3);
  assert.equal(leader.maybeProposeIsr(0), null);
});

test('A14: a follower that is about to join is waited for, so that it can join', () => {
  const { leader, append, report } = withOutsider();
  report(3, 5);
  append(2);
  report(2, 7);
  assert.equal(leader.highWatermark, 5);
  report(3, 7);
  assert.equal(leader.highWatermark, 7);
});

test('A15: a committed answer counts once, older ones and those of another leader epoch not at all', () => {
  const { leader, report } = withOutsider();
  report(3, 5);
  leader.maybeProposeIsr(0);
  leader.onIsrAnswer({ isr: [1, 2, 3], partitionEpoch: 11, leaderEpoch: 4 }, 0);
  leader.onIsrAnswer({ isr: [1], partitionEpoch: 10, leaderEpoch: 5 }, 0);
  assert.deepEqual([...leader.committedIsr], [1, 2]);
  leader.onIsrAnswer({ isr: [1, 2, 3], partitionEpoch: 11, leaderEpoch: 5 }, 0);
  assert.deepEqual([...leader.committedIsr], [1, 2, 3]);
  assert.equal(leader.partitionEpoch, 11);
  leader.onMetadata(stateOf({ isr: [1], partitionEpoch: 9 }), 0);
  assert.deepEqual([...leader.committedIsr], [1, 2, 3]);
});

test('A15: after a refusal that says "not applied" the leader is back at the committed ISR', () => {
  const { leader, append, report } = withOutsider();
  report(3, 5);
  leader.maybeProposeIsr(0);
  append(1);
  report(2, 6);
  leader.onIsrAnswer({ error: ErrorCode.INELIGIBLE_REPLICA }, lagTimeMaxMs + 1);
  assert.deepEqual([...leader.maximalIsr], [1, 2]);
  assert.equal(leader.pendingProposal(), null);
  assert.equal(leader.highWatermark, 6);
});

for (const [name, error] of [
  ['INVALID_UPDATE_VERSION', ErrorCode.INVALID_UPDATE_VERSION],
  ['FENCED_LEADER_EPOCH', ErrorCode.FENCED_LEADER_EPOCH],
] as const) {
  test(`A15: after ${name} an earlier attempt may have been applied: the maximal ISR stays until the metadata tells`, () => {
    const { leader, append, report } = withOutsider();
    report(3, 5);
    leader.maybeProposeIsr(0);
    append(1);
    report(2, 6);
    leader.onIsrAnswer({ error }, lagTimeMaxMs + 1);
    assert.deepEqual([...leader.maximalIsr], [1, 2, 3]);
    assert.equal(leader.pendingProposal(), null);
    assert.equal(leader.maybeProposeIsr(lagTimeMaxMs + 1), null);
    assert.equal(leader.highWatermark, 5);
    leader.onMetadata(stateOf({ isr: [1, 2], partitionEpoch: 11 }), lagTimeMaxMs + 1);
    assert.deepEqual([...leader.maximalIsr], [1, 2]);
    assert.equal(leader.highWatermark, 6);
  });
}

test('A15: a change whose outcome is unknown is asked for again with the same epochs', () => {
  const { leader, report } = withOutsider();
  report(3, 5);
  const asked = leader.maybeProposeIsr(0);
  leader.onIsrAnswer({ error: ErrorCode.NOT_CONTROLLER }, 0);
  assert.deepEqual(leader.pendingProposal(), asked);
  assert.equal(leader.maybeProposeIsr(0), null);
});

test('A16: a member is out after the lag time, and then does not delay anybody', () => {
  const { leader, append, report } = leaderFixture();
  append(1);
  report(2, 1, { nowMs: lagTimeMaxMs });
  assert.equal(leader.maybeProposeIsr(lagTimeMaxMs), null);
  assert.deepEqual(members(leader.maybeProposeIsr(lagTimeMaxMs + 1)), [1, 2]);
  leader.onIsrAnswer({ isr: [1, 2], partitionEpoch: 11, leaderEpoch: 5 }, lagTimeMaxMs + 1);
  assert.equal(leader.highWatermark, 1);
});

test('A16: a quiet partition keeps its ISR when the next append finds silent followers', () => {
  const { leader, log, append, report } = leaderFixture();
  append(1);
  report(2, 1);
  report(3, 1);
  for (let nowMs = 0; nowMs <= 10 * lagTimeMaxMs; nowMs += 1_000) assert.equal(leader.maybeProposeIsr(nowMs), null);
  log.append(5, 1);
  assert.equal(leader.maybeProposeIsr(10 * lagTimeMaxMs + 1_000), null);
});

test('A18: a member that the controller has taken out counts no longer, and may come back when it has caught up', () => {
  const { leader, append, report, brokers } = leaderFixture();
  append(4);
  report(2, 4);
  report(3, 4);
  brokers.set(3, { brokerEpoch: 203, isFenced: false, isShuttingDown: false });
  leader.onMetadata(stateOf({ isr: [1, 2], partitionEpoch: 11 }), 0);
  assert.equal(leader.maybeProposeIsr(0), null);
  report(3, 1, { brokerEpoch: 203 });
  assert.equal(leader.maybeProposeIsr(0), null);
  report(3, 4, { brokerEpoch: 203 });
  assert.deepEqual(leader.maybeProposeIsr(0)?.isr.at(-1), { brokerId: 3, brokerEpoch: 203 });
});

test('A24: a replica that is added is heard, one that is removed is forgotten', () => {
  const { leader, report, brokers } = leaderFixture();
  brokers.set(4, { brokerEpoch: 104, isFenced: false, isShuttingDown: false });
  report(4, 0);
  assert.equal(leader.follower(4), undefined);
  leader.onMetadata(stateOf({ replicas: [1, 2, 4], isr: [1, 2], partitionEpoch: 11 }), 0);
  assert.equal(leader.follower(3), undefined);
  assert.equal(leader.maybeProposeIsr(0), null);
  report(4, 0);
  assert.deepEqual(members(leader.maybeProposeIsr(0)), [1, 2, 4]);
});

test('A23: a leader that was elected uncleanly says once that it has recovered, though its ISR stays', () => {
  const { leader } = leaderFixture({ state: { isr: [1], replicas: [1, 2, 3] } });
  assert.equal(leader.maybeProposeIsr(0), null);
  assert.deepEqual(members(leader.maybeProposeIsr(0, { isRecovering: true })), [1]);
  leader.onIsrAnswer({ isr: [1], partitionEpoch: 11, leaderEpoch: 5 }, 0);
  assert.equal(leader.maybeProposeIsr(0, { isRecovering: false }), null);
});

test('A16: a member that fell silent is left out once, and is not let in again before it has reported', () => {
  const { leader, append, report } = leaderFixture({ log: MemoryLog.of(0, 0), state: { isr: [1, 2] }, highWatermark: 2 });
  report(2, 2);
  append(1);
  const late = lagTimeMaxMs + 1;
  assert.deepEqual(members(leader.maybeProposeIsr(late)), [1]);
  leader.onIsrAnswer({ isr: [1], partitionEpoch: 11, leaderEpoch: 5 }, late);
  // It is at the high watermark, which waits for min.insync.replicas; but nobody has heard of it.
  assert.equal(leader.maybeProposeIsr(late), null);
  report(2, 3);
  assert.deepEqual(members(leader.maybeProposeIsr(late)), [1, 2]);
});

test('A15: an answer in the known partition epoch settles a change that changed nothing, and the next one can be made', () => {
  const { leader, report } = withOutsider();
  // The metadata that ends the recovery has not come yet, so the leader says so a second time.
  assert.deepEqual(members(leader.maybeProposeIsr(0, { isRecovering: true })), [1, 2]);
  leader.onIsrAnswer({ isr: [1, 2], partitionEpoch: 10, leaderEpoch: 5 }, 0);
  assert.equal(leader.pendingProposal(), null);
  report(3, 5);
  assert.deepEqual(members(leader.maybeProposeIsr(0)), [1, 2, 3]);
});

test('A16: one that is stuck at a high watermark that stands still is left out once, and not let in again at each report', () => {
  const { leader, append, report } = leaderFixture({ log: MemoryLog.of(0, 0), state: { isr: [1, 2] }, highWatermark: 2 });
  report(2, 2);
  append(1);
  const late = lagTimeMaxMs + 1;
  assert.deepEqual(members(leader.maybeProposeIsr(late)), [1]);
  leader.onIsrAnswer({ isr: [1], partitionEpoch: 11, leaderEpoch: 5 }, late);
  // Its disk is full: it is heard, and gets no further.
  for (let nowMs = late; nowMs < late + 100; nowMs += 10) {
    report(2, 2, { nowMs });
    assert.equal(leader.maybeProposeIsr(nowMs), null);
  }
  report(2, 3, { nowMs: late + 100 });
  assert.deepEqual(members(leader.maybeProposeIsr(late + 100)), [1, 2]);
});
