/**
 * What is going on, on standard error: one line that is written over on a terminal; elsewhere a line for each new piece of
 * work, and one now and then while it lasts.
 */

const quietMs = 15_000;

export class Progress {
  readonly #isTerminal = process.stderr.isTTY === true;
  #head = '';
  #lastLineMs = -quietMs;
  readonly #beganMs = performance.now();

  /** A new piece of work. */
  head(text: string): void {
    this.#head = text;
    this.#print(text);
  }

  /** How far it is. */
  detail(text: string): void {
    if (this.#isTerminal) this.#overwrite(`${this.#head}: ${text}`);
    else if (performance.now() - this.#lastLineMs >= quietMs) this.#print(`${this.#head}: ${text}`);
  }

  /** A line that stays. */
  line(text: string): void {
    if (this.#isTerminal) process.stderr.write('\r\x1b[K');
    process.stderr.write(`${text}\n`);
  }

  end(): void {
    if (this.#isTerminal) process.stderr.write('\r\x1b[K');
  }

  #print(text: string): void {
    this.#lastLineMs = performance.now();
    if (this.#isTerminal) this.#overwrite(text);
    else process.stderr.write(`${this.#elapsed()} ${text}\n`);
  }

  #overwrite(text: string): void {
    const room = (process.stderr.columns ?? 80) - 1;
    process.stderr.write(`\r\x1b[K${`${this.#elapsed()} ${text}`.slice(0, room)}`);
  }

  #elapsed(): string {
    const seconds = Math.round((performance.now() - this.#beganMs) / 1000);
    return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`;
  }
}
