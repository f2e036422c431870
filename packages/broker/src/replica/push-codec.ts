/**
 * The hot message of replication, `Push` of protos/replication.proto, encoded and decoded by hand.
 *
 * protobufjs would copy every record batch into an intermediate object and once more into the frame; this writes
 * header fields and batches straight into the one buffer that gRPC sends, and reads batches as views of the one that
 * it received. The bytes are exactly those of the .proto definition (a test compares both).
 */
import { Buffer } from 'node:buffer';
import { assert } from '@jackdaw/base';

export interface PartitionPush {
  readonly handle: number;
  /** A Kafka error code; not 0 means that the fetch is over. */
  readonly error: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly diverging: { readonly leaderEpoch: number; readonly endOffset: number } | null;
  /** Whole record batches in order; together they are the message's `batches` field. */
  readonly batches: readonly Uint8Array[];
}

/** A malformed message from a peer: the stream is closed. */
export class PushDecodeError extends Error {
  override readonly name = 'PushDecodeError';
}

export function encodePush(partitions: readonly PartitionPush[]): Buffer {
  let total = 0;
  const sizes: number[] = [];
  for (const partition of partitions) {
    const size = partitionSize(partition);
    sizes.push(size);
    total += 1 + varintSize(size) + size;
  }
  const out = new PushWriter(total);
  for (let i = 0; i < partitions.length; i++) {
    out.tag(0x0a);
    out.varint(sizes[i] as number);
    writePartition(out, partitions[i] as PartitionPush);
  }
  return out.finish();
}

export function decodePush(bytes: Buffer): PartitionPush[] {
  const reader = new PushReader(bytes, 0, bytes.length);
  const partitions: PartitionPush[] = [];
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === 0x0a) partitions.push(readPartition(reader.nested()));
    else reader.skip(tag);
  }
  return partitions;
}

function batchesBytes(partition: PartitionPush): number {
  let bytes = 0;
  for (const chunk of partition.batches) bytes += chunk.length;
  return bytes;
}

function partitionSize(partition: PartitionPush): number {
  let size = fieldSize(partition.handle) + fieldSize(partition.error);
  size += fieldSize(partition.highWatermark) + fieldSize(partition.logStartOffset) + fieldSize(partition.logEndOffset);
  if (partition.diverging !== null) {
    const nested = divergenceSize(partition.diverging);
    size += 1 + varintSize(nested) + nested;
  }
  const bytes = batchesBytes(partition);
  if (bytes > 0) size += 1 + varintSize(bytes) + bytes;
  return size;
}

function divergenceSize(diverging: { leaderEpoch: number; endOffset: number }): number {
  return fieldSize(zigzag(diverging.leaderEpoch)) + fieldSize(zigzag(diverging.endOffset));
}

function writePartition(out: PushWriter, partition: PartitionPush): void {
  out.field(0x08, partition.handle);
  out.field(0x10, partition.error);
  out.field(0x18, partition.highWatermark);
  out.field(0x20, partition.logStartOffset);
  out.field(0x28, partition.logEndOffset);
  if (partition.diverging !== null) {
    out.tag(0x32);
    out.varint(divergenceSize(partition.diverging));
    out.field(0x08, zigzag(partition.diverging.leaderEpoch));
    out.field(0x10, zigzag(partition.diverging.endOffset));
  }
  const bytes = batchesBytes(partition);
  if (bytes > 0) {
    out.tag(0x3a);
    out.varint(bytes);
    for (const chunk of partition.batches) out.bytes(chunk);
  }
}

function readPartition(reader: PushReader): PartitionPush {
  const fields = [0, 0, 0, 0, 0, 0];
  let diverging: PartitionPush['diverging'] = null;
  const batches: Uint8Array[] = [];
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    const number = tag >>> 3;
    if ((tag & 7) === 0 && number >= 1 && number <= 5) fields[number] = reader.varint();
    else if (tag === 0x32) diverging = readDivergence(reader.nested());
    else if (tag === 0x3a) batches.push(reader.bytes());
    else reader.skip(tag);
  }
  return {
    handle: fields[1] as number,
    error: fields[2] as number,
    highWatermark: fields[3] as number,
    logStartOffset: fields[4] as number,
    logEndOffset: fields[5] as number,
    diverging,
    batches,
  };
}

function readDivergence(reader: PushReader): { leaderEpoch: number; endOffset: number } {
  let leaderEpoch = 0;
  let endOffset = 0;
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === 0x08) leaderEpoch = unzigzag(reader.varint());
    else if (tag === 0x10) endOffset = unzigzag(reader.varint());
    else reader.skip(tag);
  }
  return { leaderEpoch, endOffset };
}

/** Fields whose value is 0 are left out, as proto3 does. */
function fieldSize(value: number): number {
  return value === 0 ? 0 : 1 + varintSize(value);
}

function varintSize(value: number): number {
  let size = 1;
  while (value >= 0x80) {
    value = Math.floor(value / 0x80);
    size++;
  }
  return size;
}

function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

class PushWriter {
  readonly #out: Buffer;
  #position = 0;

  constructor(size: number) {
    this.#out = Buffer.allocUnsafe(size);
  }

  tag(tag: number): void {
    this.#out[this.#position++] = tag;
  }

  varint(value: number): void {
    while (value >= 0x80) {
      this.#out[this.#position++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#out[this.#position++] = value;
  }

  field(tag: number, value: number): void {
    if (value === 0) return;
    this.tag(tag);
    this.varint(value);
  }

  bytes(chunk: Uint8Array): void {
    this.#out.set(chunk, this.#position);
    this.#position += chunk.length;
  }

  finish(): Buffer {
    // Unwritten bytes of an uninitialised buffer must never leave the process.
    assert(this.#position === this.#out.length, `push of ${this.#out.length} bytes filled to ${this.#position}`);
    return this.#out;
  }
}

class PushReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #position: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#end;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (this.#position >= this.#end) throw new PushDecodeError('varint runs past the end');
      const byte = this.#bytes[this.#position++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new PushDecodeError('varint of more than ten bytes');
  }

  bytes(): Buffer {
    const length = this.varint();
    if (length > this.#end - this.#position) throw new PushDecodeError(`field of ${length} bytes runs past the end`);
    const start = this.#position;
    this.#position += length;
    return this.#bytes.subarray(start, start + length);
  }

  nested(): PushReader {
    const length = this.varint();
    if (length > this.#end - this.#position) throw new PushDecodeError(`message of ${length} bytes runs past the end`);
    const start = this.#position;
    this.#position += length;
    return new PushReader(this.#bytes, start, start + length);
  }

  /** Skips a field that this version does not know. */
  skip(tag: number): void {
    const wireType = tag & 7;
    if (wireType === 0) this.varint();
    else if (wireType === 1) this.#advance(8);
    else if (wireType === 2) this.bytes();
    else if (wireType === 5) this.#advance(4);
    else throw new PushDecodeError(`wire type ${wireType} is not known`);
  }

  #advance(bytes: number): void {
    if (bytes > this.#end - this.#position) throw new PushDecodeError('fixed field runs past the end');
    this.#position += bytes;
  }
}
