/**
 * Says which promises of a replicated log a history breaks: a pure function, in the manner of jepsen.tests.kafka.
 *
 * First an index: who sent what, which value stands at which offset according to anybody, who read what. Then one small
 * function a rule. Offsets and values that clients were shown are facts; a send whose fate is unknown may be there or not,
 * but not in two places. Rules that follow from time use an event's place in the history as the time.
 */
import { endRules } from './checker-ends.ts';
import { groupRules } from './checker-groups.ts';
import { indexHistory, type HistoryIndex } from './checker-index.ts';
import { pollRules } from './checker-polls.ts';
import { sendRules } from './checker-sends.ts';
import { settingRules } from './checker-settings.ts';
import type { History } from './history.ts';
import type { Report, Violation, ViolationKind } from './violation.ts';

export interface Verdict {
  readonly violations: readonly Violation[];
  readonly counts: Counts;
}

export interface Counts {
  readonly sent: number;
  readonly acknowledged: number;
  /** Sends whose outcome the client does not know. */
  readonly unknown: number;
  /** Distinct values that were read by anybody. */
  readonly read: number;
  /** Values of plain senders that stand at more than one offset: allowed, and worth knowing. */
  readonly repeated: number;
}

/** Kinds that no loss explains. */
const inventions: ReadonlySet<ViolationKind> = new Set([
  'phantom-read',
  'aborted-read',
  'lost-setting',
  'producer-id-repeated',
  'unexpected-answer',
]);

export function checkHistory(history: History): Verdict {
  const violations: Violation[] = [];
  const report: Report = (kind, detail) => {
    if (history.isLossy !== true || inventions.has(kind)) violations.push({ kind, detail });
  };
  const index = indexHistory(history, report);
  for (const rule of [...sendRules, ...pollRules, ...endRules, ...groupRules, ...settingRules]) rule(index, report);
  return { violations, counts: countsOf(index) };
}

function countsOf({ sends, places }: HistoryIndex): Counts {
  const all = [...sends.values()];
  const isRepeated = (offsets: ReadonlySet<number>, value: string): boolean =>
    offsets.size > 1 && sends.get(value)?.isIdempotent === false;
  return {
    sent: all.length,
    acknowledged: all.filter((send) => send.outcome === 'ok').length,
    unknown: all.filter((send) => send.outcome === 'info' || send.outcome === 'open').length,
    read: places.size,
    repeated: [...places].filter(([value, offsets]) => isRepeated(offsets, value)).length,
  };
}

/** Violations by kind with the first few of each, for people. */
export function describeVerdict({ violations }: Verdict, examples = 5): string[] {
  const byKind = new Map<ViolationKind, Violation[]>();
  for (const violation of violations) {
    const list = byKind.get(violation.kind);
    if (list === undefined) byKind.set(violation.kind, [violation]);
    else list.push(violation);
  }
  return [...byKind].flatMap(([kind, list]) => [
    `${kind}: ${list.length}`,
    ...list.slice(0, examples).map((violation) => `  ${violation.detail}`),
  ]);
}
