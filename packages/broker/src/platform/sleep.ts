/**
 * A pause in a chain of promises, on the platform's timers.
 */
import type { Timers } from '@jackdaw/base';

/** Resolves after `delayMs` milliseconds. */
export function sleep(timers: Timers, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    timers.setTimer(delayMs, resolve);
  });
}
