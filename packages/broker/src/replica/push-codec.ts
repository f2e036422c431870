/**
 * The hot message of replication, `Push` of protos/replication.proto, encoded and decoded by hand.
 *
 * protobufjs would copy every record batch into an intermediate object and once more into the frame; this writes
 * header fields and batches straight into the one buffer that gRPC sends, and reads batches as views of the one that
 * it received. The bytes are exactly those of the .proto definition (a test compares both).
 */
import { Buffer } from 'node:buffer';
import { fieldSize, ProtoReader, ProtoWriter, varintSize } from './proto-bytes.ts';

export { PushDecodeError } from './proto-bytes.ts';

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
  /** With OFFSET_OUT_OF_RANGE: what is known of producers at `logStartOffset`, as a producer snapshot; null: nothing. */
  readonly producers: Uint8Array | null;
}

export function encodePush(partitions: readonly PartitionPush[]): Buffer {
  const push = new EncodablePush(partitions);
  const bytes = Buffer.allocUnsafe(push.byteLength);
  push.copy(bytes, 0);
  return bytes;
}

/** A push whose size is known and whose bytes are written where they are wanted: record bytes are copied only once. */
export class EncodablePush {
  readonly byteLength: number;
  isWritten = false;
  readonly #partitions: readonly PartitionPush[];
  readonly #sizes: number[] = [];

  constructor(partitions: readonly PartitionPush[]) {
    this.#partitions = partitions;
    let total = 0;
    for (const partition of partitions) {
      const size = partitionSize(partition);
      this.#sizes.push(size);
      total += 1 + varintSize(size) + size;
    }
    this.byteLength = total;
  }

  /** Writes the message into `target`, as `Buffer.copy` does. */
  copy(target: Buffer, start: number): number {
    const out = new ProtoWriter(target, start, this.byteLength);
    for (let i = 0; i < this.#partitions.length; i++) {
      out.tag(0x0a);
      out.varint(this.#sizes[i] as number);
      writePartition(out, this.#partitions[i] as PartitionPush);
    }
    out.finish();
    this.isWritten = true;
    return this.byteLength;
  }
}

export function decodePush(bytes: Buffer): PartitionPush[] {
  const reader = new ProtoReader(bytes, 0, bytes.length);
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
  const { producers } = partition;
  if (producers !== null) size += 1 + varintSize(producers.length) + producers.length;
  return size;
}

function divergenceSize(diverging: { leaderEpoch: number; endOffset: number }): number {
  return fieldSize(zigzag(diverging.leaderEpoch)) + fieldSize(zigzag(diverging.endOffset));
}

function writePartition(out: ProtoWriter, partition: PartitionPush): void {
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
  if (partition.producers === null) return;
  out.tag(0x42);
  out.varint(partition.producers.length);
  out.bytes(partition.producers);
}

/** The fields of a partition while it is read. */
interface PartitionFields extends Record<Exclude<keyof PartitionPush, 'diverging' | 'batches' | 'producers'>, number> {
  diverging: PartitionPush['diverging'];
  batches: Uint8Array[];
  producers: Uint8Array | null;
}

function readPartition(reader: ProtoReader): PartitionPush {
  const push: PartitionFields = {
    handle: 0,
    error: 0,
    highWatermark: 0,
    logStartOffset: 0,
    logEndOffset: 0,
    diverging: null,
    batches: [],
    producers: null,
  };
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === 0x08) push.handle = reader.varint();
    else if (tag === 0x10) push.error = reader.varint();
    else if (tag === 0x18) push.highWatermark = reader.varint();
    else if (tag === 0x20) push.logStartOffset = reader.varint();
    else if (tag === 0x28) push.logEndOffset = reader.varint();
    else if (tag === 0x32) push.diverging = readDivergence(reader.nested());
    else if (tag === 0x3a) push.batches.push(reader.bytes());
    else if (tag === 0x42) push.producers = nullIfEmpty(reader.bytes());
    else reader.skip(tag);
  }
  return push;
}

/** Other encoders write a field that is not there as an empty one. */
function nullIfEmpty(bytes: Uint8Array): Uint8Array | null {
  return bytes.length === 0 ? null : bytes;
}

function readDivergence(reader: ProtoReader): { leaderEpoch: number; endOffset: number } {
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

function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
