/**
 * Pre-votes of another term, votes against a lease and entries that stay in the database are noticed.
 */
import { test } from 'node:test';
import { QuorumMessages } from '../../src/checks/quorum-messages.ts';
import { QuorumStore } from '../../src/checks/quorum-store.ts';
import type { LiveNode } from '../../src/checks/watch.ts';
import type { SimCluster } from '../../src/cluster/sim-cluster.ts';
import type { QuorumFrame, QuorumTap } from '../../src/world/quorum-tap.ts';
import { bites, normalEntry } from './fakes.ts';
import { MemoryStorage } from '@jackdaw/raft';

const electionMs = 1_000;

/** Node 1 of three voters, as a check sees it. */
function voter(): {
  readonly hears: (frame: Partial<QuorumFrame>) => void;
  readonly says: (frame: Partial<QuorumFrame>) => void;
  readonly state: { role: string; term: number; leaderId: number | null };
  readonly campaign: (term: number) => void;
  readonly wait: (ms: number) => void;
  readonly look: () => void;
} {
  const state = { role: 'follower', term: 1, leaderId: 3 as number | null };
  let nowMs = 10_000;
  let softState: object = {};
  const process = { clock: { monotonicMs: () => nowMs } };
  const quorum = {
    status: state,
    get softState() {
      return softState;
    },
  };
  const node = { id: 1, process, services: { quorum } };
  const world: { quorumTap: QuorumTap | null } = { quorumTap: null };
  const plan = { voters: [1, 2, 3], settings: { 'controller.quorum.election.timeout.ms': String(electionMs) } };
  const cluster = { plan, world, nodes: [node] };
  const check = new QuorumMessages(cluster as unknown as SimCluster);
  const live = { node, process, services: node.services, label: 'node 1', cluster } as unknown as LiveNode;
  type Process = Parameters<QuorumTap['onSent']>[0];
  return {
    hears: (frame) => world.quorumTap?.onDelivered(process as unknown as Process, { from: 2, to: 1, ...frame }),
    says: (frame) => world.quorumTap?.onSent(process as unknown as Process, { from: 1, to: 2, ...frame }),
    state,
    campaign: (term) => (softState = { role: 'candidate', term, leaderId: null }),
    wait: (ms) => (nowMs += ms),
    look: () => check.onEvent(live),
  };
}

test('a candidate whose pre-votes were for another term is noticed (PreVotesOfThisTerm, E5, E10)', () => {
  const { hears, campaign, look } = voter();
  hears({ term: 2, preVoteReply: { isGranted: true } });
  campaign(2);
  look();
  hears({ term: 2, preVoteReply: { isGranted: true } });
  campaign(3);
  bites('PreVotesOfThisTerm', look);
});

test('who is told to take over needs no pre-votes', () => {
  const { hears, campaign, look } = voter();
  hears({ term: 1, timeoutNow: {} });
  campaign(2);
  look();
});

test('a pre-vote or a vote that is granted while the leader is fresh is noticed (LeaseIsKept, E5)', () => {
  for (const [request, answer] of [
    [{ preVote: {} }, { preVoteReply: { isGranted: true } }],
    [{ vote: { isTransfer: false } }, { voteReply: { isGranted: true } }],
  ] as const) {
    const { hears, says, look, wait } = voter();
    hears({ from: 3, term: 1, heartbeat: {} });
    wait(electionMs / 2);
    hears({ term: 2, ...request });
    says({ term: 2, ...answer });
    bites('LeaseIsKept', look);
  }
});

test('a pre-vote may be granted when the lease is over, and a vote that a leader has asked for at once', () => {
  const { hears, says, look, wait } = voter();
  hears({ from: 3, term: 1, heartbeat: {} });
  hears({ term: 2, vote: { isTransfer: true } });
  says({ term: 2, voteReply: { isGranted: true } });
  look();
  wait(electionMs);
  hears({ term: 3, preVote: {} });
  says({ term: 3, preVoteReply: { isGranted: true } });
  look();
});

test('an entry that stays in the database behind the end of the log is noticed, and one that is missing (StoreIsLog, E7)', () => {
  for (const stored of [3, 1]) {
    const storage = new MemoryStorage();
    storage.append([normalEntry(1, 1), normalEntry(2, 1)]);
    const keys = new Set(Array.from({ length: stored }, (_, at) => `e${String(at + 1).padStart(16, '0')}`));
    const node = { database: { written: { keys, changes: 1 } } };
    const live = { node, services: { quorum: { storage } }, label: 'node 1' } as unknown as LiveNode;
    bites('StoreIsLog', () => new QuorumStore().onEvent(live));
  }
});
