/**
 * What a run leaves behind: everything that was measured, on what, with what. The JSON beside the table is this and nothing
 * else; results.md, the pictures and the comparison with the last run are made from it.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SideId } from '../cluster/side.ts';
import type { FigureSpec } from '../run/work.ts';
import type { Machine } from './machine.ts';

export interface SideInfo {
  readonly id: SideId;
  readonly title: string;
  readonly isPeer: boolean;
  readonly syncs: string;
}

export interface MeasuredFigure extends FigureSpec {
  /** A value for each round, by side; a side that cannot do it has none. */
  readonly values: Partial<Record<SideId, readonly number[]>>;
}

export interface MicroResult {
  readonly name: string;
  readonly unit: string;
  /** Nanoseconds of one call. */
  readonly nanoseconds: number;
  /** Of the least that this machine could do it in. */
  readonly limitNanoseconds: number;
  /** What the limit is. */
  readonly limit: string;
  /** Bytes that one call handles; 0 where bytes do not matter. */
  readonly bytes: number;
}

export interface Failure {
  readonly side: SideId;
  readonly round: number;
  readonly work: string;
  readonly message: string;
}

export interface BenchRecord {
  readonly schema: 1;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly command: string;
  readonly commit: string;
  /** The tree had changes that no commit has. */
  readonly isDirty: boolean;
  readonly machine: Machine;
  readonly scale: number;
  readonly rounds: number;
  readonly sides: readonly SideInfo[];
  readonly works: readonly { readonly name: string; readonly title: string }[];
  readonly figures: readonly MeasuredFigure[];
  readonly micro: readonly MicroResult[];
  /** Cores that others kept busy before each side of each round: a quiet machine has some hundredths. */
  readonly otherBusyCores: readonly number[];
  readonly failures: readonly Failure[];
}

export function writeRecord(path: string, record: BenchRecord): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(record, null, 1)}\n`);
}

/** All of a directory, newest first. */
export function readRecords(directory: string): BenchRecord[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as BenchRecord)
    .filter(({ schema }) => schema === 1)
    .toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
}
