/**
 * Puts other record bytes behind a batch's header: the same records under another codec.
 *
 * Deltas inside records do not depend on the codec, so nothing but the payload, its length, the codec bits and the CRC
 * changes. Produce uses this when `compression.type` is not `producer`.
 */
import { batchAttributes, patchCrc } from './header.ts';
import {
  attributesPosition,
  batchHeaderBytes,
  codecMask,
  controlFlag,
  deleteHorizonFlag,
  lengthOverheadBytes,
  lengthPosition,
  logAppendTimeFlag,
  transactionalFlag,
} from './layout.ts';
import { writeInt16, writeInt32 } from './big-endian.ts';
import type { CodecId } from './codecs.ts';

/** A new batch: the header of `batch` and `records`, which are compressed with `codec`. Unknown attributes are cleared. */
export function replaceRecords(batch: Uint8Array, payload: { records: Uint8Array; codec: CodecId }): Uint8Array {
  const { records, codec } = payload;
  const result = new Uint8Array(batchHeaderBytes + records.length);
  result.set(batch.subarray(0, batchHeaderBytes));
  result.set(records, batchHeaderBytes);
  writeInt32(result, lengthPosition, result.length - lengthOverheadBytes);
  const known = codecMask | logAppendTimeFlag | transactionalFlag | controlFlag | deleteHorizonFlag;
  const kept = batchAttributes(batch, 0) & known & ~codecMask;
  writeInt16(result, attributesPosition, kept | codec);
  patchCrc(result, 0);
  return result;
}
