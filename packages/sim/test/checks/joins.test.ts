/**
 * Members of an ISR that their leader cannot know to be fit.
 */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { PartitionRegistration } from '@jackdaw/metadata';
import type { PartitionLeader } from '@jackdaw/replication';
import { GhostPartition } from '../../src/checks/ghost-partition.ts';
import { expectJoins } from '../../src/checks/joins.ts';
import { bites } from './fakes.ts';

/** Node 2 came in under the broker epoch 7 and had reported to its leader under this one. */
function joinedAfter(reported: number): GhostPartition {
  const ghost = new GhostPartition({ topicName: 't', partition: 0 }, {} as PartitionRegistration, 1);
  const leader = { follower: () => ({ brokerEpoch: reported }) } as unknown as PartitionLeader;
  ghost.leaders.set(3, { leader, label: 'node 1, start 1' });
  ghost.joined.push({ id: 2, leaderEpoch: 3, brokerEpoch: 7 });
  return ghost;
}

test('a replica that joins the ISR by what it reported before its restart is noticed (JoinsByOwnReport, A14)', () => {
  bites('JoinsByOwnReport', () => expectJoins(joinedAfter(5)));
});

test('one that has reported under its registration, or has restarted since, passes and is looked at once', () => {
  for (const reported of [7, 9, -1]) {
    const ghost = joinedAfter(reported);
    expectJoins(ghost);
    assert.equal(ghost.joined.length, 0);
  }
});
