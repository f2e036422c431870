/**
 * One node under test, spoken to by hand: `drain` makes everything durable and returns what was sent.
 */

import { Prng, utf8Encode } from '@jackdaw/base';
import {
  type AppendReply,
  type Entry,
  type HardState,
  type Identities,
  MemoryStorage,
  RaftNode,
  type RaftMessage,
  type RaftOptions,
  type Ready,
  type Vote,
  type PreVote,
} from '../src/index.ts';

export const noIdentities: Identities = new Map();

export function entryOf(term: number, index: number, text = `${term}/${index}`): Entry {
  return { kind: 'normal', term, index, data: utf8Encode(text) };
}

/** A log with one entry for each of `terms`, from index 1 on. */
export function logOf(terms: readonly number[]): Entry[] {
  return terms.map((term, i) => entryOf(term, i + 1));
}

export class NodeUnderTest {
  readonly storage = new MemoryStorage();
  readonly node: RaftNode;
  readonly applied: Entry[] = [];

  constructor(options: Partial<RaftOptions> & { entries?: Entry[]; hardState?: Partial<HardState> } = {}) {
    const { entries = [], hardState = {}, ...rest } = options;
    this.storage.load({
      hardState: { term: entries.at(-1)?.term ?? 0, vote: null, commitIndex: 0, ...hardState },
      snapshot: null,
      cut: { index: 0, term: 0 },
      entries,
    });
    this.node = new RaftNode({
      id: 1,
      directoryId: 'd1',
      voters: [1, 2, 3],
      electionTicks: 10,
      heartbeatTicks: 2,
      prng: new Prng(1),
      storage: this.storage,
      maxMessageBytes: 10_000,
      maxInflightMessages: 8,
      maxUncommittedBytes: 100_000,
      maxEntryBytes: 10_000,
      ...rest,
    });
  }

  persist(ready: Ready): void {
    if (ready.snapshot !== null) this.storage.installSnapshot(ready.snapshot);
    this.storage.append(ready.entries);
    if (ready.hardState !== null) this.storage.setHardState(ready.hardState);
    this.applied.push(...ready.committedEntries);
    this.node.advance(ready);
  }

  drain(): RaftMessage[] {
    const sent: RaftMessage[] = [];
    while (this.node.hasReady()) {
      const ready = this.node.ready();
      this.persist(ready);
      sent.push(...ready.messages, ...ready.messagesAfterPersist);
    }
    return sent;
  }

  /** Steps the messages, then drains. */
  step(...messages: RaftMessage[]): RaftMessage[] {
    for (const message of messages) this.node.step(message);
    return this.drain();
  }

  tick(times: number): RaftMessage[] {
    for (let i = 0; i < times; i++) this.node.tick();
    return this.drain();
  }

  /** Makes the node the leader of the next term by the votes of the other voters of a majority. */
  becomeLeader(voters: readonly number[] = [2, 3]): RaftMessage[] {
    this.node.campaign();
    this.drain();
    const term = this.node.status().term + 1;
    for (const from of voters) {
      this.node.step({
        kind: 'preVoteReply',
        from,
        to: 1,
        term,
        directoryId: `d${from}`,
        isGranted: true,
        isUnknownIdentity: false,
      });
    }
    this.drain();
    return this.step(
      ...voters.map((from): RaftMessage => ({
        kind: 'voteReply',
        from,
        to: 1,
        term,
        directoryId: `d${from}`,
        isGranted: true,
        isUnknownIdentity: false,
      })),
    );
  }
}

export function ackOf(from: number, term: number, matchIndex: number): AppendReply {
  return { kind: 'appendReply', from, to: 1, term, directoryId: `d${from}`, matchIndex, rejection: null };
}

export function voteOf(from: number, term: number, last: { term: number; index: number }): Vote {
  return {
    kind: 'vote',
    from,
    to: 1,
    term,
    directoryId: `d${from}`,
    lastIndex: last.index,
    lastTerm: last.term,
    isTransfer: false,
  };
}

export function preVoteOf(from: number, term: number, last: { term: number; index: number }): PreVote {
  return { kind: 'preVote', from, to: 1, term, directoryId: `d${from}`, lastIndex: last.index, lastTerm: last.term };
}

export function appendOf(options: {
  term: number;
  prev: { term: number; index: number };
  entries?: readonly Entry[];
  commitIndex?: number;
  from?: number;
}): RaftMessage {
  return {
    kind: 'append',
    from: options.from ?? 2,
    to: 1,
    term: options.term,
    prevIndex: options.prev.index,
    prevTerm: options.prev.term,
    entries: options.entries ?? [],
    commitIndex: options.commitIndex ?? 0,
  };
}

export function only<K extends RaftMessage['kind']>(messages: readonly RaftMessage[], kind: K): (RaftMessage & { kind: K })[] {
  return messages.filter((message): message is RaftMessage & { kind: K } => message.kind === kind);
}
