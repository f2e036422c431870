/**
 * Control records: the markers that end a transaction on a partition (KIP-98).
 *
 * A control batch holds one record whose key is {version int16, type int16} and whose value is, for a marker,
 * {version int16, coordinatorEpoch int32}. Types other than abort and commit belong to KRaft logs.
 */
import { readInt16, readInt32, writeInt16, writeInt32 } from './big-endian.ts';
import { RecordCursor } from './cursor.ts';
import { encodeBatch } from './encode.ts';
import { batchProducerEpoch, batchProducerId, batchSizeInBytes } from './header.ts';
import { batchHeaderBytes } from './layout.ts';
import { invalidRecord } from './record-errors.ts';

export const controlAbort = 0;
export const controlCommit = 1;

const keyBytes = 4;
const markerValueBytes = 6;

export interface EndTxnMarker {
  producerId: number;
  producerEpoch: number;
  /** Commit or abort. */
  isCommit: boolean;
  /** Epoch of the transaction coordinator that wrote the marker; a smaller one than seen is fenced. */
  coordinatorEpoch: number;
}

/** The control batch, of one record, that ends a transaction. */
export function encodeEndTxnMarker(
  marker: EndTxnMarker & { timestamp: number; leaderEpoch?: number; baseOffset?: number },
): Uint8Array {
  const key = new Uint8Array(keyBytes);
  writeInt16(key, 2, marker.isCommit ? controlCommit : controlAbort);
  const value = new Uint8Array(markerValueBytes);
  writeInt32(value, 2, marker.coordinatorEpoch);
  return encodeBatch({
    records: [{ key, value, timestamp: marker.timestamp }],
    baseOffset: marker.baseOffset ?? 0,
    leaderEpoch: marker.leaderEpoch ?? -1,
    producerId: marker.producerId,
    producerEpoch: marker.producerEpoch,
    isTransactional: true,
    isControl: true,
  });
}

/** The type in a control record's key. Throws `CorruptRecordError`. Unknown types are the caller's to ignore. */
export function controlRecordType(key: Uint8Array | null): number {
  if (key === null || key.length < keyBytes) invalidRecord('a control record key is shorter than 4 bytes');
  const version = readInt16(key, 0);
  if (version < 0) invalidRecord(`a control record key has version ${version}`);
  return readInt16(key, 2);
}

/**
 * The marker in a control batch at `position`, or null when the batch's record is of another type. Control batches
 * are not compressed. Throws `CorruptRecordError`.
 */
export function readEndTxnMarker(bytes: Uint8Array, position = 0): EndTxnMarker | null {
  const end = Math.min(position + batchSizeInBytes(bytes, position), bytes.length);
  const cursor = new RecordCursor(bytes, position + batchHeaderBytes, end);
  cursor.advance();
  const type = controlRecordType(cursor.key());
  if (type !== controlAbort && type !== controlCommit) return null;
  const value = cursor.value();
  if (value === null || value.length < markerValueBytes) invalidRecord('an end-transaction marker is shorter than 6 bytes');
  const version = readInt16(value, 0);
  if (version < 0) invalidRecord(`an end-transaction marker has version ${version}`);
  return {
    producerId: batchProducerId(bytes, position),
    producerEpoch: batchProducerEpoch(bytes, position),
    isCommit: type === controlCommit,
    coordinatorEpoch: readInt32(value, 2),
  };
}
