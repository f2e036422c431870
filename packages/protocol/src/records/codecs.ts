/**
 * Compression as seen from the pure side: an interface that the broker, the CLI and tests implement.
 *
 * Synchronous, because a batch is checked and appended in one turn of its partition's queue. The implementation for
 * Node is in `broker/src/codecs`; this package never compresses by itself.
 */

/** Compression codec of a batch: the low three bits of its attributes. */
export type CodecId = 0 | 1 | 2 | 3 | 4;
export type CodecName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

export const codecNone = 0;
export const codecGzip = 1;
export const codecSnappy = 2;
export const codecLz4 = 3;
export const codecZstd = 4;

/** Names as in `compression.type`, by codec id. */
export const codecNames: readonly CodecName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

export interface Codecs {
  /** `bytes` compressed as Kafka's own producer frames them (snappy: xerial, lz4: frame). Never called with `none`. */
  compress(codec: CodecId, bytes: Uint8Array, level?: number): Uint8Array;
  /**
   * The original bytes, at most `maxBytes` of them. Throws {@link DecompressedTooLargeError} as soon as the output
   * would pass that limit, before inflating the rest, and {@link CorruptCompressedError} on malformed input.
   */
  decompress(codec: CodecId, bytes: Uint8Array, maxBytes: number): Uint8Array;
}

/** The output would exceed the limit: a bomb, or a batch above `max.decompressed.message.bytes`. */
export class DecompressedTooLargeError extends Error {
  override readonly name = 'DecompressedTooLargeError';
  readonly maxBytes: number;

  constructor(codec: CodecId, maxBytes: number) {
    super(`${codecNames[codec]} data inflates to more than ${maxBytes} bytes`);
    this.maxBytes = maxBytes;
  }
}

/** The input is not what the codec's format allows. */
export class CorruptCompressedError extends Error {
  override readonly name = 'CorruptCompressedError';

  constructor(codec: CodecId, detail: string, options?: { cause?: unknown }) {
    super(`malformed ${codecNames[codec]} data: ${detail}`, options);
  }
}

export function isCodecId(id: number): id is CodecId {
  return id >= codecNone && id <= codecZstd;
}

/** The id of a codec's name, or undefined when there is no such codec. */
export function codecIdOf(name: string): CodecId | undefined {
  const id = codecNames.indexOf(name as CodecName);
  return isCodecId(id) ? id : undefined;
}
