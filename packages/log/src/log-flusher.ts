/**
 * Group commit: syncs the logs of one directory that have unsynced bytes, and says so when their bytes are durable.
 *
 * A log has one sync in flight; what is appended meanwhile shares the next one. So under load one `fdatasync` serves
 * every append that waited, and an idle log's append is synced at once. The number of syncs in parallel is bounded,
 * because each occupies a thread of libuv's pool.
 */
import { sometimes } from '@jackdaw/base';

/** A log as the flusher sees it. */
export interface Flushable {
  /** Makes what is written now durable. Does not throw: a log that fails goes offline by itself. */
  syncOnce(): Promise<void>;
  /** True while there is something written that is not durable. */
  readonly needsSync: boolean;
}

export interface LogFlusherOptions<Log extends Flushable> {
  maxParallelSyncs?: number;
  /** Called after a log's durable offset has risen. */
  onDurable: (log: Log) => void;
  /** Runs `start` after the current turn, so that one sync covers all that the turn brought. */
  defer: (start: () => void) => void;
}

export const defaultMaxParallelSyncs = 8;

export class LogFlusher<Log extends Flushable> {
  readonly #options: LogFlusherOptions<Log>;
  readonly #maxParallelSyncs: number;
  /** Waiting for a sync, oldest first. */
  readonly #dirty = new Set<Log>();
  readonly #inFlight = new Set<Log>();
  #isScheduled = false;
  #idleWaiters: (() => void)[] = [];

  constructor(options: LogFlusherOptions<Log>) {
    this.#options = options;
    this.#maxParallelSyncs = options.maxParallelSyncs ?? defaultMaxParallelSyncs;
  }

  /** Logs that wait for a sync because as many as may be are under way. */
  get waiting(): number {
    return this.#dirty.size;
  }

  /** The log has unsynced bytes. */
  markDirty(log: Log): void {
    this.#dirty.add(log);
    // A sync that ends looks for more work by itself.
    if (this.#isScheduled || this.#inFlight.has(log)) return;
    this.#isScheduled = true;
    this.#options.defer(() => {
      this.#isScheduled = false;
      this.#startSyncs();
    });
  }

  /** Forgets a log that was closed or deleted. */
  forget(log: Log): void {
    this.#dirty.delete(log);
  }

  /** Resolves once no sync is wanted or under way. */
  async whenIdle(): Promise<void> {
    while (this.#dirty.size > 0 || this.#inFlight.size > 0) {
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    }
  }

  #startSyncs(): void {
    for (const log of this.#dirty) {
      if (this.#inFlight.size >= this.#maxParallelSyncs) return;
      if (this.#inFlight.has(log)) sometimes('log: appends wait for the sync after this one');
      if (this.#inFlight.has(log)) continue;
      this.#dirty.delete(log);
      this.#inFlight.add(log);
      void this.#sync(log);
    }
  }

  async #sync(log: Log): Promise<void> {
    await log.syncOnce();
    this.#inFlight.delete(log);
    this.#options.onDurable(log);
    this.#startSyncs();
    if (this.#dirty.size > 0 || this.#inFlight.size > 0) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const wake of waiters) wake();
  }
}
