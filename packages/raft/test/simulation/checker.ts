/**
 * The named invariants, checked after every event that can touch them. A violation throws, with the seed in the name
 * of the failing run.
 *
 *   ElectionSafety      at most one leader in a term
 *   LogMatching         an (index, term) names one entry with one predecessor, on every disk
 *   LeaderCompleteness  a new leader holds every entry that was committed in an earlier term
 *   StateMachineSafety  nobody applies another entry at an index than anybody else did
 *   MonotonicCommit     a commit index never falls, and names the entry that everybody committed there
 *   VoteOncePerTerm     one disk votes for one candidate in a term
 *   PromiseIsDurable    what a reply promises is on the sender's disk when the reply leaves (E2)
 *   MajorityIsDurable   what is committed first anywhere is on a majority's disks (while no disk was wiped)
 *   FreshRead           a read's index covers all that was committed when it was asked (E6)
 *   LeaseRespected      nobody votes within an election timeout of hearing its leader, but for a hand-over (E5)
 */

import assert from 'node:assert/strict';
import type { NodeId } from '@jackdaw/base';
import type { Entry, MemoryStorage, RaftMessage, RaftStatus } from '../../src/index.ts';
import { contentOf } from './content.ts';

export class Checker {
  readonly #leaders = new Map<number, string>();
  readonly #entries = new Map<string, string>();
  readonly #committedTerms: number[] = [0];
  /** Term of the leader that committed each index: the leaders of later terms must hold it. */
  readonly #committedIn: number[] = [0];
  readonly #applied = new Map<number, string>();
  readonly #commitIndexes = new Map<string, number>();
  readonly #votes = new Map<string, NodeId | null>();
  #wasWiped = false;

  get committedIndex(): number {
    return this.#committedTerms.length - 1;
  }

  onWipe(): void {
    this.#wasWiped = true;
  }

  onRestart(process: string): void {
    this.#commitIndexes.delete(process);
  }

  /** After every event of a node. `disks` are the voters'. */
  afterEvent(status: RaftStatus, storage: MemoryStorage, disks: readonly MemoryStorage[]): void {
    const before = this.#commitIndexes.get(`${status.id}`) ?? 0;
    assert.ok(status.commitIndex >= before, `MonotonicCommit: ${status.id} fell from ${before} to ${status.commitIndex}`);
    assert.ok(status.appliedIndex <= status.commitIndex, 'StateMachineSafety: applied more than committed');
    this.#commitIndexes.set(`${status.id}`, status.commitIndex);
    if (status.role !== 'leader') return;
    this.#checkLeader(status, storage);
    if (status.commitIndex > this.committedIndex) this.#onNewCommit(status, disks);
  }

  #checkLeader(status: RaftStatus, storage: MemoryStorage): void {
    const name = `${status.id}/${status.directoryId}`;
    const known = this.#leaders.get(status.term);
    if (known === name) return;
    assert.equal(known, undefined, `ElectionSafety: ${known} and ${name} lead term ${status.term}`);
    this.#leaders.set(status.term, name);
    for (let index = storage.firstIndex(); index <= this.committedIndex; index++) {
      if ((this.#committedIn[index] ?? 0) >= status.term) break;
      assert.equal(
        storage.term(index),
        this.#committedTerms[index],
        `LeaderCompleteness: ${name} leads term ${status.term} without the committed entry ${index}`,
      );
    }
  }

  /** Only leaders commit first, and only under an entry of their own term, so the entries are known by (index, term). */
  #onNewCommit(status: RaftStatus, disks: readonly MemoryStorage[]): void {
    const holders = disks.filter((disk) => disk.term(status.commitIndex) === status.term);
    const holder = holders[0];
    if (!this.#wasWiped) {
      assert.ok(holders.length * 2 > disks.length, `MajorityIsDurable: ${status.commitIndex} is on ${holders.length} disks`);
    }
    assert.ok(holder !== undefined, `MajorityIsDurable: ${status.commitIndex} is on no disk`);
    for (let index = this.committedIndex + 1; index <= status.commitIndex; index++) {
      this.#committedTerms.push(holder.term(index) ?? -1);
      this.#committedIn.push(status.term);
    }
  }

  onPersisted(storage: MemoryStorage, entries: readonly Entry[], owner: string): void {
    const { term, vote } = storage.initialState();
    this.#checkVote(owner, term, vote);
    for (const entry of entries) {
      const key = `${entry.index}@${entry.term}`;
      const value = `${storage.term(entry.index - 1)} ${contentOf(entry)}`;
      const known = this.#entries.get(key);
      if (known === undefined) this.#entries.set(key, value);
      else assert.equal(value, known, `LogMatching: ${key} differs on ${owner}`);
    }
  }

  #checkVote(owner: string, term: number, vote: NodeId | null): void {
    if (vote === null) return;
    const key = `${owner}@${term}`;
    const known = this.#votes.get(key);
    assert.ok(known === undefined || known === vote, `VoteOncePerTerm: ${key} voted for ${known} and ${vote}`);
    this.#votes.set(key, vote);
  }

  onApplied(index: number, content: string, owner: string): void {
    const known = this.#applied.get(index);
    assert.ok(index <= this.committedIndex, `StateMachineSafety: ${owner} applied ${index}, which nobody committed`);
    if (known === undefined) this.#applied.set(index, content);
    else assert.equal(content, known, `StateMachineSafety: ${owner} applied something else at ${index}`);
  }

  onSent(message: RaftMessage, storage: MemoryStorage, isLeaseHeld: boolean): void {
    const disk = storage.initialState();
    if (message.kind === 'voteReply' && message.isGranted) {
      this.#checkVote(`${message.from}/${message.directoryId}`, message.term, message.to);
      const isDurable = disk.term > message.term || (disk.term === message.term && disk.vote === message.to);
      assert.ok(isDurable, `PromiseIsDurable: ${message.from} voted in ${message.term} without a trace`);
    }
    if (message.kind === 'preVoteReply' && message.isGranted) {
      assert.ok(!isLeaseHeld, `LeaseRespected: ${message.from} would vote against the leader that it hears`);
    }
    if (message.kind === 'appendReply' && message.rejection === null) {
      const isDurable = disk.term > message.term || storage.lastIndex() >= message.matchIndex;
      assert.ok(isDurable, `PromiseIsDurable: ${message.from} acknowledged ${message.matchIndex} without writing it`);
    }
  }

  onRead(index: number, committedWhenAsked: number): void {
    assert.ok(index >= committedWhenAsked, `FreshRead: ${index} does not cover ${committedWhenAsked}`);
  }
}
