/**
 * Zstandard for Node before 22.15: libzstd as WebAssembly, from the package @bokuweb/zstd-wasm.
 *
 * Only the package's `zstd.wasm` is used, not its JavaScript: that loads asynchronously, sizes the output by a number in
 * the input, and keeps its memory for ever. The exports of the file have one-letter names, which hold for the exact
 * version that package.json pins. The instance is made at first use and dropped after a large batch, since the memory
 * of an instance cannot shrink.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { assert } from '@jackdaw/base';
import { codecZstd, CorruptCompressedError, DecompressedTooLargeError } from '@jackdaw/protocol';

/** Memory above which an instance is not kept for the next batch. */
const maxKeptMemoryBytes = 64 * 1024 * 1024;
const pageBytes = 65_536;
/** libzstd returns −code as an unsigned 32-bit number; its codes are below this. */
const maxErrorCode = 120;
/** ZSTD_error_dstSize_tooSmall. */
const tooSmallCode = 70;

/** What is used of zstd.wasm's exports; sizes and addresses are 32-bit integers. */
interface ZstdExports {
  /** The linear memory. */
  f: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /** Runs constructors, once. */
  g(): void;
  /** ZSTD_compressBound. */
  i(size: number): number;
  /** ZSTD_compress(to, capacity, from, size, level). */
  m(to: number, capacity: number, from: number, size: number, level: number): number;
  /** ZSTD_decompress(to, capacity, from, size). */
  r(to: number, capacity: number, from: number, size: number): number;
  /** malloc and free. */
  s(size: number): number;
  t(address: number): void;
}

/** The part of the platform's WebAssembly that Node's types leave to the browser's. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => CompiledModule;
  Instance: new (compiled: CompiledModule, imports: Record<string, Record<string, unknown>>) => { exports: unknown };
};
type CompiledModule = object;

let compiled: CompiledModule | undefined;
let kept: ZstdExports | undefined;

export function compressZstdByWasm(bytes: Uint8Array, level: number): Buffer {
  const zstd = instance();
  const capacity = zstd.i(bytes.length);
  return withMemory(zstd, { bytes, capacity }, (to, from) => {
    const size = zstd.m(to, capacity, from, bytes.length, level);
    assert(!isError(size), `zstd compression of ${bytes.length} bytes failed with code ${-size}`);
    return size;
  });
}

/** `limits.bound` is the most that the frames can yield; output above `limits.maxBytes` is refused. */
export function decompressZstdByWasm(bytes: Uint8Array, limits: { maxBytes: number; bound: number }): Buffer {
  const capacity = Math.min(limits.maxBytes, limits.bound);
  const zstd = instance();
  return withMemory(zstd, { bytes, capacity }, (to, from) => {
    const size = zstd.r(to, capacity, from, bytes.length);
    if (!isError(size)) return size;
    if (-size === tooSmallCode && limits.bound > limits.maxBytes) throw new DecompressedTooLargeError(codecZstd, limits.maxBytes);
    throw new CorruptCompressedError(codecZstd, `libzstd error ${-size}`);
  });
}

/** Copies `bytes` in, lets `run` fill up to `capacity` bytes, copies what it says it wrote out again. */
function withMemory(
  zstd: ZstdExports,
  { bytes, capacity }: { bytes: Uint8Array; capacity: number },
  run: (to: number, from: number) => number,
): Buffer {
  const from = allocate(zstd, bytes.length);
  const to = allocate(zstd, capacity);
  try {
    new Uint8Array(zstd.f.buffer, from, bytes.length).set(bytes);
    const size = run(to, from) >>> 0;
    // The view must be made after `run`, which may have moved the memory by growing it.
    return Buffer.from(new Uint8Array(zstd.f.buffer, to, size));
  } finally {
    zstd.t(to);
    zstd.t(from);
    if (zstd.f.buffer.byteLength > maxKeptMemoryBytes) kept = undefined;
  }
}

function allocate(zstd: ZstdExports, size: number): number {
  const address = zstd.s(Math.max(size, 1));
  assert(address !== 0, `zstd has no memory for ${size} bytes`);
  return address >>> 0;
}

function isError(size: number): boolean {
  return size < 0 && size > -maxErrorCode;
}

function instance(): ZstdExports {
  if (kept !== undefined) return kept;
  if (compiled === undefined) {
    const main = createRequire(import.meta.url).resolve('@bokuweb/zstd-wasm');
    compiled = new WebAssembly.Module(readFileSync(join(dirname(main), 'zstd.wasm')));
  }
  // Of what the file may call, only growing its memory happens; the others are Emscripten's exit, abort and timers.
  const grow = (size: number): number => (growTo(exports, size >>> 0) ? 1 : 0);
  const a = { a: unexpected, b: unexpected, c: unexpected, d: unexpected, e: grow };
  const exports = new WebAssembly.Instance(compiled, { a }).exports as ZstdExports;
  exports.g();
  kept = exports;
  return exports;
}

function growTo(zstd: ZstdExports, sizeInBytes: number): boolean {
  const pages = Math.ceil((sizeInBytes - zstd.f.buffer.byteLength) / pageBytes);
  try {
    zstd.f.grow(pages);
    return true;
  } catch {
    return false;
  }
}

function unexpected(): never {
  throw new Error('zstd.wasm called a function that it should not need');
}
