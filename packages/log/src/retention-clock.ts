/**
 * The time by which records expire: the wall clock, but no jump of it deletes data (B19).
 *
 * Records carry wall-clock timestamps, so their age can only be told by such a clock; one that is set forward by mistake
 * would make them old at once, and what retention deletes is gone. So a jump ahead of the monotonic clock is not
 * followed until it has lasted for hours. A clock that falls back only makes records live longer.
 */

/** A difference that clocks may have without a jump. */
const toleranceMs = 60_000;
/** After this long the new time is believed: somebody has corrected the clock, or the machine was asleep. */
export const maxDoubtMs = 6 * 3_600_000;

export class RetentionClock {
  #trustedMs: number;
  #monotonicMs: number;
  /** Monotonic time at which the wall clock jumped ahead; null while it is believed. */
  #doubtSinceMs: number | null = null;

  /** Believes `wallMs`, which is to be read at the process's start: the sooner, the fewer jumps come before it. */
  constructor(wallMs: number, monotonicMs: number) {
    this.#trustedMs = wallMs;
    this.#monotonicMs = monotonicMs;
  }

  /** Wall-clock milliseconds to compare timestamps with. */
  trust(wallMs: number, monotonicMs: number): number {
    const expectedMs = this.#trustedMs + monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
    this.#doubtSinceMs = wallMs > expectedMs + toleranceMs ? (this.#doubtSinceMs ?? monotonicMs) : null;
    const isBelieved = this.#doubtSinceMs === null || monotonicMs - this.#doubtSinceMs >= maxDoubtMs;
    this.#trustedMs = isBelieved ? wallMs : expectedMs;
    return this.#trustedMs;
  }
}
