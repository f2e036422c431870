/**
 * Compression for Node: the implementation of `Codecs` that broker, log, CLI and console share.
 *
 * gzip and zstd come from Node (zstd from WebAssembly before 22.15), snappy and lz4 are own code. Nothing is loaded or
 * set aside before the first batch that needs it. Used when a batch is compressed on produce (to check its records),
 * when `compression.type` asks for another codec, in compaction, and when records are decoded for people.
 */
import {
  codecGzip,
  codecLz4,
  codecNone,
  codecSnappy,
  codecZstd,
  DecompressedTooLargeError,
  type CodecId,
  type Codecs,
} from '@jackdaw/protocol';

import { compressGzip, decompressGzip } from './gzip.ts';
import { compressLz4, decompressLz4 } from './lz4-frame.ts';
import { compressSnappy, decompressSnappy } from './snappy.ts';
import { compressZstd, decompressZstd } from './zstd.ts';

/** Synchronous codecs without state of their own. Levels of lz4 are accepted and have no effect: there is one. */
export const nodeCodecs: Codecs = { compress, decompress };

function compress(codec: CodecId, bytes: Uint8Array, level?: number): Uint8Array {
  switch (codec) {
    case codecNone:
      return bytes;
    case codecGzip:
      return compressGzip(bytes, level);
    case codecSnappy:
      return compressSnappy(bytes);
    case codecLz4:
      return compressLz4(bytes);
    case codecZstd:
      return compressZstd(bytes, level);
  }
}

function decompress(codec: CodecId, bytes: Uint8Array, maxBytes: number): Uint8Array {
  switch (codec) {
    case codecNone:
      if (bytes.length > maxBytes) throw new DecompressedTooLargeError(codec, maxBytes);
      return bytes;
    case codecGzip:
      return decompressGzip(bytes, maxBytes);
    case codecSnappy:
      return decompressSnappy(bytes, maxBytes);
    case codecLz4:
      return decompressLz4(bytes, maxBytes);
    case codecZstd:
      return decompressZstd(bytes, maxBytes);
  }
}
