/**
 * One pass over a history that gathers what the checker's rules look up.
 *
 * The map from offset to value of each partition is built from acknowledgements and from reads alike, whoever got them; two
 * values for one offset are found here, since nothing else could be said about such a partition.
 */
import type { Committed, History, HistoryEvent, Key, Polled, Trimmed } from './history.ts';
import type { Report } from './violation.ts';

export interface Send {
  readonly process: string;
  readonly key: Key;
  readonly value: string;
  readonly isIdempotent: boolean;
  /** Place in the history of its beginning; the order of one process's sends. */
  readonly invokedAt: number;
  /** Place of its end; Infinity while it has none. */
  endedAt: number;
  outcome: 'open' | 'ok' | 'fail' | 'info';
  /** As acknowledged; −1 when unknown. */
  offset: number;
}

export interface KeyIndex {
  readonly key: Key;
  /** Every offset of which anybody learned the value. */
  readonly values: Map<number, string>;
  /** Offset → the leader epoch in which it was written, of what was read with its epoch. */
  readonly epochs: Map<number, number>;
  /** Offsets that were read, ascending once the index is complete. */
  readOffsets: number[];
  /** By reader: what its final reads returned. */
  readonly finals: Map<string, Set<number>>;
}

/** An assignment or a poll of one consumer, with its place in the history. */
export interface ReaderEvent {
  readonly at: number;
  readonly key: Key;
  /** Null: the consumer was put at the beginning. */
  readonly poll: Polled | null;
}

export interface HistoryIndex {
  readonly sends: ReadonlyMap<string, Send>;
  readonly keys: ReadonlyMap<Key, KeyIndex>;
  /** Value → offsets at which it was read. */
  readonly places: ReadonlyMap<string, ReadonlySet<number>>;
  readonly readers: ReadonlyMap<string, readonly ReaderEvent[]>;
  /** All events that are not sends or polls, with their places. */
  readonly others: readonly { readonly at: number; readonly event: HistoryEvent }[];
  readonly trims: ReadonlyMap<Key, readonly Trim[]>;
  /** Topics that lose records rightly, and from which place in the history on. */
  readonly doomed: ReadonlyMap<string, number>;
  readonly hasFinalReads: boolean;
}

/** A wish to delete the records before an offset. */
export interface Trim {
  readonly at: number;
  readonly offset: number;
  isDone: boolean;
}

class IndexBuilder implements HistoryIndex {
  readonly sends = new Map<string, Send>();
  readonly keys = new Map<Key, KeyIndex>();
  readonly places = new Map<string, Set<number>>();
  readonly readers = new Map<string, ReaderEvent[]>();
  readonly others: { at: number; event: HistoryEvent }[] = [];
  readonly trims = new Map<Key, Trim[]>();
  readonly doomed = new Map<string, number>();
  hasFinalReads = false;
  readonly #report: Report;
  readonly #idempotent: ReadonlySet<string>;
  /** Values whose acknowledgement promises nothing. */
  readonly #weak = new Set<string>();

  constructor(idempotent: ReadonlySet<string>, report: Report) {
    this.#idempotent = idempotent;
    this.#report = report;
  }

  add(event: HistoryEvent, at: number): void {
    if (event.op === 'send') this.#addSend(event, at);
    else if (event.op === 'poll') this.#addPoll(event, at);
    else if (event.op === 'assign') this.#readerEvents(event.process).push({ at, key: event.key, poll: null });
    else {
      this.others.push({ at, event });
      if (event.op === 'trim') this.#addTrim(event, at);
      else if (event.op === 'crashed') this.#forgetTrims();
      else if (event.op === 'doomed' && !this.doomed.has(event.topic)) this.doomed.set(event.topic, at);
    }
  }

  complete(): HistoryIndex {
    for (const index of this.keys.values()) index.readOffsets = [...new Set(index.readOffsets)].sort((a, b) => a - b);
    return this;
  }

  #addSend(event: HistoryEvent & { op: 'send' }, at: number): void {
    if (event.type === 'invoke') {
      const { process, key, value } = event;
      if (event.isWeak === true) this.#weak.add(value);
      const isIdempotent = this.#idempotent.has(process);
      this.sends.set(value, { process, key, value, isIdempotent, invokedAt: at, endedAt: Infinity, outcome: 'open', offset: -1 });
      return;
    }
    const send = this.sends.get(event.value);
    if (send === undefined) throw new RangeError(`the history ends a send that it does not begin: ${event.value}`);
    send.endedAt = at;
    send.outcome = event.type;
    if (event.type !== 'ok') return;
    if (this.#weak.has(event.value)) {
      // The leader had it, and may have lost it since, with the place that it told.
      send.outcome = 'info';
      return;
    }
    send.offset = event.offset;
    if (event.offset >= 0) this.#learn(this.#keyIndex(send.key), event.offset, event.value);
  }

  #addTrim({ type, key, offset, mayComeBack }: Trimmed, at: number): void {
    const trims = this.trims.get(key) ?? [];
    this.trims.set(key, trims);
    if (type === 'invoke') trims.push({ at, offset, isDone: false });
    else if (type === 'ok' && mayComeBack !== true) for (const trim of trims) if (trim.offset <= offset) trim.isDone = true;
  }

  #forgetTrims(): void {
    for (const trims of this.trims.values()) for (const trim of trims) trim.isDone = false;
  }

  #addPoll(poll: Polled, at: number): void {
    this.#readerEvents(poll.process).push({ at, key: poll.key, poll });
    const index = this.#keyIndex(poll.key);
    for (const [offset, value, leaderEpoch] of poll.records) {
      if (leaderEpoch !== undefined) index.epochs.set(offset, leaderEpoch);
      this.#learn(index, offset, value);
      index.readOffsets.push(offset);
      const offsets = this.places.get(value);
      if (offsets === undefined) this.places.set(value, new Set([offset]));
      else offsets.add(offset);
    }
    if (poll.isFinal) this.#addFinal(index, poll);
  }

  #addFinal(index: KeyIndex, poll: Polled): void {
    this.hasFinalReads = true;
    let offsets = index.finals.get(poll.process);
    if (offsets === undefined) {
      offsets = new Set();
      index.finals.set(poll.process, offsets);
    }
    for (const [offset] of poll.records) offsets.add(offset);
  }

  #learn(index: KeyIndex, offset: number, value: string): void {
    const known = index.values.get(offset);
    if (known === undefined) index.values.set(offset, value);
    else if (known !== value) this.#report('inconsistent-offset', `${index.key} offset ${offset}: ${known} and ${value}`);
  }

  #keyIndex(key: Key): KeyIndex {
    let index = this.keys.get(key);
    if (index === undefined) {
      index = { key, values: new Map(), epochs: new Map(), readOffsets: [], finals: new Map() };
      this.keys.set(key, index);
    }
    return index;
  }

  #readerEvents(process: string): ReaderEvent[] {
    let events = this.readers.get(process);
    if (events === undefined) {
      events = [];
      this.readers.set(process, events);
    }
    return events;
  }
}

/** Records before this offset may have been deleted by a wish made before the place `at`. */
export function trimmedTo({ trims }: HistoryIndex, key: Key, at = Infinity): number {
  return (trims.get(key) ?? []).reduce((highest, trim) => (trim.at < at ? Math.max(highest, trim.offset) : highest), 0);
}

/** Whether the partition's topic loses records rightly from some time on. */
export function isDoomed({ doomed }: HistoryIndex, key: Key): boolean {
  return doomed.has(key.slice(0, key.lastIndexOf('/')));
}

/** Looks for one kind of wrong in the index. */
export type Rule = (index: HistoryIndex, report: Report) => void;

export function indexHistory(history: History, report: Report): HistoryIndex {
  const builder = new IndexBuilder(history.idempotent, report);
  history.events.forEach((event, at) => builder.add(event, at));
  return builder.complete();
}

/** Commits of one process and partition, in order. */
export function commitsOf(index: HistoryIndex): Map<string, Committed[]> {
  const commits = new Map<string, Committed[]>();
  for (const { event } of index.others) {
    if (event.op !== 'commit') continue;
    const name = `${event.process} ${event.key}`;
    commits.set(name, [...(commits.get(name) ?? []), event]);
  }
  return commits;
}
