/**
 * One simulated machine: a disk that survives, a process that does not, and the driver between them.
 *
 * The driver honours Ready's contract and nothing more: `messages` leave at once, the write takes its time, the rest
 * follows it. A crash keeps or loses the write under way as a whole (it is one batch), and may lose unsynced ones.
 */

import { type NodeId, Prng, utf8Decode, utf8Encode } from '@jackdaw/base';
import { MemoryStorage, RaftNode, type HardState, type RaftMessage, type Ready, type Snapshot } from '../../src/index.ts';
import type { Checker } from './checker.ts';
import { contentOf } from './content.ts';
import type { EventQueue } from './event-queue.ts';
import { electionTicks, heartbeatTicks, type Knobs } from './knobs.ts';
import type { Network } from './network.ts';

export interface World {
  readonly prng: Prng;
  readonly queue: EventQueue;
  readonly knobs: Knobs;
  readonly voters: readonly NodeId[];
  readonly network: Network;
  readonly checker: Checker;
  disks(): readonly MemoryStorage[];
  trace(line: () => string): void;
  count(event: string): void;
}

export class Host {
  readonly id: NodeId;
  readonly #world: World;
  directoryId: string;
  storage = new MemoryStorage();
  node: RaftNode | null = null;
  /** Counts incarnations: what was scheduled for an earlier one is void. */
  incarnation = 0;
  #generation = 0;
  #writing: Ready | null = null;
  #syncedHardState: HardState;
  /** The application: a running hash over everything applied. */
  #state = '';
  #lastLedTerm = 0;
  #wasLeader = false;
  /** When this process last heard the leader of which term. */
  #leaderHeard = { term: -1, ticksAgo: 0 };
  #reads = new Map<number, number>();
  #nextReadId = 1;
  #isDiskFast = false;
  /** What happened while the process was stopped; null while it runs. */
  #missed: (() => void)[] | null = null;

  constructor(id: NodeId, world: World) {
    this.id = id;
    this.#world = world;
    this.directoryId = `d${id}`;
    this.#syncedHardState = this.storage.initialState();
  }

  get applied(): string {
    return `${this.node?.status().appliedIndex} ${this.#state}`;
  }

  get hasUnresolvedReads(): boolean {
    return this.#reads.size > 0;
  }

  start(): void {
    const { knobs, voters, prng, checker } = this.#world;
    checker.onRestart(`${this.id}`);
    this.#state = utf8Decode(this.storage.snapshot()?.data ?? new Uint8Array(0));
    this.#leaderHeard = { term: -1, ticksAgo: 0 };
    this.node = new RaftNode({
      id: this.id,
      directoryId: this.directoryId,
      voters,
      electionTicks,
      heartbeatTicks,
      prng: new Prng(prng.uint32()),
      storage: this.storage,
      maxMessageBytes: knobs.maxMessageBytes,
      maxInflightMessages: knobs.maxInflightMessages,
      maxUncommittedBytes: 2000,
      maxEntryBytes: 200,
    });
    this.#afterEvent();
  }

  /** The process is stopped (SIGSTOP) and goes on as if nothing had been: it may still believe that it leads. */
  pause(duration: number): void {
    if (this.node === null || this.#missed !== null) return;
    this.#world.count('pause');
    this.#missed = [];
    const { incarnation } = this;
    this.#world.queue.after(duration, () => {
      if (this.incarnation === incarnation) this.#resume();
    });
  }

  /** Asks for a read before it notices anything: the worst order (E6). */
  #resume(): void {
    const missed = this.#missed ?? [];
    this.#missed = null;
    this.read();
    for (const event of missed) event();
  }

  crash(): void {
    this.#missed = null;
    this.node = null;
    this.incarnation += 1;
    const ready = this.#writing;
    this.#writing = null;
    this.#reads.clear();
    if (ready !== null && this.#world.prng.chance(0.5)) this.#persist(ready);
    if (this.#world.prng.chance(0.5)) this.#loseUnsynced();
  }

  /** A new, empty disk under the same id. */
  wipe(): void {
    this.crash();
    this.#generation += 1;
    this.directoryId = `d${this.id}${'x'.repeat(this.#generation)}`;
    this.storage = new MemoryStorage();
    this.#syncedHardState = this.storage.initialState();
    this.#world.checker.onWipe();
  }

  makeDiskFast(): void {
    this.#isDiskFast = true;
  }

  tick(): void {
    if (this.node === null || this.#missed !== null) return;
    this.#leaderHeard.ticksAgo += 1;
    this.node.tick();
    this.#afterEvent();
  }

  receive(message: RaftMessage): void {
    if (this.node === null) return;
    if (this.#missed !== null) {
      this.#missed.push(() => this.receive(message));
      return;
    }
    this.#world.trace(() => `${this.#world.queue.now} -> ${describe(message)}`);
    this.node.step(message);
    const { term } = this.node.status();
    if (isFromLeader(message) && message.term === term) this.#leaderHeard = { term, ticksAgo: 0 };
    this.#afterEvent();
  }

  propose(data: string): boolean {
    if (this.#missed !== null) return false;
    const result = this.node?.propose(utf8Encode(data));
    if (this.node !== null) this.#afterEvent();
    return result?.kind === 'accepted';
  }

  read(): void {
    if (this.#missed !== null) return;
    const readId = this.#nextReadId++;
    const committed = this.#world.checker.committedIndex;
    if (this.node?.requestRead(readId).kind !== 'accepted') return;
    this.#reads.set(readId, committed);
    this.#afterEvent();
  }

  transferTo(to: NodeId): void {
    if (this.#missed !== null) return;
    if (this.node?.transferLeadership(to) === true) this.#world.count('transfer');
    if (this.node !== null) this.#afterEvent();
  }

  #afterEvent(): void {
    const node = this.node;
    if (node === null) return;
    for (const message of node.takeMessages()) this.#send(message);
    if (node.hasReady()) this.#begin(node.ready());
    const status = node.status();
    if (status.role === 'leader' && status.term !== this.#lastLedTerm) {
      this.#world.count('election');
      this.#lastLedTerm = status.term;
    }
    if (status.role !== 'leader' && this.#wasLeader) this.#world.count('step-down');
    this.#wasLeader = status.role === 'leader';
    this.#world.checker.afterEvent(status, this.storage, this.#world.disks());
  }

  #begin(ready: Ready): void {
    const { prng, queue, knobs } = this.#world;
    this.#writing = ready;
    for (const message of ready.messages) this.#send(message);
    const incarnation = this.incarnation;
    const delay = this.#isDiskFast ? 1 : prng.below(knobs.diskDelayMax) * (prng.chance(0.02) ? 10 : 1);
    queue.after(delay, () => {
      if (this.incarnation === incarnation) this.#finish(ready);
    });
  }

  #finish(ready: Ready): void {
    const { checker } = this.#world;
    const node = this.node;
    if (node === null) return;
    if (this.#missed !== null) {
      this.#missed.push(() => this.#finish(ready));
      return;
    }
    this.#writing = null;
    this.#persist(ready);
    if (ready.snapshot !== null) this.#restore(ready.snapshot);
    for (const message of ready.messagesAfterPersist) this.#send(message);
    for (const entry of ready.committedEntries) {
      if (entry.kind === 'identities' && entry.index > 5) this.#world.count('identities applied');
      this.#state = hash(this.#state, contentOf(entry));
      checker.onApplied(entry.index, this.#state, `${this.id}`);
    }
    for (const read of ready.reads) {
      if (read.index !== null) {
        this.#world.count('read');
        checker.onRead(read.index, this.#reads.get(read.readId) ?? 0);
      }
      this.#reads.delete(read.readId);
    }
    node.advance(ready);
    this.#maybeSnapshot(node);
    this.#afterEvent();
  }

  #restore(snapshot: Snapshot): void {
    this.#world.count('snapshot installed');
    this.#state = utf8Decode(snapshot.data);
    this.#world.checker.onApplied(snapshot.metadata.index, this.#state, `${this.id}`);
  }

  #persist(ready: Ready): void {
    if (ready.snapshot !== null) this.storage.installSnapshot(ready.snapshot);
    const first = ready.entries[0];
    if (first !== undefined && first.index <= this.storage.lastIndex()) this.#world.count('truncation');
    this.storage.append(ready.entries);
    if (ready.hardState !== null) this.storage.setHardState(ready.hardState);
    if (ready.mustSync) this.#syncedHardState = this.storage.initialState();
    this.#world.checker.onPersisted(this.storage, ready.entries, `${this.id}/${this.directoryId}`);
  }

  /** An unsynced Ready holds nothing but a commit index. */
  #loseUnsynced(): void {
    this.storage.setHardState(this.#syncedHardState);
  }

  #maybeSnapshot(node: RaftNode): void {
    const { snapshotEvery, entriesKept } = this.#world.knobs;
    const { appliedIndex } = node.status();
    if (snapshotEvery === 0 || appliedIndex < this.storage.snapshotMetadata().index + snapshotEvery) return;
    const snapshot = node.createdSnapshot(appliedIndex, utf8Encode(this.#state));
    if (snapshot === null) return;
    this.storage.saveSnapshot(snapshot);
    this.storage.compact(appliedIndex - entriesKept);
    this.#world.count('snapshot made');
  }

  #isLeaseHeld(): boolean {
    const { term, ticksAgo } = this.#leaderHeard;
    return ticksAgo < electionTicks && term === this.node?.status().term;
  }

  #send(message: RaftMessage): void {
    const { checker, network, prng, knobs } = this.#world;
    checker.onSent(message, this.storage, this.#isLeaseHeld());
    const isSent = network.send(message);
    if (message.kind === 'snapshot') {
      if (!prng.chance(knobs.snapshotReportRate)) return;
      const incarnation = this.incarnation;
      this.#world.queue.after(20, () => {
        if (this.incarnation === incarnation) this.node?.reportSnapshot(message.to, isSent);
      });
    } else if (!isSent && prng.chance(0.2)) {
      this.node?.reportUnreachable(message.to);
    }
  }
}

function isFromLeader(message: RaftMessage): message is RaftMessage & { kind: 'append' | 'heartbeat' } {
  return message.kind === 'append' || message.kind === 'heartbeat';
}

/** FNV-1a over the former hash and the new content. */
function hash(before: string, content: string): string {
  let value = 0x811c9dc5;
  for (const char of `${before} ${content}`) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return (value >>> 0).toString(16);
}

function describe(message: RaftMessage): string {
  return JSON.stringify(message, (_, value: unknown) => {
    if (value instanceof Uint8Array) return utf8Decode(value);
    return value instanceof Map ? [...value] : value;
  });
}
