/**
 * The simulator's parts that others use: the history of what clients were told, and its checker.
 */
export { checkHistory, describeVerdict, type Counts, type Verdict } from './history/checker.ts';
export { historyLines, type History, type HistoryEvent, type Key } from './history/history.ts';
export type { Violation, ViolationKind } from './history/violation.ts';
