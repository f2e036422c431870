/**
 * Waiting for a condition that other processes bring about, with a limit and a name for the message.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const pauseMs = 50;

/** Asks until the answer is not undefined. Errors of `ask` count as "not yet"; the last one is the timeout's cause. */
export async function waitFor<T>(what: string, ask: () => Promise<T | undefined>, timeoutMs: number): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  let cause: unknown;
  while (performance.now() < deadlineMs) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(pauseMs);
  }
  const last = cause instanceof Error ? `; last: ${cause.message}` : '';
  throw new Error(`${what}: not within ${timeoutMs} ms${last}`, { cause });
}
