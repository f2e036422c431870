/**
 * Lines of which one cause can bring thousands: a broker that is fenced changes each of its partitions.
 *
 * The first few of a kind within a second are told as they come, the others at the debug level, and how many they were
 * in one line when the second is over.
 */
import type { Clock, Timers } from '@jackdaw/base';

const windowMs = 1_000;
const linesInWindow = 10;

type Level = 'info' | 'warn';

export interface BurstLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

interface Window {
  beganMs: number;
  told: number;
  untold: number;
}

export class LineBursts {
  readonly #logger: BurstLogger;
  readonly #clock: Clock;
  readonly #timers: Timers;
  /** By message; messages are constants, so there are few. */
  readonly #windows = new Map<string, Window>();

  constructor(logger: BurstLogger, platform: { readonly clock: Clock; readonly timers: Timers }) {
    this.#logger = logger;
    this.#clock = platform.clock;
    this.#timers = platform.timers;
  }

  tell(level: Level, fields: object, message: string): void {
    const nowMs = this.#clock.monotonicMs();
    let window = this.#windows.get(message);
    if (window === undefined || nowMs - window.beganMs >= windowMs) {
      window = { beganMs: nowMs, told: 0, untold: 0 };
      this.#windows.set(message, window);
    }
    if (window.told < linesInWindow) {
      window.told++;
      this.#logger[level](fields, message);
      return;
    }
    this.#logger.debug(fields, message);
    if (window.untold++ === 0) this.#summariseLater(window, level, message);
  }

  #summariseLater(window: Window, level: Level, message: string): void {
    this.#timers.setTimer(window.beganMs + windowMs - this.#clock.monotonicMs(), () => {
      this.#logger[level]({ more: window.untold }, `${message}: more of them in the same second, each at the debug level`);
    });
  }
}
