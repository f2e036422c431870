/**
 * Appends that are on their way into the log: nothing becomes visible, and no reply leaves, before the log says committed.
 *
 * Results take effect in the order of the appends, whatever order they come in, so that an older commit never overwrites a
 * newer one. A client is not kept waiting for longer than `commitTimeoutMs`; its append stays in the queue and takes effect
 * when it is committed after all, since it is in the log. (Kafka's CoordinatorRuntime and its deferred events.)
 */
import { sometimes } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import type { Deadline, Deadlines } from './deadlines.ts';
import type { Append, CoordinatorRecord } from './types.ts';

export interface Write {
  readonly records: readonly CoordinatorRecord[];
  /** The records are committed: make them the state. */
  readonly onCommitted: () => void;
  /** The records are not in the log and will never be: forget them. */
  readonly onRefused: () => void;
  /** Answer: 0, or the error of the append, or REQUEST_TIMED_OUT. Called exactly once, after one of the two above unless late. */
  readonly onDone: (errorCode: number) => void;
}

interface Pending {
  readonly write: Write;
  readonly timeout: Deadline;
  /** Null while the log has not said. */
  result: number | null;
  isAnswered: boolean;
  /** Appends nothing; its result is that of the append before it. */
  isBarrier: boolean;
}

function nothing(): void {}

export class AppendQueue {
  readonly #append: Append;
  readonly #deadlines: Deadlines;
  readonly #timeoutMs: number;
  #pending: Pending[] = [];
  #isDraining = false;
  #isClosed = false;

  constructor(options: { readonly append: Append; readonly deadlines: Deadlines; readonly timeoutMs: number }) {
    this.#append = options.append;
    this.#deadlines = options.deadlines;
    this.#timeoutMs = options.timeoutMs;
  }

  get size(): number {
    return this.#pending.length;
  }

  submit(write: Write): void {
    const pending = this.#enqueue(write);
    this.#append(write.records, (errorCode) => {
      if (this.#isClosed) return;
      pending.result ??= errorCode;
      this.#drain();
    });
  }

  /** Calls back when all that was submitted so far has its result: with the last of these, or REQUEST_TIMED_OUT. */
  afterPending(callback: (errorCode: number) => void): void {
    if (this.#pending.length === 0) {
      callback(ErrorCode.NONE);
      return;
    }
    sometimes('groups: answer waits for open appends');
    this.#enqueue({ records: [], onCommitted: nothing, onRefused: nothing, onDone: callback }).isBarrier = true;
  }

  /** Answers everything that waits with this error and ignores all results from now on: the partition is another's. */
  close(errorCode: number): void {
    this.#isClosed = true;
    const pending = this.#pending;
    if (pending.length > 0) sometimes('groups: coordinator resigned with appends open');
    this.#pending = [];
    for (const each of pending) this.#answer(each, errorCode);
  }

  #enqueue(write: Write): Pending {
    const timeout = this.#deadlines.create(() => {
      sometimes('groups: append answered by its timeout');
      this.#answer(pending, ErrorCode.REQUEST_TIMED_OUT);
    });
    const pending: Pending = { write, timeout, result: null, isAnswered: false, isBarrier: false };
    timeout.arm(this.#timeoutMs);
    this.#pending.push(pending);
    return pending;
  }

  #drain(): void {
    // A callback may submit, and its append may have a result at once; the outer loop takes it.
    if (this.#isDraining) return;
    this.#isDraining = true;
    let done = 0;
    let result: number | null = null;
    try {
      for (;;) {
        const first = this.#pending[done];
        if (first === undefined) break;
        if (!first.isBarrier) result = first.result;
        if (result === null) break;
        done++;
        if (result === ErrorCode.NONE) first.write.onCommitted();
        else first.write.onRefused();
        this.#answer(first, result);
      }
    } finally {
      // Whatever a callback throws, what is behind it still takes effect.
      this.#pending.splice(0, done);
      this.#isDraining = false;
    }
  }

  #answer(pending: Pending, errorCode: number): void {
    if (pending.isAnswered) return;
    pending.isAnswered = true;
    pending.timeout.cancel();
    pending.write.onDone(errorCode);
  }
}
