/** The model of elections and ISR changes, case by case; the cases follow KIP-966 and Kafka's PartitionChangeBuilder. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergePartitionChange, type PartitionRegistration } from '../../src/index.ts';
import { buildPartitionChange, type PartitionChangeInput } from '../../src/controller/partition-change.ts';
import { testUuid } from '../fixtures.ts';

const topicId = testUuid('T', 1);

function registration(fields: Partial<PartitionRegistration> = {}): PartitionRegistration {
  const replicas = fields.replicas ?? [1, 2, 3];
  return {
    replicas,
    directories: replicas.map((id) => testUuid('D', id)),
    isr: [1, 2, 3],
    removingReplicas: [],
    addingReplicas: [],
    elr: [],
    lastKnownElr: [],
    leader: 1,
    leaderRecoveryState: 0,
    leaderEpoch: 5,
    partitionEpoch: 50,
    ...fields,
  };
}

/** The registration after the change, or null; by default everybody is alive, min ISR is 2 and ELR on. */
function changed(
  before: PartitionRegistration,
  wanted: Partial<PartitionChangeInput> & { alive?: readonly number[] } = {},
): (PartitionRegistration & { unclean: boolean }) | null {
  const { alive = [1, 2, 3, 4], ...input } = wanted;
  const change = buildPartitionChange({
    topicId,
    partitionId: 0,
    registration: before,
    mayLead: (id) => alive.includes(id),
    minIsr: 2,
    elrEnabled: true,
    ...input,
  });
  return change === null ? null : { ...mergePartitionChange(before, change.record), unclean: change.uncleanElection };
}

test('nothing wanted gives no record', () => {
  assert.equal(changed(registration()), null);
  assert.equal(changed(registration({ leader: 2 })), null);
});

test('an ISR shrink keeps the leader and its epoch, and raises the partition epoch', () => {
  const after = changed(registration(), { isr: [1, 2] });
  assert.deepEqual([after?.leader, after?.leaderEpoch, after?.partitionEpoch], [1, 5, 51]);
});

test('the first live member of the ISR in the order of preference takes over, in a higher epoch', () => {
  const after = changed(registration({ replicas: [3, 1, 2] }), { isr: [2, 3], alive: [2, 3] });
  assert.deepEqual([after?.leader, after?.leaderEpoch, after?.unclean], [3, 6, false]);
});

test('A17: below min ISR whoever leaves the ISR stays eligible, and the ELR empties at min ISR', () => {
  const one = changed(registration({ isr: [1, 2] }), { isr: [1] });
  assert.deepEqual([one?.isr, one?.elr], [[1], [2]]);
  assert.ok(one);
  const two = changed(one, { isr: [1, 3] });
  assert.deepEqual([two?.isr, two?.elr], [[1, 3], []]);
});

test('A17: with an empty ISR an eligible replica leads, alone in the ISR, and the others stay eligible', () => {
  const offline = registration({ isr: [], elr: [2, 3], leader: -1, lastKnownElr: [1] });
  const after = changed(offline, { alive: [3] });
  assert.deepEqual([after?.leader, after?.isr, after?.elr, after?.lastKnownElr], [3, [3], [2], []]);
  assert.deepEqual([after?.unclean, after?.leaderRecoveryState], [false, 0]);
});

test('A17: while the ISR has members nobody of the ELR is elected, though none of them can lead', () => {
  const offline = registration({ isr: [1], elr: [2, 3], leader: -1 });
  assert.equal(changed(offline, { alive: [2, 3] }), null);
});

test('A18: a replica that stopped uncleanly leaves ISR and ELR', () => {
  const before = registration({ isr: [1], elr: [2, 3] });
  const after = changed(before, { isr: [], uncleanShutdownReplicas: [1], alive: [] });
  assert.deepEqual([after?.isr, after?.elr, after?.leader, after?.lastKnownElr], [[], [2, 3], -1, [1]]);
});

test('the last known leader leads again only when nobody is eligible any more, and counts as unclean', () => {
  const offline = registration({ isr: [], elr: [2], leader: -1, lastKnownElr: [1] });
  assert.equal(changed(offline, { alive: [1] }), null);
  const after = changed({ ...offline, elr: [] }, { alive: [1, 2] });
  assert.deepEqual([after?.leader, after?.isr, after?.leaderRecoveryState, after?.unclean], [1, [1], 1, true]);
  assert.deepEqual(after?.lastKnownElr, []);
});

test('A23: a live replica outside ISR and ELR leads only in an unclean election, alone and recovering', () => {
  const before = registration({ isr: [1] });
  const clean = changed(before, { isr: [], alive: [2, 3] });
  assert.deepEqual([clean?.leader, clean?.isr, clean?.elr], [-1, [], [1]]);
  const unclean = changed(before, { isr: [], alive: [2, 3], election: 'unclean' });
  assert.deepEqual([unclean?.leader, unclean?.isr, unclean?.elr, unclean?.leaderRecoveryState], [2, [2], [], 1]);
  assert.equal(unclean?.unclean, true);
});

test('without ELR the last ISR is kept while its members are down, so that they may lead again', () => {
  const down = changed(registration({ isr: [1] }), { isr: [], alive: [], elrEnabled: false });
  assert.deepEqual([down?.leader, down?.isr, down?.elr, down?.lastKnownElr], [-1, [1], [], []]);
  assert.ok(down);
  const up = changed(down, { alive: [1, 2], elrEnabled: false });
  assert.deepEqual([up?.leader, up?.leaderEpoch], [1, 7]);
});

test('A9: a leader that went away and came back leads in a higher epoch', () => {
  const before = registration({ isr: [1], replicas: [1] });
  const down = changed(before, { isr: [], alive: [], minIsr: 1 });
  assert.ok(down);
  const up = changed(down, { alive: [1], minIsr: 1 });
  assert.deepEqual([up?.leader, up?.leaderEpoch], [1, before.leaderEpoch + 2]);
});

test('a preferred election moves the leadership to the first replica only when it is in sync and alive', () => {
  const before = registration({ leader: 2 });
  assert.equal(changed(before, { election: 'preferred' })?.leader, 1);
  assert.equal(changed(before, { election: 'preferred', alive: [2, 3] }), null);
  assert.equal(changed({ ...before, isr: [2, 3] }, { election: 'preferred' }), null);
});

test('A24: a reassignment is complete when all new replicas are in sync, and then takes the old ones away', () => {
  const moving = registration({ replicas: [4, 2, 3, 1], addingReplicas: [4], removingReplicas: [1] });
  assert.equal(changed(moving), null);
  const done = changed(moving, { isr: [1, 2, 3, 4] });
  assert.deepEqual([done?.replicas, done?.isr, done?.addingReplicas, done?.removingReplicas], [[4, 2, 3], [2, 3, 4], [], []]);
  assert.deepEqual([done?.leader, done?.leaderEpoch], [4, 6]);
  assert.equal(done?.directories.length, 3);
});

test('A24: a partition does not shrink below its ISR by a reassignment of its own', () => {
  const shrinking = registration({ replicas: [2, 3, 1], isr: [1, 2], removingReplicas: [1] });
  assert.equal(changed(shrinking), null);
  const done = changed(shrinking, { isr: [1, 2, 3] });
  assert.deepEqual([done?.replicas, done?.isr, done?.leader], [[2, 3], [2, 3], 2]);
});
