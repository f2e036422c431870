/**
 * Cuts a byte stream into Kafka frames: a four-byte big-endian length, then that many bytes.
 *
 * A frame that lies inside one received chunk is handed on without a copy; one that spans chunks is joined once, when
 * its last byte has come. So memory grows with what a peer has sent, never with what it announced (F4).
 */
import { sometimes } from '@jackdaw/base';
import { Buffer } from 'node:buffer';

/** The peer announced a frame that this listener does not take; the connection must be closed. */
export class FrameLengthError extends Error {
  override readonly name = 'FrameLengthError';
}

const lengthFieldBytes = 4;
/** Pieces of a frame may number this many before small ones are joined. */
const maxSmallChunks = 256;
const smallChunkBytes = 4096;

export class FrameReader {
  readonly #maxFrameBytes: number;
  #chunks: Buffer[] = [];
  #bufferedBytes = 0;

  /** `maxFrameBytes`: `socket.request.max.bytes`. */
  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Bytes of the frame that has begun and not ended. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Takes a received chunk and returns the frames that it completes, in order. Throws {@link FrameLengthError}. */
  push(chunk: Buffer): Buffer[] {
    const frames: Buffer[] = [];
    if (this.#bufferedBytes > 0) {
      sometimes('broker: frame received in pieces');
      this.#chunks.push(chunk);
      this.#bufferedBytes += chunk.length;
      this.#joinSmallChunks();
      const needed = this.#announcedBytes();
      if (needed === null || this.#bufferedBytes < needed) return frames;
      chunk = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#bufferedBytes);
      this.#chunks = [];
      this.#bufferedBytes = 0;
    }
    let position = 0;
    while (chunk.length - position >= lengthFieldBytes) {
      const length = this.#checkLength(chunk.readInt32BE(position));
      const end = position + lengthFieldBytes + length;
      if (end > chunk.length) break;
      frames.push(chunk.subarray(position + lengthFieldBytes, end));
      position = end;
    }
    if (position < chunk.length) {
      const rest = chunk.subarray(position);
      this.#chunks = [rest];
      this.#bufferedBytes = rest.length;
    }
    return frames;
  }

  /** Whole size of the frame that has begun, or null while its length field is not complete. */
  #announcedBytes(): number | null {
    if (this.#bufferedBytes < lengthFieldBytes) return null;
    let head = this.#chunks[0] as Buffer;
    if (head.length < lengthFieldBytes) {
      head = Buffer.concat(this.#chunks, this.#bufferedBytes);
      this.#chunks = [head];
    }
    return lengthFieldBytes + this.#checkLength(head.readInt32BE(0));
  }

  /** A peer that trickles single bytes must not cost a Buffer object for each of them. */
  #joinSmallChunks(): void {
    if (this.#chunks.length < maxSmallChunks || this.#bufferedBytes >= this.#chunks.length * smallChunkBytes) return;
    this.#chunks = [Buffer.concat(this.#chunks, this.#bufferedBytes)];
  }

  #checkLength(length: number): number {
    if (length >= minFrameBytes && length <= this.#maxFrameBytes) return length;
    throw new FrameLengthError(
      `frame of ${length} bytes announced; this listener takes ${minFrameBytes} to ${this.#maxFrameBytes}`,
    );
  }
}

/** The smallest request: api key, api version and correlation id. */
const minFrameBytes = 8;
