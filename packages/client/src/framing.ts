/**
 * Cuts a TCP byte stream into Kafka frames: a 4-byte big-endian length, then that many bytes.
 *
 * A frame that lies inside one chunk is handed on as a view of it; only frames that span chunks are copied, once.
 * The length is checked against a limit before anything is kept, so that a peer cannot make the client allocate at will.
 */
import { ConnectionError } from './errors.ts';

/** No response of a sane broker is larger: fetches are limited to 55 MiB by default. */
export const maxFrameBytes = 512 * 1024 * 1024;

export class FrameDecoder {
  readonly #address: string;
  /** Chunks received and not yet handed out; the first `#skip` bytes of the first one are used up. */
  #chunks: Buffer[] = [];
  #skip = 0;
  #available = 0;

  constructor(address: string) {
    this.#address = address;
  }

  /** Takes the next chunk of the stream and returns the frames that are now whole, without their length prefix. */
  push(chunk: Buffer): Buffer[] {
    if (chunk.length === 0) return [];
    this.#chunks.push(chunk);
    this.#available += chunk.length;
    const frames: Buffer[] = [];
    for (;;) {
      const length = this.#peekLength();
      if (length === undefined || this.#available < 4 + length) return frames;
      this.#take(4);
      frames.push(this.#take(length));
    }
  }

  #peekLength(): number | undefined {
    if (this.#available < 4) return undefined;
    const first = this.#chunks[0] as Buffer;
    const length = first.length - this.#skip >= 4 ? first.readInt32BE(this.#skip) : this.#gatherPrefix().readInt32BE(0);
    if (length < 0 || length > maxFrameBytes) {
      throw new ConnectionError(
        this.#address,
        `${this.#address} sent a frame of ${length} bytes; it does not speak Kafka's protocol`,
      );
    }
    return length;
  }

  /** Copies the first four bytes out of as many chunks as hold them. */
  #gatherPrefix(): Buffer {
    const prefix = Buffer.alloc(4);
    let filled = 0;
    let from = this.#skip;
    for (const chunk of this.#chunks) {
      filled += chunk.copy(prefix, filled, from, Math.min(chunk.length, from + 4 - filled));
      from = 0;
      if (filled === 4) break;
    }
    return prefix;
  }

  /** Removes `length` available bytes from the front. */
  #take(length: number): Buffer {
    this.#available -= length;
    const first = this.#chunks[0];
    if (first !== undefined && first.length - this.#skip >= length) {
      const view = first.subarray(this.#skip, this.#skip + length);
      this.#advance(length);
      return view;
    }
    const whole = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const chunk = this.#chunks[0] as Buffer;
      const copied = chunk.copy(whole, filled, this.#skip, Math.min(chunk.length, this.#skip + length - filled));
      filled += copied;
      this.#advance(copied);
    }
    return whole;
  }

  #advance(bytes: number): void {
    this.#skip += bytes;
    while (this.#chunks.length > 0 && this.#skip >= (this.#chunks[0] as Buffer).length) {
      this.#skip -= (this.#chunks[0] as Buffer).length;
      this.#chunks.shift();
    }
  }
}
