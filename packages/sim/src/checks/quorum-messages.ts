/**
 * What the quorum's messages promise, by the messages themselves.
 *
 *   PreVotesOfThisTerm   who begins a term was granted pre-votes for this very term by a majority, or told to take over (E5, E10)
 *   LeaseIsKept          a voter that has just heard its leader grants nobody a pre-vote or a vote, but for a hand-over (E5)
 */
import type { SoftState } from '@jackdaw/raft';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import type { SimProcess } from '../world/process.ts';
import type { QuorumFrame, QuorumTap } from '../world/quorum-tap.ts';
import { fail } from './check.ts';
import type { Family, LiveNode } from './watch.ts';

/** What one process has heard. */
interface Heard {
  /** Term → voters whose pre-votes for it have come. */
  readonly granted: Map<number, Set<number>>;
  /** Terms that it may begin because a leader has told it to take over. */
  readonly toldToBegin: Set<number>;
  /** Its last word from a leader, by its own clock. */
  leader: { readonly id: number; readonly term: number; readonly atMs: number } | null;
  /** Request → whether it came at least once while no lease forbade to grant it. */
  readonly mayGrant: Map<string, boolean>;
  softState: SoftState | null;
  /** What was granted and should not have been; told when the event is over. */
  wrong: string | null;
}

/**
 * Ticks in an election timeout, less two (the time since the last word is counted in whole ticks, and the first is short), and
 * less those that a process which was paused counts late, after the words that came meanwhile (quorum-driver.ts).
 */
const leaseShare = 15 / 20;

export class QuorumMessages implements Family {
  readonly #cluster: SimCluster;
  readonly #heard = new WeakMap<SimProcess, Heard>();

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
    const tap: QuorumTap = {
      onSent: (process, frame) => this.#onSent(process, frame),
      onDelivered: (process, frame) => this.#onDelivered(process, frame),
    };
    cluster.world.quorumTap = tap;
  }

  onEvent(live: LiveNode): void {
    const heard = this.#heard.get(live.process);
    if (heard === undefined) return;
    if (heard.wrong !== null) fail('LeaseIsKept', `${live.label} ${heard.wrong}`);
    const { softState } = live.services.quorum;
    if (softState === heard.softState) return;
    const isNew = softState.role === 'candidate' && heard.softState?.term !== softState.term;
    heard.softState = softState;
    if (isNew) this.#expectPreVotes(live, heard, softState.term);
  }

  #expectPreVotes({ label }: LiveNode, { granted, toldToBegin }: Heard, term: number): void {
    const { voters } = this.#cluster.plan;
    const grants = granted.get(term) ?? new Set();
    for (const known of [...granted.keys()]) if (known < term) granted.delete(known);
    if (toldToBegin.has(term) || (grants.size + 1) * 2 > voters.length) return;
    fail('PreVotesOfThisTerm', `${label} begins term ${term}; pre-votes for it came from nodes ${[...grants].join() || 'none'}`);
  }

  #heardBy(process: SimProcess): Heard {
    let heard = this.#heard.get(process);
    if (heard === undefined) {
      heard = { granted: new Map(), toldToBegin: new Set(), leader: null, mayGrant: new Map(), softState: null, wrong: null };
      this.#heard.set(process, heard);
    }
    return heard;
  }

  #onDelivered(process: SimProcess, frame: QuorumFrame): void {
    const heard = this.#heardBy(process);
    const term = frame.term ?? 0;
    const isOfLeader = exists(frame.heartbeat) || exists(frame.append) || exists(frame.snapshot) || exists(frame.timeoutNow);
    if (isOfLeader) heard.leader = this.#wordOf(process, { frame, term }) ?? heard.leader;
    if (exists(frame.timeoutNow)) heard.toldToBegin.add(term + 1);
    if (frame.preVoteReply?.isGranted === true) {
      const grants = heard.granted.get(term) ?? new Set();
      heard.granted.set(term, grants.add(frame.from));
    }
    if (exists(frame.preVote)) this.#onAsked(process, `pre-vote to node ${frame.from} in term ${term}`);
    if (frame.vote !== null && frame.vote !== undefined) {
      const request = `vote to node ${frame.from} in term ${term}`;
      if (frame.vote.isTransfer) heard.mayGrant.set(request, true);
      else this.#onAsked(process, request);
    }
  }

  /** Of a leader that was deposed already nothing is believed. */
  #wordOf(process: SimProcess, { frame, term }: { frame: QuorumFrame; term: number }): Heard['leader'] {
    const quorum = this.#quorumOf(process);
    if (quorum === null || term < quorum.status.term) return null;
    return { id: frame.from, term, atMs: process.clock.monotonicMs() };
  }

  #onAsked(process: SimProcess, request: string): void {
    const heard = this.#heardBy(process);
    const isFree = !this.#isLeaseKnown(process, heard);
    heard.mayGrant.set(request, isFree || heard.mayGrant.get(request) === true);
  }

  /** It still knows the leader whom it has heard less than an election timeout ago, or leads. */
  #isLeaseKnown(process: SimProcess, { leader }: Heard): boolean {
    const quorum = this.#quorumOf(process);
    if (quorum === null) return false;
    const { role, leaderId, term } = quorum.status;
    if (role === 'leader') return true;
    if (leader === null || leader.id !== leaderId || leader.term !== term) return false;
    const electionMs = Number(this.#cluster.plan.settings['controller.quorum.election.timeout.ms']);
    return process.clock.monotonicMs() - leader.atMs < electionMs * leaseShare;
  }

  #onSent(process: SimProcess, frame: QuorumFrame): void {
    const isPreVote = frame.preVoteReply?.isGranted === true;
    if (!isPreVote && frame.voteReply?.isGranted !== true) return;
    const request = `${isPreVote ? 'pre-vote' : 'vote'} to node ${frame.to} in term ${frame.term ?? 0}`;
    const heard = this.#heardBy(process);
    if (heard.mayGrant.get(request) === false) {
      heard.wrong ??= `grants a ${request} within an election timeout of its leader's last word`;
    }
  }

  #quorumOf(process: SimProcess): LiveNode['services']['quorum'] | null {
    return this.#cluster.nodes.find((node) => node.process === process)?.services?.quorum ?? null;
  }
}

function exists(kind: object | null | undefined): boolean {
  return kind !== null && kind !== undefined;
}
