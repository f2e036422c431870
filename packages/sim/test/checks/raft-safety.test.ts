/**
 * Each property of Raft is missed when it is broken, one lie of a disk or a node at a time.
 */
import { test } from 'node:test';
import { RaftSafety } from '../../src/checks/raft-safety.ts';
import { bites, fakeCluster, FakeNode, normalEntry, type FakeCluster } from './fakes.ts';

interface Quorum {
  readonly checks: RaftSafety;
  readonly cluster: FakeCluster;
  readonly nodes: readonly [FakeNode, FakeNode, FakeNode];
  readonly look: () => void;
}

/** Three voters that have elected node 1 in term 1 and hold one committed entry. */
function quorum(): Quorum {
  const cluster = fakeCluster();
  const nodes = [new FakeNode(1, cluster), new FakeNode(2, cluster), new FakeNode(3, cluster)] as const;
  const checks = new RaftSafety(() => undefined);
  const look = (): void => {
    for (const { live } of nodes) checks.onEvent(live);
  };
  for (const node of nodes) {
    checks.onStarted(node.live);
    node.vote(1, 1);
    node.storage.append([normalEntry(1, 1)]);
  }
  look();
  nodes[0].lead(1);
  nodes[0].applied = 1;
  look();
  return { checks, cluster, nodes, look };
}

test('a quorum that behaves passes, and a second leader in its term does not (ElectionSafety)', () => {
  const { nodes, look } = quorum();
  nodes[1].lead(1);
  bites('ElectionSafety', look);
});

test('a leader that a majority has not durably voted for is noticed (ElectionSafety, E2)', () => {
  const { nodes, look } = quorum();
  nodes[1].vote(2, 2);
  look();
  nodes[1].lead(2);
  bites('ElectionSafety', look);
});

test('a leader without a committed entry is noticed (LeaderCompleteness)', () => {
  const { nodes, look } = quorum();
  nodes[2].storage.append([normalEntry(1, 2)]);
  nodes[1].vote(3, 3);
  nodes[2].vote(3, 3);
  look();
  nodes[2].lead(3);
  bites('LeaderCompleteness', look);
});

test('two contents of one entry are noticed (LogMatching)', () => {
  const { nodes, look } = quorum();
  nodes[0].storage.append([normalEntry(2, 1, 'this')]);
  nodes[1].storage.append([normalEntry(2, 1, 'that')]);
  bites('LogMatching', look);
});

test('an entry with another one before it is noticed (LogMatching)', () => {
  const { nodes, look } = quorum();
  nodes[0].storage.append([normalEntry(2, 2)]);
  look();
  nodes[1].storage.append([normalEntry(1, 2, 'other'), normalEntry(2, 2)]);
  bites('LogMatching', look);
});

test('a node that applies another entry is noticed (StateMachineSafety)', () => {
  const { nodes, look } = quorum();
  nodes[2].storage.append([normalEntry(1, 2)]);
  look();
  nodes[2].applied = 1;
  bites('StateMachineSafety', look);
});

test('a node that applies what is in no log is noticed (StateMachineSafety)', () => {
  const { nodes, look } = quorum();
  nodes[0].applied = 2;
  bites('StateMachineSafety', look);
});

test('an entry that is applied and not on a majority of disks is noticed (MajorityIsDurable, E2)', () => {
  const { nodes, look } = quorum();
  nodes[0].storage.append([normalEntry(2, 1)]);
  nodes[0].applied = 2;
  bites('MajorityIsDurable', look);
});

test('a second vote in one term is noticed, over a restart too (VoteOncePerTerm)', () => {
  const { nodes, look, cluster, checks } = quorum();
  nodes[1].vote(2, 2);
  look();
  checks.onDied(nodes[1].live);
  const again = new FakeNode(2, cluster, 2);
  again.storage.append([normalEntry(1, 1)]);
  again.vote(2, 3);
  checks.onStarted(again.live);
  bites('VoteOncePerTerm', () => checks.onEvent(again.live));
});

test('a disk that forgets its term or an entry is noticed at the next start (PersistedSurvives)', () => {
  for (const [term, hasEntry] of [
    [0, true],
    [1, false],
  ] as const) {
    const { nodes, cluster, checks } = quorum();
    checks.onDied(nodes[1].live);
    const again = new FakeNode(2, cluster, 2);
    if (hasEntry) again.storage.append([normalEntry(1, 1)]);
    again.vote(term, null);
    bites('PersistedSurvives', () => checks.onStarted(again.live));
  }
});

test('what is applied and what is committed do not go back (MonotonicCommit)', () => {
  const applied = quorum();
  applied.nodes[0].applied = 0;
  bites('MonotonicCommit', applied.look);
  const committed = quorum();
  committed.nodes[1].storage.setHardState({ term: 1, vote: 1, commitIndex: 1 });
  committed.look();
  committed.nodes[1].storage.setHardState({ term: 1, vote: 1, commitIndex: 0 });
  bites('MonotonicCommit', committed.look);
});
