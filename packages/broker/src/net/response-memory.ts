/**
 * The memory of one broker for answers that are being read from disk or wait for slow readers (F3).
 *
 * Fetch takes a grant before it reads and gives it back when the answer is handed to its connection, which counts large
 * answers until the socket has taken them. What is left shrinks the next grants, down to the one batch that a fetch
 * always gets; so stalled consumers cost this budget and a batch each, however many and however large their requests.
 */
export class ResponseMemory {
  readonly #maxBytes: number;
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Bytes that may be read now, at most `wantedBytes`; a part of what is free, so that many get something. */
  grant(wantedBytes: number): number {
    const free = Math.max(0, this.#maxBytes - this.#usedBytes);
    const granted = Math.max(0, Math.min(wantedBytes, Math.floor(free / 4)));
    this.#usedBytes += granted;
    return granted;
  }

  add(bytes: number): void {
    this.#usedBytes += bytes;
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}
