/**
 * The quorum's state machine as a driver sees it: events go in, a Ready comes out, nothing happens by itself.
 *
 *   for each event:  node.tick() | node.step(message) | node.propose(data)
 *                    send(node.takeMessages())               optional: lets heartbeats pass a slow disk
 *   while (node.hasReady()):
 *     ready = node.ready()      → send ready.messages
 *     write hardState, snapshot, entries in one batch; sync if mustSync; put them into the RaftStorage
 *     send ready.messagesAfterPersist; apply ready.committedEntries
 *     node.advance(ready)
 *
 * Events may come while a Ready is being written; they go into the next one.
 */

import { assert, type NodeId, type RaftIndex, sometimes } from '@jackdaw/base';
import { createCore, hardStateOf, type RaftCore } from './core.ts';
import { mayCampaign, onNodeGone, onVotePersisted, startPreElection } from './elections.ts';
import { entryBytes } from './entries.ts';
import { successorOf, transferLeadership } from './leadership.ts';
import type { RaftMessage } from './messages.ts';
import { requestRead } from './reads.ts';
import { appendAsLeader, maybeCommit, progressOf } from './replication.ts';
import { statusOf } from './status.ts';
import { afterLeaderEvent, step, tick } from './step.ts';
import type {
  HardState,
  ProposeResult,
  RaftOptions,
  RaftStatus,
  ReadRequestResult,
  Ready,
  Snapshot,
  SoftState,
} from './types.ts';

export class RaftNode {
  readonly #core: RaftCore;
  /** The Ready that the driver is working on. */
  #outstanding: Ready | null = null;
  #lastSoftState: SoftState;

  constructor(options: RaftOptions) {
    this.#core = createCore(options);
    this.#lastSoftState = softStateOf(this.#core);
  }

  /** One step of time. */
  tick(): void {
    tick(this.#core);
  }

  step(message: RaftMessage): void {
    step(this.#core, message);
  }

  /** Appends to the log if this node leads. Accepted is not committed: wait for (index, term) among committedEntries. */
  propose(data: Uint8Array): ProposeResult {
    const { leader, log, options, leaderId } = this.#core;
    if (data.byteLength > options.maxEntryBytes) return { kind: 'tooLarge', limitBytes: options.maxEntryBytes };
    if (leader === null) return { kind: 'notLeader', leaderId };
    if (leader.transfer !== null) return { kind: 'busy' };
    // Both what waits for the quorum and what waits for the own disk is bounded; a single entry always fits.
    const waitingBytes = Math.max(leader.uncommittedBytes, log.tailBytes);
    const entry = { kind: 'normal', data } as const;
    const bytes = entryBytes({ ...entry, term: 0, index: 0 });
    if (waitingBytes > 0 && waitingBytes + bytes > options.maxUncommittedBytes) return { kind: 'busy' };
    const { index, term } = appendAsLeader(this.#core, entry);
    return { kind: 'accepted', index, term };
  }

  /** Asks for the index that a fresh read must have applied; answered in Ready.reads under the same readId (E6). */
  requestRead(readId: number): ReadRequestResult {
    return requestRead(this.#core, readId);
  }

  /** False when this node does not lead or `to` may not. Success shows as another leader, failure as time going by. */
  transferLeadership(to: NodeId): boolean {
    return transferLeadership(this.#core, to);
  }

  /** Whom {@link transferLeadership} would best be told; null when this node does not lead or nobody else can. */
  successor(): NodeId | null {
    return successorOf(this.#core);
  }

  /** Starts an election now, by asking for pre-votes. Nothing happens on a leader or on one that may not campaign. */
  campaign(): void {
    if (mayCampaign(this.#core)) startPreElection(this.#core);
  }

  /** False while a Ready is out. */
  hasReady(): boolean {
    const core = this.#core;
    if (this.#outstanding !== null) return false;
    return (
      core.outbox.length > 0 ||
      core.outboxAfterPersist.length > 0 ||
      core.readOutcomes.length > 0 ||
      core.log.pendingSnapshot !== null ||
      core.log.tailBytes > 0 ||
      core.log.hasCommittedEntries() ||
      this.#changedHardState() !== null ||
      this.#changedSoftState() !== null
    );
  }

  ready(): Ready {
    assert(this.#outstanding === null, 'the Ready before was not advanced');
    const core = this.#core;
    const hardState = this.#changedHardState();
    if (hardState !== null) expectPromisesKept(core.durable, hardState);
    const entries = core.log.tailEntries();
    const snapshot = core.log.pendingSnapshot;
    const softState = this.#changedSoftState();
    const ready: Ready = {
      hardState,
      entries,
      snapshot,
      messages: this.takeMessages(),
      messagesAfterPersist: core.outboxAfterPersist,
      committedEntries: core.log.committedEntries(core.options.maxMessageBytes),
      mustSync: entries.length > 0 || snapshot !== null || this.#isPromise(hardState),
      softState,
      reads: core.readOutcomes,
    };
    core.outboxAfterPersist = [];
    core.readOutcomes = [];
    if (softState !== null) this.#lastSoftState = softState;
    this.#outstanding = ready;
    return ready;
  }

  /** What may be sent now, even while a Ready is being written: a slow disk must not silence heartbeats (B11). */
  takeMessages(): RaftMessage[] {
    const messages = this.#core.outbox;
    this.#core.outbox = [];
    return messages;
  }

  /** The driver has done all that `ready` asks for. Only now the own entries and the own vote count (E2). */
  advance(ready: Ready): void {
    assert(ready === this.#outstanding, 'this is not the Ready that is out');
    this.#outstanding = null;
    const core = this.#core;
    if (ready.hardState !== null) core.durable = ready.hardState;
    if (ready.snapshot !== null) core.log.snapshotPersisted(ready.snapshot.metadata.index);
    const lastPersisted = ready.entries.at(-1);
    if (lastPersisted !== undefined) core.log.entriesPersisted(lastPersisted.index, lastPersisted.term);
    const lastApplied = ready.committedEntries.at(-1);
    if (lastApplied !== undefined) core.log.appliedTo(lastApplied.index);
    onVotePersisted(core);
    if (core.role === 'leader') maybeCommit(core);
    afterLeaderEvent(core);
  }

  status(): RaftStatus {
    return statusOf(this.#core);
  }

  /**
   * Makes the snapshot to persist out of the application's state at `index` (≤ applied). Null when a newer one was made
   * or received meanwhile, then drop it. The driver persists it, then calls saveSnapshot on its storage and, for what it
   * need not keep for slow followers, compact.
   */
  createdSnapshot(index: RaftIndex, data: Uint8Array): Snapshot | null {
    const { log } = this.#core;
    assert(index <= log.appliedIndex, `a snapshot at ${index} of a state applied up to ${log.appliedIndex}`);
    const term = log.term(index);
    if (term === null || index <= log.snapshotIndex) {
      sometimes('raft: snapshot made too late');
      return null;
    }
    const metadata = { index, term, identities: log.identitiesAt(index) };
    log.compactIdentities(index);
    return { metadata, data };
  }

  /** A message to `id` could not be sent: what was pipelined is probably lost. */
  reportUnreachable(id: NodeId): void {
    this.#progressOf(id)?.onUnreachable();
  }

  /** Nothing runs any more where this node ran: a killed leader need not be waited for. */
  reportGone(id: NodeId): void {
    onNodeGone(this.#core, id);
  }

  /** A snapshot message was delivered (and stepped there) or failed; without a report it is retried after a long time. */
  reportSnapshot(id: NodeId, ok: boolean): void {
    this.#progressOf(id)?.onSnapshotReported(ok);
  }

  #progressOf(id: NodeId): ReturnType<typeof progressOf> {
    const { leader } = this.#core;
    return leader === null ? undefined : progressOf(leader, id);
  }

  #changedHardState(): HardState | null {
    const { durable } = this.#core;
    const now = hardStateOf(this.#core);
    const isSame = now.term === durable.term && now.vote === durable.vote && now.commitIndex === durable.commitIndex;
    return isSame ? null : now;
  }

  #changedSoftState(): SoftState | null {
    const last = this.#lastSoftState;
    const now = softStateOf(this.#core);
    return now.role === last.role && now.term === last.term && now.leaderId === last.leaderId ? null : now;
  }

  /**
   * The commit index alone can be learned again, so it need not be synced. But a node that forgets that a change of
   * identities is committed would count by the old ones, and so perhaps not elect the re-admitted voter (admission.ts).
   */
  #isPromise(hardState: HardState | null): boolean {
    if (hardState === null) return false;
    const { durable, log } = this.#core;
    if (hardState.term !== durable.term || hardState.vote !== durable.vote) return true;
    return log.latestIdentitiesIndex > durable.commitIndex && log.latestIdentitiesIndex <= hardState.commitIndex;
  }
}

function softStateOf(core: RaftCore): SoftState {
  return { role: core.role, term: core.term, leaderId: core.leaderId };
}

/** What a disk has promised it promises still: terms and commits only grow, and a term has one vote (paper §5.2, E2). */
function expectPromisesKept(before: HardState, after: HardState): void {
  assert(after.term >= before.term, `the term would fall from ${before.term} to ${after.term}`);
  assert(
    after.commitIndex >= before.commitIndex,
    `the commit index would fall from ${before.commitIndex} to ${after.commitIndex}`,
  );
  const isSecondVote = after.term === before.term && before.vote !== null && after.vote !== before.vote;
  assert(!isSecondVote, `a second vote in term ${after.term}: ${before.vote}, then ${after.vote}`);
}
