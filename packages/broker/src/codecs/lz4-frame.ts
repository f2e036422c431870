/**
 * The LZ4 frame format, which is what Kafka calls `lz4`: a descriptor, blocks, an end mark.
 *
 * Written as Kafka's Java producer writes it: independent blocks of 64 KiB, no checksums but the descriptor's. Read more
 * widely: larger blocks, blocks that depend on each other, block and content checksums. The old clients' wrong
 * descriptor checksum was allowed only for message formats 0 and 1 and is refused here, as in Kafka.
 */
import { codecLz4, CorruptCompressedError } from '@jackdaw/protocol';

import { BoundedOutput } from './bounded-output.ts';
import { deflateLz4Block, inflateLz4Block, lz4BlockBound } from './lz4-block.ts';
import { xxHash32 } from './xxhash32.ts';

const frameMagic = 0x184d2204;
const storedBlockFlag = 0x8000_0000;
const writtenBlockBytes = 65_536;
/** Version 1, independent blocks; blocks of at most 64 KiB. */
const writtenFlags = 0x60;
const writtenBlockDescriptor = 0x40;

interface FrameDescriptor {
  hasContentChecksum: boolean;
  hasBlockChecksum: boolean;
  isIndependent: boolean;
  maxBlockBytes: number;
  /** Position of the first block. */
  end: number;
}

/** `bytes` as one frame. */
export function compressLz4(bytes: Uint8Array): Buffer {
  const blocks = Math.ceil(bytes.length / writtenBlockBytes);
  const target = Buffer.allocUnsafe(7 + blocks * 4 + 4 + lz4BlockBound(bytes.length) + blocks * 16);
  target.writeUInt32LE(frameMagic, 0);
  target[4] = writtenFlags;
  target[5] = writtenBlockDescriptor;
  target[6] = xxHash32(target, 4, 6) >>> 8;
  let position = 7;
  for (let start = 0; start < bytes.length; start += writtenBlockBytes) {
    const end = Math.min(start + writtenBlockBytes, bytes.length);
    const blockEnd = deflateLz4Block(bytes, { start, end }, { bytes: target, position: position + 4 });
    const packedBytes = blockEnd - position - 4;
    if (packedBytes < end - start) {
      target.writeUInt32LE(packedBytes, position);
      position = blockEnd;
    } else {
      target.writeUInt32LE((storedBlockFlag | (end - start)) >>> 0, position);
      target.set(bytes.subarray(start, end), position + 4);
      position += 4 + end - start;
    }
  }
  target.writeUInt32LE(0, position);
  return target.subarray(0, position + 4);
}

/** The content of the frame that `bytes` starts with; what follows its end mark is ignored, as in Kafka. */
export function decompressLz4(bytes: Uint8Array, maxBytes: number): Buffer {
  const descriptor = readDescriptor(bytes);
  const output = new BoundedOutput(codecLz4, maxBytes, bytes.length);
  let position = descriptor.end;
  for (;;) {
    const header = wordAt(bytes, position);
    position += 4;
    if (header === 0) break;
    const sizeInBytes = header & 0x7fff_ffff;
    if (sizeInBytes > descriptor.maxBlockBytes) corrupt(`a block of ${sizeInBytes} bytes is larger than its frame allows`);
    if (sizeInBytes > bytes.length - position) corrupt('a block is cut off');
    const block = bytes.subarray(position, position + sizeInBytes);
    position += sizeInBytes;
    if (descriptor.hasBlockChecksum) {
      if (wordAt(bytes, position) !== xxHash32(block, 0, block.length)) corrupt('a block does not match its checksum');
      position += 4;
    }
    if ((header & storedBlockFlag) === 0) inflateBlock(block, output, descriptor);
    else appendStored(block, output);
  }
  const result = output.result();
  if (descriptor.hasContentChecksum && wordAt(bytes, position) !== xxHash32(result, 0, result.length)) {
    corrupt('the content does not match its checksum');
  }
  return result;
}

function inflateBlock(block: Uint8Array, output: BoundedOutput, descriptor: FrameDescriptor): void {
  const limit = output.reserveUpTo(descriptor.maxBlockBytes);
  const start = output.length;
  const historyStart = descriptor.isIndependent ? start : 0;
  const end = inflateLz4Block(block, { bytes: output.bytes, position: start, limit, historyStart });
  if (end < 0) {
    if (output.isLimit(limit)) output.overflow();
    corrupt('a block inflates to more than its frame allows');
  }
  output.length = end;
}

function appendStored(block: Uint8Array, output: BoundedOutput): void {
  output.reserve(block.length);
  output.bytes.set(block, output.length);
  output.length += block.length;
}

function readDescriptor(bytes: Uint8Array): FrameDescriptor {
  if (wordAt(bytes, 0) !== frameMagic) corrupt('it does not start with the magic of a frame');
  const flags = byteAt(bytes, 4);
  const blockDescriptor = byteAt(bytes, 5);
  if (flags >>> 6 !== 1) corrupt(`frame version ${flags >>> 6} is not known`);
  if ((flags & 0x02) !== 0 || (blockDescriptor & 0x8f) !== 0) corrupt('reserved bits of the descriptor are set');
  if ((flags & 0x01) !== 0) corrupt('dictionaries are not supported');
  const sizeCode = blockDescriptor >>> 4;
  if (sizeCode < 4) corrupt(`block size code ${sizeCode} is not known`);
  // 64 KiB, 256 KiB, 1 MiB or 4 MiB. A declared content size is only a hint; the blocks say what there is.
  const checksumPosition = (flags & 0x08) === 0 ? 6 : 14;
  const checksum = byteAt(bytes, checksumPosition);
  if (checksum !== ((xxHash32(bytes, 4, checksumPosition) >>> 8) & 0xff)) corrupt('the descriptor does not match its checksum');
  return {
    hasContentChecksum: (flags & 0x04) !== 0,
    hasBlockChecksum: (flags & 0x10) !== 0,
    isIndependent: (flags & 0x20) !== 0,
    maxBlockBytes: 1 << (8 + 2 * sizeCode),
    end: checksumPosition + 1,
  };
}

function byteAt(bytes: Uint8Array, position: number): number {
  return bytes[position] ?? corrupt('the data ends early');
}

/** A little-endian unsigned 32-bit word. */
function wordAt(bytes: Uint8Array, position: number): number {
  if (position + 4 > bytes.length) corrupt('the data ends early');
  return (
    ((bytes[position] as number) |
      ((bytes[position + 1] as number) << 8) |
      ((bytes[position + 2] as number) << 16) |
      ((bytes[position + 3] as number) << 24)) >>>
    0
  );
}

function corrupt(detail: string): never {
  throw new CorruptCompressedError(codecLz4, detail);
}
