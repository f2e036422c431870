/**
 * All works, in the order in which a round does them: those that share a cluster first.
 */
import type { RowId, Work } from '../run/work.ts';
import { loadSweep } from './load-sweep.ts';
import { produce1Kib } from './p01-p02-produce-1kib.ts';
import { produce100B } from './p03-produce-100b.ts';
import { singleRecords } from './p04-single-records.ts';
import { consume1Kib } from './p05-consume.ts';
import { latency } from './p06-latency.ts';
import { manyPartitions } from './p07-many-partitions.ts';
import { startUp } from './p08-start.ts';
import { crashRestart } from './p09-crash-restart.ts';
import { failover } from './p10-failover.ts';
import { memory } from './p11-memory.ts';
import { groups } from './p12-groups.ts';
import { growth } from './p13-growth.ts';
import { severalBrokers } from './several-brokers.ts';

export const works: readonly Work[] = [
  produce1Kib,
  produce100B,
  singleRecords,
  latency,
  groups,
  loadSweep,
  consume1Kib,
  startUp,
  memory,
  manyPartitions,
  crashRestart,
  failover,
  growth,
  severalBrokers,
];

export const rowIds: readonly RowId[] = [
  'P1',
  'P2',
  'P3',
  'P4',
  'P5',
  'P6',
  'P7',
  'P8',
  'P9',
  'P10',
  'P11',
  'P12',
  'P13',
  'load',
  'cores',
];

/** The works that give figures of a row, or the one of that name; none for any other word. */
export function worksFor(word: string): Work[] {
  const row = rowIds.find((id) => id.toLowerCase() === word.toLowerCase());
  return works.filter((work) => work.name === word || (row !== undefined && work.rows.includes(row)));
}
