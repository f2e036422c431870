/**
 * From bytes to batches: where one ends and the next begins.
 *
 * A fetch response or a read from a segment may end in the middle of a batch, so an incomplete tail is not an error:
 * the walk stops there (Kafka's ByteBufferLogInputStream). A length or magic that cannot be is an error.
 */
import { readInt32 } from './big-endian.ts';
import { batchMagic, batchSizeInBytes } from './header.ts';
import { batchHeaderBytes, bytesUpToMagic, currentMagic, lengthOverheadBytes, lengthPosition, minLengthField } from './layout.ts';
import { corruptRecord } from './record-errors.ts';

/**
 * Where the batch that starts at `position` ends, or −1 when `bytes` stops before that. Throws `CorruptRecordError` on
 * a length below the smallest of any format or a magic that never existed. Magic 0 and 1 pass: the caller refuses them.
 */
export function endOfBatch(bytes: Uint8Array, position: number, end = bytes.length): number {
  const remaining = end - position;
  if (remaining < lengthOverheadBytes) return -1;
  const length = readInt32(bytes, position + lengthPosition);
  if (length < minLengthField) corruptRecord(`batch length ${length} is below the minimum of ${minLengthField}`);
  if (remaining < bytesUpToMagic) return -1;
  const magic = batchMagic(bytes, position);
  if (magic < 0 || magic > currentMagic) corruptRecord(`invalid magic ${magic}`);
  return remaining < lengthOverheadBytes + length ? -1 : position + lengthOverheadBytes + length;
}

/**
 * The position of each whole batch in `bytes`, in order. Only magic 2 is a batch here: an older magic, or a batch
 * shorter than its header, throws `CorruptRecordError`. The CRC is not checked.
 */
export function* eachBatch(bytes: Uint8Array, start = 0): Generator<number, void> {
  let position = start;
  for (;;) {
    const end = endOfBatch(bytes, position);
    if (end < 0) return;
    expectCurrentBatch(bytes, position);
    yield position;
    position = end;
  }
}

/** Throws `CorruptRecordError` unless the batch has magic 2 and at least a whole header. */
export function expectCurrentBatch(bytes: Uint8Array, position: number): void {
  const magic = batchMagic(bytes, position);
  if (magic !== currentMagic) corruptRecord(`message format ${magic} is not supported`);
  const size = batchSizeInBytes(bytes, position);
  if (size < batchHeaderBytes) corruptRecord(`batch of ${size} bytes is shorter than its header`);
}
