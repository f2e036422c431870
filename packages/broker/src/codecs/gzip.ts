/**
 * gzip by Node's zlib, which stops inflating at a limit by itself.
 */
import { gunzipSync, gzipSync } from 'node:zlib';

import { codecGzip, CorruptCompressedError, DecompressedTooLargeError } from '@jackdaw/protocol';

const minChunkBytes = 1024;
const maxChunkBytes = 262_144;

/** `level` is zlib's, 1 to 9; −1 and the default are zlib's own choice. */
export function compressGzip(bytes: Uint8Array, level = -1): Buffer {
  return gzipSync(bytes, { level });
}

export function decompressGzip(bytes: Uint8Array, maxBytes: number): Buffer {
  // zlib collects its output in chunks of one size; four times the input is one chunk for most batches.
  const chunkSize = Math.min(maxChunkBytes, Math.max(minChunkBytes, bytes.length * 4));
  try {
    return gunzipSync(bytes, { maxOutputLength: Math.max(maxBytes, 1), chunkSize });
  } catch (error) {
    throw inflateError(error, codecGzip, maxBytes);
  }
}

/** What an error of Node's zlib means: too large, or malformed. */
export function inflateError(cause: unknown, codec: 1 | 4, maxBytes: number): Error {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ERR_BUFFER_TOO_LARGE') return new DecompressedTooLargeError(codec, maxBytes);
  return new CorruptCompressedError(codec, cause instanceof Error ? cause.message : String(cause), { cause });
}
