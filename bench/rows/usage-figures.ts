/**
 * The figures that every load on the brokers has: CPU for each GB, memory, event-loop delay, garbage collection.
 */
import type { Usage } from '../measure/window.ts';
import { bytesPerGb, type FigureSpec, type Goal, type RowId, type WorkContext } from '../run/work.ts';

export interface UsageFigures {
  readonly row: RowId;
  /** Of the row that asks for CPU for each GB, where that is another one. */
  readonly cpuRow?: RowId;
  /** Of the row that asks for memory, likewise. */
  readonly memoryRow?: RowId;
  readonly prefix: string;
  readonly what: string;
  readonly cpuGoal?: Goal;
  readonly memoryGoal?: Goal;
  readonly loopGoal?: Goal;
}

export function usageFigures({ row, cpuRow = row, memoryRow = row, prefix, what, ...goals }: UsageFigures): FigureSpec[] {
  const goal = (wanted: Goal | undefined): { goal?: Goal } => (wanted === undefined ? {} : { goal: wanted });
  const base = { better: 'less' as const };
  return [
    { row: cpuRow, key: `${prefix}.cpu`, label: `${what}: brokers' CPU`, unit: 's/GB', ...base, ...goal(goals.cpuGoal) },
    { row: cpuRow, key: `${prefix}.kernel`, label: `${what}: of it in the kernel`, unit: '%', better: 'neither' },
    {
      ...{ row: memoryRow, key: `${prefix}.memory`, label: `${what}: memory of a node, peak`, unit: 'MB', ...base },
      ...goal(goals.memoryGoal),
    },
    { row, key: `${prefix}.loop.max`, label: `${what}: event-loop delay, worst`, unit: 'ms', ...base, ...goal(goals.loopGoal) },
    { row, key: `${prefix}.loop.p99`, label: `${what}: event-loop delay, p99`, unit: 'ms', ...base },
    { row, key: `${prefix}.gc`, label: `${what}: garbage collection`, unit: '% of CPU', ...base },
  ];
}

export function recordUsage(context: WorkContext, prefix: string, used: { readonly usage: Usage; readonly bytes: number }): void {
  const { usage, bytes } = used;
  context.record(`${prefix}.cpu`, usage.cpuSeconds / (bytes / bytesPerGb));
  context.record(`${prefix}.kernel`, (100 * usage.systemSeconds) / Math.max(usage.cpuSeconds, 0.01));
  context.record(`${prefix}.memory`, usage.peakMb);
  if (usage.eventLoop !== null) {
    context.record(`${prefix}.loop.max`, usage.eventLoop.maxMs);
    context.record(`${prefix}.loop.p99`, usage.eventLoop.p99Ms);
  }
  if (usage.gcMs !== null) context.record(`${prefix}.gc`, usage.gcMs / 10 / Math.max(usage.cpuSeconds, 0.01));
}
