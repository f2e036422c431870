/**
 * Looks after a request whose answer is overdue: does the broker that owes it still lead what was asked?
 *
 * A machine that is paused or cut off keeps its connections, so that a client would wait until its request times out, long
 * after the cluster has found new leaders. Asking the others costs a metadata request each two seconds that an answer is late.
 */
import type { Scheduler, Timer } from '@jackdaw/base';

/** An answer that takes longer is overdue; and how long until the others are asked again. */
export const overdueAfterMs = 2_000;

export interface LeaderWatch {
  /** How long the broker may wait by itself before it answers, as a fetch allows; default 0. */
  readonly maxWaitMs?: number;
  /** Topics of the request: whose leaders are asked for. */
  readonly topics: readonly string[];
  /** Whether all that was asked is led elsewhere, by what is known now. */
  readonly hasMoved: () => boolean;
}

export interface Overdue {
  readonly scheduler: Scheduler;
  readonly firstMs: number;
  /** Returns whether to go on asking; must not throw. The answer may come while it waits: then it must do nothing more. */
  readonly check: (isOver: () => boolean) => Promise<boolean>;
}

/** Calls `check` while the answer is overdue, until it says no or the returned function is called. */
export function whileOverdue({ scheduler, firstMs, check }: Overdue): () => void {
  let isOver = false;
  let timer: Timer;
  const ask = async (): Promise<void> => {
    if ((await check(() => isOver)) && !isOver) timer = scheduler.setTimer(overdueAfterMs, () => void ask());
  };
  timer = scheduler.setTimer(firstMs, () => void ask());
  return () => {
    isOver = true;
    timer.cancel();
  };
}
