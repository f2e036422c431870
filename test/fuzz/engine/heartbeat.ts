/**
 * The memory that a fuzzing thread shares with its watchdog: how many executions it has begun, and the input of the last.
 * When the thread hangs, runs out of memory or dies, the input is still there.
 */

const countAt = 0;
const lengthAt = 1;
const runningAt = 2;
const headerInts = 3;
const maxBytes = 256 * 1024;

export class Heartbeat {
  readonly buffer: SharedArrayBuffer;
  readonly #ints: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(headerInts * 4 + maxBytes)) {
    this.buffer = buffer;
    this.#ints = new Int32Array(buffer, 0, headerInts);
    this.#bytes = new Uint8Array(buffer, headerInts * 4);
  }

  /** An execution begins. */
  beat(input: Uint8Array): void {
    const length = Math.min(input.length, maxBytes);
    this.#bytes.set(input.subarray(0, length));
    Atomics.store(this.#ints, lengthAt, length);
    Atomics.store(this.#ints, runningAt, 1);
    Atomics.add(this.#ints, countAt, 1);
  }

  /** Nothing runs until the next execution: between two targets. */
  rest(): void {
    Atomics.store(this.#ints, runningAt, 0);
  }

  get isRunning(): boolean {
    return Atomics.load(this.#ints, runningAt) === 1;
  }

  get count(): number {
    return Atomics.load(this.#ints, countAt);
  }

  /** The input of the execution that began last. */
  input(): Uint8Array {
    return this.#bytes.slice(0, Atomics.load(this.#ints, lengthAt));
  }
}
