/**
 * Time as an injected dependency: pure packages never read a clock, the simulator owns it.
 *
 * Sessions, leases, retention and timeouts use `monotonicMs` only; the wall clock gives record timestamps and log
 * lines (statement B19: no decision may depend on a clock that jumps).
 */

export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. May have fractions. */
  monotonicMs(): number;
  /** Milliseconds since the Unix epoch, an integer; may jump either way. */
  wallMs(): number;
}

/** A timer that has been set; `cancel` after it fired is harmless. */
export interface Timer {
  cancel(): void;
}

export interface Timers {
  /** Calls `callback` once, `delayMs` milliseconds from now at the earliest. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

/** All that code may ask of an event loop. A simulator runs many nodes on one of its own. */
export interface Scheduler extends Timers {
  /** Calls `callback` after the current turn, when everything that this turn's I/O brought has been seen. */
  defer(callback: () => void): void;
}

/** Calls `callback` every `intervalMs` milliseconds until cancelled; a late call is not made up for. */
export function setRepeating(timers: Timers, intervalMs: number, callback: () => void): Timer {
  const fire = (): void => {
    timer = timers.setTimer(intervalMs, fire);
    callback();
  };
  let timer = timers.setTimer(intervalMs, fire);
  return { cancel: () => timer.cancel() };
}

/** A clock that moves only when told to: for tests and for the simulator. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #wallOffsetMs: number;

  constructor(startMs = 0, wallOffsetMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
    this.#wallOffsetMs = wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return Math.floor(this.#nowMs + this.#wallOffsetMs);
  }

  advance(deltaMs: number): void {
    this.#nowMs += deltaMs;
  }
}
