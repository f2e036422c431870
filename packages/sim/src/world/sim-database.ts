/**
 * The quorum's database in memory: `Database` with LevelDB's promises, and nothing more.
 *
 * A batch is atomic and batches are in order. A crash keeps everything up to the last synced batch and some of what came
 * after it, as a write-ahead log with a torn tail would.
 */
import { Buffer } from 'node:buffer';
import type { Prng } from '@jackdaw/base';
import type { Database, DatabaseOperation } from '@jackdaw/broker';
import { StorageError } from '@jackdaw/log';
import { ProcessDied, type SimProcess } from './process.ts';

/** Counts the entries of the quorum's log as far as their writer was told that they are there. */
export interface WrittenLog {
  readonly keys: ReadonlySet<string>;
  /** Grows with each batch that changes them. */
  readonly changes: number;
}

const entryPrefix = 'e';

export class DatabaseDisk {
  /** As of the last open; its changes are told to the one process that has opened it. */
  written: WrittenLog = { keys: new Set(), changes: 0 };
  /** All batches that a reader sees, oldest first; those before `#durable` survive any crash. */
  #batches: DatabaseOperation[][] = [];
  #durable = 0;
  /** The next write fails, and every one after it, as long as this is set. */
  isFailing = false;
  /** The files cannot be read any more: the next open fails, and only a new disk helps. */
  isDamaged = false;
  readonly #syncMs: () => number;

  constructor(syncMs: () => number) {
    this.#syncMs = syncMs;
  }

  /** What a reader finds. */
  content(): Map<string, Buffer> {
    const content = new Map<string, Buffer>();
    for (const batch of this.#batches) {
      for (const operation of batch) {
        if (operation.type === 'put') content.set(operation.key, operation.value);
        else content.delete(operation.key);
      }
    }
    return content;
  }

  /** Power is lost: an arbitrary tail of what was not synced goes. Null loses all of it. */
  crash(prng: Prng | null): void {
    const unsynced = this.#batches.length - this.#durable;
    this.#batches.length = this.#durable + (prng === null ? 0 : prng.below(unsynced + 1));
    this.#durable = this.#batches.length;
    this.#fold();
  }

  /** A copy of what is durable: yesterday's image. */
  image(): DatabaseDisk {
    const copy = new DatabaseDisk(this.#syncMs);
    copy.#batches = this.#batches.slice(0, this.#durable);
    copy.#durable = copy.#batches.length;
    return copy;
  }

  wipe(): void {
    this.#batches = [];
    this.#durable = 0;
    this.isDamaged = false;
  }

  open(process: SimProcess): Promise<Database> {
    if (this.isDamaged) return Promise.reject(new StorageError('corrupt', 'raft', 'simulated damage of the database'));
    return Promise.resolve(this.#opened(process));
  }

  #opened(process: SimProcess): Database {
    const content = this.content();
    const keys = new Set([...content.keys()].filter((key) => key.startsWith(entryPrefix)));
    const written = { keys, changes: 1 };
    this.written = written;
    return {
      get: (key) => this.#answer(process, content.get(key)),
      entries: (from, to) =>
        this.#answer(
          process,
          [...content].filter(([key]) => key >= from && key < to).toSorted(([a], [b]) => (a < b ? -1 : 1)),
        ),
      write: async (operations, isSynced) => {
        const mine = copied(operations);
        await this.#write(process, { content, operations: mine, isSynced });
        noteEntries(written, mine);
      },
      close: () => this.#answer(process, undefined),
    };
  }

  #answer<T>(process: SimProcess, value: T): Promise<T> {
    return new Promise((resolve) => void process.after(0, 'database', () => resolve(value)));
  }

  #write(
    process: SimProcess,
    write: { content: Map<string, Buffer>; operations: DatabaseOperation[]; isSynced: boolean },
  ): Promise<void> {
    if (process.isDead) throw new ProcessDied();
    if (this.isFailing) return Promise.reject(new StorageError('io', 'raft', 'EIO: simulated database failure'));
    this.#batches.push(write.operations);
    for (const operation of write.operations) {
      if (operation.type === 'put') write.content.set(operation.key, operation.value);
      else write.content.delete(operation.key);
    }
    const mine = this.#batches.length;
    const batches = this.#batches;
    return new Promise((resolve) => {
      if (!write.isSynced) process.after(0, 'database', resolve);
      else {
        // The device goes on when the process is dead or stands still.
        process.loop.after(this.#syncMs(), {
          owner: null,
          label: 'database sync',
          callback: () => {
            if (process.isDead && this.#batches !== batches) return;
            this.#durable = Math.max(this.#durable, Math.min(mine, this.#batches.length));
            process.after(0, 'database', resolve);
          },
        });
      }
    });
  }

  /** Few batches stand for many once nothing can be lost of them. */
  #fold(): void {
    const operations = [...this.content()].map(([key, value]): DatabaseOperation => ({ type: 'put', key, value }));
    this.#batches = [operations];
    this.#durable = 1;
  }
}

function noteEntries(written: { readonly keys: Set<string>; changes: number }, operations: readonly DatabaseOperation[]): void {
  for (const { type, key } of operations) {
    if (!key.startsWith(entryPrefix)) continue;
    if (type === 'put') written.keys.add(key);
    else written.keys.delete(key);
    written.changes++;
  }
}

function copied(operations: readonly DatabaseOperation[]): DatabaseOperation[] {
  return operations.map((one) => (one.type === 'put' ? { ...one, value: Buffer.from(one.value) } : one));
}
