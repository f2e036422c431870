/**
 * Waiting for a condition that other processes bring about, with a limit and a name for the message.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const pauseMs = 50;

/** Thrown by what is waited for, when waiting has become pointless. */
export class HopelessError extends Error {
  override readonly name = 'HopelessError';
}

/**
 * Asks until the answer is not undefined. Errors of `ask` count as "not yet", but for a {@link HopelessError}; the last one is
 * the timeout's cause.
 */
export async function waitFor<T>(what: string, ask: () => Promise<T | undefined>, timeoutMs: number): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  let cause: unknown;
  while (performance.now() < deadlineMs) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
      cause = undefined;
    } catch (error) {
      if (error instanceof HopelessError) throw error;
      cause = error;
    }
    await sleep(pauseMs);
  }
  const last = cause instanceof Error ? `; last: ${cause.message}` : '';
  throw new Error(`${what}: not within ${timeoutMs} ms${last}`, { cause });
}
