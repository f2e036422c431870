/**
 * The checker's rules about ends of logs and committed offsets, as one observer is told them.
 *
 * The end that ListOffsets answers never goes back (A19) and lies behind everything acknowledged before it was asked for. A
 * leader that was replaced and cannot know it yet answers for its own epoch and those before: its answer carries that epoch,
 * clients can tell, and only what was written in those epochs binds it. A group's offset reads back as it was last
 * acknowledged, or as a later attempt of unknown fate set it (D2).
 */
import { commitsOf, type HistoryIndex, type Rule, type Send } from './checker-index.ts';
import type { Committed, EndAnswered, Key } from './history.ts';
import type { Report } from './violation.ts';

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

function expectEndsCoverAcknowledged({ others, sends, keys }: HistoryIndex, report: Report): void {
  const byEnd = [...sends.values()].filter((send) => send.outcome === 'ok').sort((a, b) => a.endedAt - b.endedAt);
  /** By partition and epoch: what was acknowledged at the highest offset. */
  const highest = new Map<Key, Map<number, Send>>();
  let ended = 0;
  for (const { at, event } of others) {
    if (event.op !== 'end') continue;
    if (event.type === 'invoke') {
      for (; ended < byEnd.length && (byEnd[ended] as Send).endedAt < at; ended++) {
        const send = byEnd[ended] as Send;
        noteHighest(highest, send, keys.get(send.key)?.epochs.get(send.offset) ?? 0);
      }
      continue;
    }
    for (const [epoch, send] of highest.get(event.key) ?? []) {
      if (epoch <= epochOf(event) && event.offset <= send.offset) reportHidden(event, send, report);
    }
  }
}

function noteHighest(highest: Map<Key, Map<number, Send>>, send: Send, epoch: number): void {
  const byEpoch = highest.get(send.key) ?? new Map<number, Send>();
  highest.set(send.key, byEpoch);
  if (send.offset > (byEpoch.get(epoch)?.offset ?? -1)) byEpoch.set(epoch, send);
}

function reportHidden({ key, offset }: EndAnswered, send: Send, report: Report): void {
  report('end-before-acknowledged', `${key}: the end is ${offset}, but ${send.value} is acknowledged at ${send.offset}`);
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
