/**
 * Zstandard: by Node's zlib from 22.15 on, else by WebAssembly.
 *
 * Before anything inflates, the frame headers are read: a declared content size above the limit is refused there, and
 * what the blocks can come to at most bounds the buffer. Format: RFC 8878.
 */
import * as zlib from 'node:zlib';

import { codecZstd, CorruptCompressedError, DecompressedTooLargeError } from '@jackdaw/protocol';

import { inflateError } from './gzip.ts';
import { compressZstdByWasm, decompressZstdByWasm } from './zstd-wasm.ts';

/** Kafka's default of `compression.zstd.level`. */
const defaultLevel = 3;
const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
const maxBlockBytes = 131_072;
/** Key of the compression level in libzstd's parameters (ZSTD_c_compressionLevel). */
const levelParameter = 100;

/** The part of node:zlib that Node 20 does not have. */
interface NativeZstd {
  zstdCompressSync(bytes: Uint8Array, options: { params: Record<number, number> }): Buffer;
  zstdDecompressSync(bytes: Uint8Array, options: { maxOutputLength: number }): Buffer;
}

const native = nativeZstd();

export function compressZstd(bytes: Uint8Array, level = defaultLevel): Uint8Array {
  if (native === undefined) return compressZstdByWasm(bytes, level);
  return native.zstdCompressSync(bytes, { params: { [levelParameter]: level } });
}

export function decompressZstd(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const { bound, isOneFrame } = scanZstd(bytes, maxBytes);
  // Node's own stops after the first frame; Kafka's Java client reads all of them.
  if (native === undefined || !isOneFrame) return decompressZstdByWasm(bytes, { maxBytes, bound });
  try {
    return native.zstdDecompressSync(bytes, { maxOutputLength: Math.max(maxBytes, 1) });
  } catch (error) {
    throw inflateError(error, codecZstd, maxBytes);
  }
}

/** What the headers of the frames in some bytes say. */
interface ZstdScan {
  /** The most bytes that they can inflate to. */
  bound: number;
  /** False when there are several frames, or frames to skip. */
  isOneFrame: boolean;
}

/**
 * Reads the frame and block headers only. Throws `DecompressedTooLargeError` when a declared size is above `maxBytes`,
 * `CorruptCompressedError` when the frames are cut off or not frames.
 */
export function scanZstd(bytes: Uint8Array, maxBytes: number): ZstdScan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let bound = 0;
  let position = 0;
  let frames = 0;
  try {
    for (; position < bytes.length; frames++) {
      const magic = view.getUint32(position, true);
      if ((magic & 0xffff_fff0) >>> 0 === skippableMagic) {
        position += 8 + view.getUint32(position + 4, true);
        continue;
      }
      if (magic !== frameMagic) corrupt('it does not start with the magic of a frame');
      const frame = measureFrame(view, position + 4);
      bound += frame.bound;
      position = frame.end;
      if (frame.isDeclared && bound > maxBytes) throw new DecompressedTooLargeError(codecZstd, maxBytes);
    }
  } catch (error) {
    if (error instanceof RangeError) corrupt('the data ends early');
    throw error;
  }
  if (frames === 0) corrupt('there is no frame');
  if (position > bytes.length) corrupt('the last frame is cut off');
  return { bound, isOneFrame: frames === 1 };
}

/** One frame, from behind its magic: where it ends, and what it can inflate to. Reads past the end throw RangeError. */
function measureFrame(view: DataView, start: number): { end: number; bound: number; isDeclared: boolean } {
  const descriptor = view.getUint8(start);
  if ((descriptor & 0x08) !== 0) corrupt('a reserved bit of the frame header is set');
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
  const sizeCode = descriptor >>> 6;
  const sizeBytes = sizeCode === 0 && !isSingleSegment ? 0 : 1 << sizeCode;
  let position = start + 1 + (isSingleSegment ? 0 : 1) + dictionaryBytes;
  const declared = sizeBytes === 0 ? null : readContentSize(view, position, sizeBytes);
  position += sizeBytes;
  let blocksBound = 0;
  for (let isLast = false; !isLast;) {
    const block = view.getUint16(position, true) | (view.getUint8(position + 2) << 16);
    isLast = (block & 1) !== 0;
    const kind = (block >>> 1) & 3;
    const size = block >>> 3;
    if (kind === 3) corrupt('a block of a reserved type');
    // Raw and run-length blocks say how much they yield, compressed ones at most 128 KiB.
    blocksBound += kind === 2 ? maxBlockBytes : size;
    position += 3 + (kind === 1 ? 1 : size);
  }
  if ((descriptor & 0x04) !== 0) position += 4;
  return { end: position, bound: declared ?? blocksBound, isDeclared: declared !== null };
}

function readContentSize(view: DataView, position: number, sizeBytes: number): number {
  if (sizeBytes === 1) return view.getUint8(position);
  if (sizeBytes === 2) return view.getUint16(position, true) + 256;
  if (sizeBytes === 4) return view.getUint32(position, true);
  return view.getUint32(position, true) + view.getUint32(position + 4, true) * 0x1_0000_0000;
}

function nativeZstd(): NativeZstd | undefined {
  const candidate: Partial<NativeZstd> = zlib as unknown as Partial<NativeZstd>;
  if (candidate.zstdCompressSync === undefined || candidate.zstdDecompressSync === undefined) return undefined;
  return candidate as NativeZstd;
}

function corrupt(detail: string): never {
  throw new CorruptCompressedError(codecZstd, detail);
}
