/**
 * The checker's rules about ends of logs and committed offsets, as one observer is told them.
 *
 * The end that ListOffsets answers never goes back (A19) and lies behind everything acknowledged before it was asked for. A
 * leader that was replaced and cannot know it yet answers what was true in its epoch: its answer carries that epoch, so that
 * clients can tell. It is bound by what it answered before, and no longer by what others acknowledge. A group's offset
 * reads back as it was last acknowledged, or as a later attempt of unknown fate set it (D2).
 */
import { commitsOf, isDoomed, type HistoryIndex, type Rule, type Send } from './checker-index.ts';
import type { Committed, EndAnswered, Key } from './history.ts';
import { Leadership } from './leadership.ts';
import type { Report } from './violation.ts';

/**
 * The new leader of a partition first acknowledges what the old one had not: its own epoch shows with the next records, soon
 * after. An answer is that of a replaced leader when a later epoch shows before so many questions more.
 */
const questionsUntilSign = 3;

export const endRules: readonly Rule[] = [expectEndsGrow, expectEndsCoverAcknowledged, expectCommitsLast];

function expectEndsGrow({ others }: HistoryIndex, report: Report): void {
  /** By observer and partition: the highest end of each epoch. */
  const ends = new Map<string, Map<number, number>>();
  for (const { event } of others) {
    if (event.op !== 'end' || event.type !== 'ok') continue;
    const line = `${event.process} ${event.key}`;
    const byEpoch = ends.get(line) ?? new Map<number, number>();
    ends.set(line, byEpoch);
    const epoch = epochOf(event);
    const before = Math.max(0, ...[...byEpoch].filter(([other]) => other <= epoch).map(([, end]) => end));
    if (event.offset < before) report('nonmonotonic-end', `${line}: the end went from ${before} back to ${event.offset}`);
    byEpoch.set(epoch, Math.max(event.offset, byEpoch.get(epoch) ?? 0));
  }
}

function expectEndsCoverAcknowledged(index: HistoryIndex, report: Report): void {
  const { others, sends } = index;
  const byEnd = [...sends.values()].filter((send) => send.outcome === 'ok').sort((a, b) => a.endedAt - b.endedAt);
  const questions = others.filter(({ event }) => event.op === 'end' && event.type === 'invoke').map(({ at }) => at);
  const leadership = new Leadership(index);
  const highest = new Map<Key, Send>();
  let ended = 0;
  let asked = 0;
  for (const { at, event } of others) {
    if (event.op !== 'end') continue;
    if (event.type === 'invoke') {
      asked++;
      for (; ended < byEnd.length && (byEnd[ended] as Send).endedAt < at; ended++) {
        const send = byEnd[ended] as Send;
        if (send.offset > (highest.get(send.key)?.offset ?? -1)) highest.set(send.key, send);
      }
      continue;
    }
    if (event.isReplaced === true || isDoomed(index, event.key)) continue;
    const send = highest.get(event.key);
    if (send === undefined || event.offset > send.offset) continue;
    const soon = questions[asked - 1 + questionsUntilSign] ?? Infinity;
    if (leadership.epochBefore(event.key, soon) > epochOf(event)) continue;
    report(
      'end-before-acknowledged',
      `${event.key}: the end is ${event.offset}, but ${send.value} is acknowledged at ${send.offset}`,
    );
  }
}

/** An answer without an epoch is bound by everything. */
function epochOf({ leaderEpoch }: EndAnswered): number {
  return leaderEpoch === undefined || leaderEpoch < 0 ? Infinity : leaderEpoch;
}

function expectCommitsLast(index: HistoryIndex, report: Report): void {
  for (const [line, commits] of commitsOf(index)) expectCommitsOfLine(line, commits, report);
}

function expectCommitsOfLine(line: string, commits: readonly Committed[], report: Report): void {
  // Offsets that a read may return: the last acknowledged one, and those tried since then.
  let possible = new Set([-1]);
  for (const { type, offset } of commits) {
    if (type === 'invoke') possible.add(offset);
    else if (type === 'ok') possible = new Set([offset]);
    else if (type === 'read' && !possible.has(offset)) {
      report('lost-commit', `${line}: read ${offset}, expected ${[...possible].join(' or ')}`);
    }
  }
}
