/**
 * The checker's rules about what one consumer sees: every record of a partition, once, in order, and never less later (A20).
 *
 * Offsets without a record (transaction markers, compaction) are allowed: a gap is wrong only when somebody read a record in it.
 */
import { floorIndex } from '@jackdaw/base';
import { isDoomed, trimmedTo, type HistoryIndex, type Rule } from './checker-index.ts';
import type { Key, Polled } from './history.ts';
import type { Report } from './violation.ts';

export const pollRules: readonly Rule[] = [expectContinuousReads, expectNoReadErrors];

interface PollCheck {
  /** Place in the history. */
  readonly at: number;
  readonly process: string;
  /** Last offset the consumer was given; −1 at the beginning; null before it was assigned. */
  readonly previous: number | null;
  readonly poll: Polled;
  readonly report: Report;
}

function expectContinuousReads(index: HistoryIndex, report: Report): void {
  for (const [process, events] of index.readers) {
    const positions = new Map<Key, number>();
    for (const { at, key, poll } of events) {
      if (poll === null) positions.set(key, -1);
      else positions.set(key, checkPoll(index, { at, process, previous: positions.get(key) ?? null, poll, report }));
    }
  }
}

/** The consumer's position after the poll. */
function checkPoll(index: HistoryIndex, { at, process, previous, poll, report }: PollCheck): number {
  const known = index.keys.get(poll.key)?.readOffsets ?? [];
  // Records before this offset may be gone.
  const limit = isDoomed(index, poll.key) ? Infinity : trimmedTo(index, poll.key, at);
  let last = previous;
  poll.records.forEach(([offset, value], i) => {
    const from = last;
    last = offset;
    if (from === null) return;
    const prefix = i === 0 ? '' : 'int-';
    const text = `${process} ${poll.key}: offset ${offset} (${value}) after ${from}`;
    if (offset <= from) report(`${prefix}nonmonotonic-poll`, text);
    else if (hasOffsetBetween(known, Math.max(from, limit - 1), offset)) report(`${prefix}poll-skip`, text);
  });
  return last ?? -1;
}

function hasOffsetBetween(known: readonly number[], low: number, high: number): boolean {
  if (high <= low + 1) return false;
  return (known[floorIndex(known, high - 1, (offset) => offset)] ?? -1) > low;
}

/** A position reached by reading does not fall out of a log from which nothing is deleted, and no batch is damaged. */
function expectNoReadErrors(index: HistoryIndex, report: Report): void {
  for (const { at, event } of index.others) {
    if (event.op !== 'read-error') continue;
    const { key, offset } = event;
    const mayBeGone = key !== undefined && (isDoomed(index, key) || (offset ?? Infinity) < trimmedTo(index, key, at));
    if (!mayBeGone) report('read-error', `${event.process}: ${event.error}`);
  }
}
