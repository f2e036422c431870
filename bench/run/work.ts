/**
 * What a row of the table is made of: a piece of work that is done once for each side in each round, and the figures that it
 * gives. P1 and P2 come out of the same work, so a work can serve several rows.
 */
import type { BenchCluster, ClusterShape } from '../cluster/bench-cluster.ts';
import type { Side, SideId } from '../cluster/side.ts';
import type { Usage } from '../measure/window.ts';

export type RowId =
  | 'P1'
  | 'P2'
  | 'P3'
  | 'P4'
  | 'P5'
  | 'P6'
  | 'P7'
  | 'P8'
  | 'P9'
  | 'P10'
  | 'P11'
  | 'P12'
  | 'P13'
  | 'load'
  | 'cores';

/** What to reach, as a multiple of the peer's median, as a value, or both. */
export interface Goal {
  readonly ratio?: number;
  /** In page-cache mode, where it is another one. */
  readonly pageCacheRatio?: number;
  readonly value?: number;
}

export interface FigureSpec {
  readonly row: RowId;
  /** Unique over all works; what the JSON calls it. */
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  /** Which way is better; `neither` has no verdict. */
  readonly better: 'more' | 'less' | 'neither';
  readonly goal?: Goal;
}

export interface Work {
  readonly name: string;
  /** One line: what is done. */
  readonly title: string;
  readonly rows: readonly RowId[];
  /** Sides for which it says something; the peer is one of them where it can do the same. */
  readonly sides: readonly SideId[];
  readonly figures: readonly FigureSpec[];
  run(context: WorkContext): Promise<void>;
}

export interface WorkContext {
  readonly side: Side;
  /** Multiplies amounts of work (records, cycles), not shapes (partitions, connections). */
  readonly scale: number;
  /** A healthy cluster of three that works of the same round share, already warm. */
  shared(): Promise<BenchCluster>;
  /** A cluster of this work's own, closed at its end; the shared one is closed before, so that the machine is quiet. */
  own(shape: ClusterShape): Promise<BenchCluster>;
  /** Closes a cluster of its own early. */
  release(cluster: BenchCluster): Promise<void>;
  /** Does the work and measures the brokers meanwhile; takes profiles when they are asked for. */
  measured<T>(cluster: BenchCluster, name: string, work: () => Promise<T>): Promise<{ result: T; usage: Usage }>;
  /** Several values of one figure in a round are summed up by their median (a figure of 20 cycles, for instance). */
  record(key: string, value: number): void;
  readonly progress: (text: string) => void;
  /** `count` × scale, at least `least`. */
  scaled(count: number, least?: number): number;
}

export const bytesPerGb = 1e9;
export const everySide: readonly SideId[] = ['jackdaw', 'page-cache', 'kafka'];
/** Rows in which what is synced when plays no part: Jackdaw as it ships, and the peer. */
export const shippedSides: readonly SideId[] = ['jackdaw', 'kafka'];
