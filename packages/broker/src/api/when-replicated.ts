/**
 * The wait of a Produce with acks=all: until every partition is replicated or has failed.
 *
 * Whatever is neither at the timeout is REQUEST_TIMED_OUT (A22). A client that is gone is waited for no longer: its request,
 * and what the partitions hold for it, end with its connection.
 */
import { buggify, sometimes } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import type { Timers } from '@jackdaw/base';
import type { Connection } from '../net/connection.ts';

export interface ReplicationWait {
  /** A PartitionLeader: calls once, at once or later, unless cancelled. */
  readonly leader: { whenReplicated(requiredOffset: number, complete: (error: number) => void): { cancel(): void } | null };
  /** One beyond the last offset that must be replicated. */
  readonly requiredOffset: number;
  /** Called once with the error code; 0 when replicated. */
  readonly onSettled: (error: number) => void;
}

export interface ReplicationWaits {
  readonly waits: readonly ReplicationWait[];
  readonly timeoutMs: number;
  readonly timers: Timers;
  readonly connection: Pick<Connection, 'addCloseListener' | 'removeCloseListener'>;
}

interface OpenWait {
  readonly wait: ReplicationWait;
  waiter: { cancel(): void } | null;
  isDone: boolean;
}

/** Resolves when each wait is settled. */
export function whenAllReplicated({ waits, timeoutMs, timers, connection }: ReplicationWaits): Promise<void> {
  return new Promise((resolve) => {
    let open = waits.length;
    const settle = (one: OpenWait, error: number): void => {
      one.isDone = true;
      one.wait.onSettled(error);
      if (--open > 0) return;
      timer.cancel();
      connection.removeCloseListener(giveUp);
      resolve();
    };
    const giveUp = (): void => {
      for (const one of begun) {
        if (one.isDone) continue;
        sometimes('broker: produce given up while it waited');
        one.waiter?.cancel();
        settle(one, ErrorCode.REQUEST_TIMED_OUT);
      }
    };
    const timer = timers.setTimer(buggify('broker: produce given up early') ? 1 : timeoutMs, giveUp);
    const begun = waits.map((wait): OpenWait => ({ wait, waiter: null, isDone: false }));
    for (const one of begun) {
      one.waiter = one.wait.leader.whenReplicated(one.wait.requiredOffset, (error) => settle(one, error));
    }
    if (open > 0) connection.addCloseListener(giveUp);
  });
}
