/**
 * The checker's rules about ends of logs and committed offsets, as one observer is told them.
 *
 * The end that ListOffsets answers never goes back (A19) and lies behind everything acknowledged before it was asked for; a
 * group's offset reads back as it was last acknowledged, or as a later attempt of unknown fate set it (D2).
 */
import { commitsOf, type HistoryIndex, type Rule, type Send } from './checker-index.ts';
import type { Committed, Key } from './history.ts';
import type { Report } from './violation.ts';

export const endRules: readonly Rule[] = [expectEndsGrow, expectEndsCoverAcknowledged, expectCommitsLast];

function expectEndsGrow({ others }: HistoryIndex, report: Report): void {
  const ends = new Map<string, number>();
  for (const { event } of others) {
    if (event.op !== 'end' || event.type !== 'ok') continue;
    const line = `${event.process} ${event.key}`;
    const before = ends.get(line) ?? 0;
    if (event.offset < before) report('nonmonotonic-end', `${line}: the end went from ${before} back to ${event.offset}`);
    ends.set(line, event.offset);
  }
}

function expectEndsCoverAcknowledged({ others, sends }: HistoryIndex, report: Report): void {
  const byEnd = [...sends.values()].filter((send) => send.outcome === 'ok').sort((a, b) => a.endedAt - b.endedAt);
  const highest = new Map<Key, Send>();
  let ended = 0;
  for (const { at, event } of others) {
    if (event.op !== 'end') continue;
    if (event.type === 'invoke') {
      for (; ended < byEnd.length && (byEnd[ended] as Send).endedAt < at; ended++) {
        const send = byEnd[ended] as Send;
        if (send.offset > (highest.get(send.key)?.offset ?? -1)) highest.set(send.key, send);
      }
      continue;
    }
    const send = highest.get(event.key);
    if (send !== undefined && event.offset <= send.offset) {
      report(
        'end-before-acknowledged',
        `${event.key}: the end is ${event.offset}, but ${send.value} is acknowledged at ${send.offset}`,
      );
    }
  }
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
