/** A record of a run that never was, for the tests of what is made from one. */
import type { BenchRecord } from './bench-record.ts';

export function recordOf(changes: Partial<BenchRecord> = {}): BenchRecord {
  const side = { isPeer: false, syncs: 'something' };
  return {
    ...{ schema: 1, startedAt: '2026-11-22T10:00:00.000Z', finishedAt: '2026-11-22T10:30:00.000Z' },
    ...{ command: 'npm run bench', commit: 'abc1234', isDirty: false, scale: 1, rounds: 3 },
    machine: { cpu: 'CPU', cores: 2, memoryGib: 24, kernel: '6', node: 'v20.20.2', java: '17', class: 'CPU × 2' },
    sides: [
      { id: 'jackdaw', title: 'Jackdaw, fsync', ...side },
      { id: 'page-cache', title: 'Jackdaw, page cache', ...side },
      { id: 'kafka', title: 'Kafka 4.3.1', ...side, isPeer: true },
    ],
    works: [{ name: 'produce-1kib', title: 'producer-perf' }],
    figures: [
      {
        ...{ row: 'P1', key: 'produce1k.mb', label: 'produce 1 KiB', unit: 'MB/s', better: 'more' },
        goal: { ratio: 1, pageCacheRatio: 1.5 },
        values: { jackdaw: [95, 100, 115], 'page-cache': [120], kafka: [50] },
      },
      {
        ...{ row: 'P1', key: 'produce1k.loop.max', label: 'event-loop delay, worst', unit: 'ms', better: 'less' },
        values: { jackdaw: [12], 'page-cache': [11] },
      },
      { row: 'P3', key: 'none', label: 'not measured', unit: 'ms', better: 'less', values: {} },
    ],
    ...{ micro: [], otherBusyCores: [0.02], failures: [] },
    ...changes,
  };
}
