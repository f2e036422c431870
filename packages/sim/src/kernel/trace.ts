/**
 * What happened in a run: a hash over every event, which two runs of one seed must share, and a story for people.
 */

/** How many of the last lines are kept for a failure when no story was asked for. */
const keptLines = 200;

export class Trace {
  readonly #story: ((line: string) => void) | null;
  readonly #last: string[] = [];
  #high = 0x811c9dc5;
  #low = 0x1b873593;
  #nowMs = 0;

  /** `story` gets each line as it happens; without it only the last ones are kept. */
  constructor(story: ((line: string) => void) | null = null) {
    this.#story = story;
  }

  /** Whether somebody reads: details that cost something need not be made otherwise. */
  get isTold(): boolean {
    return this.#story !== null;
  }

  event(nowMs: number, owner: string, label: string): void {
    this.#nowMs = nowMs;
    this.#mix(Math.round(nowMs * 1_000));
    this.text(owner);
    this.text(label);
  }

  /** Takes a text into the hash. */
  text(text: string): void {
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i));
  }

  number(value: number): void {
    this.#mix(value);
  }

  /** Takes bytes that a process said into the hash: their length and a sample of them. */
  bytes(bytes: Uint8Array): void {
    this.#mix(bytes.length);
    const step = Math.max(1, bytes.length >> 6);
    for (let i = 0; i < bytes.length; i += step) this.#mix(bytes[i] as number);
  }

  /** A line of the story. */
  note(who: string, what: string): void {
    const line = `${this.#nowMs.toFixed(3).padStart(11)}  ${who.padEnd(10)} ${what}`;
    if (this.#story !== null) this.#story(line);
    else {
      this.#last.push(line);
      if (this.#last.length > 2 * keptLines) this.#last.splice(0, keptLines);
    }
  }

  get lastLines(): readonly string[] {
    return this.#last.slice(-keptLines);
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    return hex(this.#high) + hex(this.#low);
  }

  #mix(value: number): void {
    this.#high = Math.imul(this.#high ^ value, 0x01000193);
    this.#low = Math.imul((this.#low << 13) | (this.#low >>> 19), 5) ^ this.#high;
  }
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
