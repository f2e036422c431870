/**
 * A pause that its caller may cut short, on injected timers; the counterpart of `setTimeout` of node:timers/promises.
 */
import type { Timers } from '@jackdaw/base';

/** Resolves after `delayMs`. Rejects with an AbortError as soon as the signal is aborted. */
export function sleepUnlessAborted(timers: Timers, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      timer.cancel();
      reject(new AbortError(signal));
    };
    const timer = timers.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** What Node rejects with in the same place. */
class AbortError extends Error {
  override readonly name = 'AbortError';
  readonly code = 'ABORT_ERR';

  constructor(signal: AbortSignal | undefined) {
    super('The operation was aborted', { cause: signal?.reason });
  }
}
