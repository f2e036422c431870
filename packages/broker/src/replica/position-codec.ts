/**
 * The other hot message of replication, a `FollowerMessage` of protos/replication.proto that has positions and nothing else:
 * each batch is acknowledged with one, by each follower.
 *
 * protobufjs makes a Long of each 64-bit number, on both sides, and a message of each position, and then an object of each
 * message. Whatever is not plain here is left to it: other fields, numbers out of range, damaged bytes.
 */
import { Buffer } from 'node:buffer';
import type { FollowerMessage, PositionMessage } from '../rpc/services.ts';
import { fieldSize, ProtoReader, ProtoWriter, PushDecodeError, varintSize } from './proto-bytes.ts';

const positionsTag = 0x1a;
const maxHandle = 0xffff_ffff;

/** Null when the message has more than positions. */
export function encodePositions({ hello, open, positions, close }: FollowerMessage): Buffer | null {
  const hasMore = (hello ?? null) !== null || (open ?? []).length > 0 || (close ?? []).length > 0;
  if (hasMore || positions === undefined) return null;
  let total = 0;
  for (const position of positions) {
    const size = sizeOf(position);
    total += 1 + varintSize(size) + size;
  }
  const bytes = Buffer.allocUnsafe(total);
  const out = new ProtoWriter(bytes, 0, total);
  for (const position of positions) {
    out.tag(positionsTag);
    out.varint(sizeOf(position));
    out.field(0x08, position.handle);
    out.field(0x10, position.fetchOffset);
    out.field(0x18, position.durableOffset);
    out.field(0x20, position.logStartOffset);
  }
  out.finish();
  return bytes;
}

/** Null when the bytes are anything but positions. */
export function decodePositions(bytes: Buffer): FollowerMessage | null {
  if (bytes[0] !== positionsTag) return null;
  try {
    const reader = new ProtoReader(bytes, 0, bytes.length);
    const positions: PositionMessage[] = [];
    while (!reader.isAtEnd) {
      const position = reader.varint() === positionsTag ? readPosition(reader) : null;
      if (position === null) return null;
      positions.push(position);
    }
    return { positions };
  } catch (error) {
    if (error instanceof PushDecodeError) return null;
    throw error;
  }
}

function sizeOf({ handle, fetchOffset, durableOffset, logStartOffset }: PositionMessage): number {
  return fieldSize(handle) + fieldSize(fetchOffset) + fieldSize(durableOffset) + fieldSize(logStartOffset);
}

function readPosition(reader: ProtoReader): PositionMessage | null {
  const position: PositionMessage = { handle: 0, fetchOffset: 0, durableOffset: 0, logStartOffset: 0 };
  const end = reader.endOfNested();
  while (reader.position < end) {
    const tag = reader.varint();
    const value = reader.varint();
    if (value > Number.MAX_SAFE_INTEGER || reader.position > end) return null;
    if (tag === 0x08 && value <= maxHandle) position.handle = value;
    else if (tag === 0x10) position.fetchOffset = value;
    else if (tag === 0x18) position.durableOffset = value;
    else if (tag === 0x20) position.logStartOffset = value;
    else return null;
  }
  return position;
}
