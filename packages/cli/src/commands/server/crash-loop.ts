/**
 * Ends a crash loop (B18): a broker that dies of the same fault right after every start would be started again for ever
 * by whatever supervises it, with an election and a registration for the others each time.
 *
 * Each death by an error of its own soon after a start is counted in a file beside the data; one that has served for a
 * while starts from nothing. At the limit the next start refuses and says what the last error was. To be killed, to lose
 * power or to be stopped is no crash.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../../failure.ts';

/** Fast crashes in a row after which a start is refused. */
export const maxFastCrashes = 10;
/** A broker that has lived this long is over what made it crash. */
export const fastCrashMs = 60_000;

interface Crashes {
  readonly count: number;
  readonly lastError: string;
}

export class CrashLoop {
  readonly #path: string;
  readonly #startedMs: number;
  readonly #nowMs: () => number;

  /** `nowMs` is a clock that does not jump. */
  constructor(directory: string, nowMs: () => number) {
    this.#path = join(directory, 'crashes.json');
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
  }

  /** Throws when this broker has crashed too often. */
  expectEnded(): void {
    const { count, lastError } = readCrashes(this.#path);
    if (count < maxFastCrashes) return;
    throw new CommandError(
      'CRASH_LOOP',
      `the last ${count} starts ended in a crash within a minute, the last with: ${lastError}`,
      {
        hint: `mend what made it crash, then remove ${this.#path} and start again`,
      },
    );
  }

  /** Notes a death by an error. Does not throw: the disk may be what failed. */
  onCrash(error: unknown): void {
    const isFast = this.#nowMs() - this.#startedMs < fastCrashMs;
    const count = isFast ? readCrashes(this.#path).count + 1 : 0;
    const crashes: Crashes = { count, lastError: describe(error) };
    try {
      mkdirSync(join(this.#path, '..'), { recursive: true });
      writeFileSync(this.#path, `${JSON.stringify(crashes)}\n`);
    } catch {
      // Then it is not counted.
    }
  }

  /** The broker was stopped in order. */
  onStopped(): void {
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // Then the count stays, and is one too high at worst.
    }
  }
}

/** A file that cannot be read counts as none. */
function readCrashes(path: string): Crashes {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value === 'object' && value !== null && 'count' in value && 'lastError' in value) {
      const { count, lastError } = value;
      if (Number.isSafeInteger(count) && typeof lastError === 'string') return { count: Number(count), lastError };
    }
  } catch {
    // Not there, or half written.
  }
  return { count: 0, lastError: '' };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : describe(error.cause);
  return (error.message.includes(cause) ? error.message : `${error.message}: ${cause}`).slice(0, 1_000);
}
