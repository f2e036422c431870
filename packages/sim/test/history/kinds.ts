/**
 * What the checker finds in a history, for tests of doctored ones.
 */
import { checkHistory } from '../../src/history/checker.ts';
import type { HistoryEvent } from '../../src/history/history.ts';
import type { ViolationKind } from '../../src/history/violation.ts';

/** Kinds found in the history, each once, in order of the alphabet. Sender "i" is idempotent. */
export function kindsOf(events: readonly HistoryEvent[], isLossy = false): ViolationKind[] {
  const { violations } = checkHistory({ idempotent: new Set(['i']), events, isLossy });
  return [...new Set(violations.map((violation) => violation.kind))].sort();
}
