/**
 * The quorum's key-value store as RaftStore uses it: LevelDB in production (level-database.ts), memory that can lose
 * power in the simulator. A batch is atomic; with `isSynced` it is durable when the promise resolves.
 */
import type { Buffer } from 'node:buffer';

export type DatabaseOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: string };

export interface Database {
  get(key: string): Promise<Buffer | undefined>;
  /** All pairs with `from` ≤ key < `to`, by key. */
  entries(from: string, to: string): Promise<[key: string, value: Buffer][]>;
  /** Applies all or none. Rejects when the disk fails; the caller must stop then (B9). */
  write(operations: readonly DatabaseOperation[], isSynced: boolean): Promise<void>;
  close(): Promise<void>;
}
