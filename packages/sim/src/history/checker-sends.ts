/**
 * The checker's rules about records: none lost, moved, repeated, invented or out of order.
 *
 * An acknowledged record must be found at the offset that was acknowledged, and what was read once must be found again, unless
 * somebody deletes it. A plain sender's retry may have written it a
 * second time elsewhere, which is counted and not wrong; an idempotent sender's may not (C1, A21).
 */
import { isDoomed, trimmedTo, type HistoryIndex, type KeyIndex, type Rule, type Send } from './checker-index.ts';
import type { Report } from './violation.ts';

export const sendRules: readonly Rule[] = [
  expectReadsWereSent,
  expectOnePlaceEach,
  expectAcknowledgedAreRead,
  expectReadsLast,
  expectTrimmedAreGone,
  expectSendersOrder,
  expectOrderOfTime,
];

/** Nothing is read that was not sent, was refused, or was sent to another partition. */
function expectReadsWereSent({ keys, sends }: HistoryIndex, report: Report): void {
  for (const { key, readOffsets, values } of keys.values()) {
    for (const offset of readOffsets) {
      const value = values.get(offset) as string;
      const send = sends.get(value);
      if (send === undefined) report('phantom-read', `${key} offset ${offset}: ${value} was never sent`);
      else if (send.key !== key) report('moved', `${value} was sent to ${send.key} and read in ${key} at ${offset}`);
      else if (send.outcome === 'fail') report('aborted-read', `${key} offset ${offset}: ${value} was refused`);
    }
  }
}

function expectOnePlaceEach({ places, sends }: HistoryIndex, report: Report): void {
  for (const [value, offsets] of places) {
    const send = sends.get(value);
    if (offsets.size > 1 && send?.isIdempotent === true) {
      report('duplicate', `${send.key}: ${value} stands at ${[...offsets].join(', ')}`);
    }
  }
}

/** Every acknowledged record was read at its offset. */
function expectAcknowledgedAreRead(index: HistoryIndex, report: Report): void {
  const readByKey = new Map([...index.keys].map(([key, { readOffsets }]) => [key, new Set(readOffsets)]));
  for (const send of index.sends.values()) {
    if (send.outcome !== 'ok' || isDoomed(index, send.key)) continue;
    const offset = placeOf(index, send);
    if (offset !== undefined && readByKey.get(send.key)?.has(offset) === true) continue;
    if (mayBeTrimmed(index, send)) continue;
    reportUnread(index, send, report);
  }
}

function mayBeTrimmed(index: HistoryIndex, { key, offset }: Send): boolean {
  const limit = trimmedTo(index, key);
  return limit > 0 && offset < limit;
}

/** What was read once is there as long as nobody deletes it (A20): every final reader has read it, too. */
function expectReadsLast(index: HistoryIndex, report: Report): void {
  for (const keyIndex of index.keys.values()) {
    if (isDoomed(index, keyIndex.key)) continue;
    const limit = trimmedTo(index, keyIndex.key);
    for (const [reader, offsets] of keyIndex.finals) {
      const missing = keyIndex.readOffsets.filter((offset) => offset >= limit && !offsets.has(offset));
      for (const offset of missing) reportGone(keyIndex, { reader, offset, report });
    }
  }
}

function reportGone({ key, values }: KeyIndex, gone: { reader: string; offset: number; report: Report }): void {
  gone.report('unseen', `${key} offset ${gone.offset}: ${values.get(gone.offset)} was read before, not by ${gone.reader}`);
}

/** What was deleted on request, and is known to be on every replica that may lead, does not come back (B14). */
function expectTrimmedAreGone(index: HistoryIndex, report: Report): void {
  for (const [key, trims] of index.trims) {
    const limit = trims.reduce((highest, trim) => (trim.isDone ? Math.max(highest, trim.offset) : highest), 0);
    for (const [reader, offsets] of index.keys.get(key)?.finals ?? []) {
      const first = Math.min(...offsets);
      if (first < limit) report('resurrected', `${key}: ${reader} read offset ${first}; those before ${limit} were deleted`);
    }
  }
}

/** Where the record stands: as acknowledged, or where it was read when the acknowledgement did not say. */
function placeOf(index: HistoryIndex, send: Send): number | undefined {
  if (send.offset >= 0) return send.offset;
  const offsets = index.places.get(send.value);
  return offsets === undefined ? undefined : Math.min(...offsets);
}

function reportUnread(index: HistoryIndex, send: Send, report: Report): void {
  const elsewhere = index.places.get(send.value);
  const highest = index.keys.get(send.key)?.readOffsets.at(-1) ?? -1;
  const where = `${send.key} offset ${send.offset}: ${send.value}`;
  if (elsewhere !== undefined) report('moved', `${where} was acknowledged there and read at ${[...elsewhere].join(', ')}`);
  else if (send.offset < 0 ? index.hasFinalReads : send.offset < highest) {
    report('lost-write', `${where} was acknowledged and read by nobody; reads went to ${highest}`);
  } else if (index.hasFinalReads) report('unseen', `${where} was acknowledged; the final reads end at ${highest}`);
}

/** The acknowledged records of one idempotent sender stand in a partition in the order in which they were sent. */
function expectSendersOrder(index: HistoryIndex, report: Report): void {
  const last = new Map<string, { readonly offset: number; readonly value: string }>();
  // The map of sends is in the order of their beginnings.
  for (const send of index.sends.values()) {
    const offset = send.outcome === 'ok' && send.isIdempotent ? placeOf(index, send) : undefined;
    if (offset === undefined) continue;
    const line = `${send.process} ${send.key}`;
    const before = last.get(line);
    if (before !== undefined && before.offset >= offset) {
      report('reordered', `${send.key}: ${before.value} at ${before.offset} was sent before ${send.value} at ${offset}`);
    }
    last.set(line, { offset, value: send.value });
  }
}

/** A record that was sent after another had been acknowledged stands after it (A21), whoever sent them. */
function expectOrderOfTime(index: HistoryIndex, report: Report): void {
  const acknowledged = [...index.sends.values()].filter((send) => send.outcome === 'ok' && send.offset >= 0);
  const byEnd = [...acknowledged].sort((a, b) => a.endedAt - b.endedAt);
  const highest = new Map<string, Send>();
  let ended = 0;
  for (const send of acknowledged) {
    for (; ended < byEnd.length && (byEnd[ended] as Send).endedAt < send.invokedAt; ended++) {
      const earlier = byEnd[ended] as Send;
      if (earlier.offset > (highest.get(earlier.key)?.offset ?? -1)) highest.set(earlier.key, earlier);
    }
    const before = highest.get(send.key);
    if (before !== undefined && before.offset >= send.offset) {
      report(
        'nonmonotonic-send',
        `${send.key}: ${send.value} got ${send.offset} after ${before.value} had been acknowledged at ${before.offset}`,
      );
    }
  }
}
