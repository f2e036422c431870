/**
 * The public names of the record-batch code; `src/index.ts` passes them on.
 */
export { crc32c, installNativeCrc32c, nativeCrc32cThresholdBytes, type NativeCrc32c } from '../crc32c.ts';
export { eachBatch, endOfBatch, expectCurrentBatch } from './batches.ts';
export { maxRecordErrors, type RecordError } from './check-records.ts';
export {
  codecGzip,
  codecIdOf,
  codecLz4,
  codecNames,
  codecNone,
  codecSnappy,
  codecZstd,
  CorruptCompressedError,
  DecompressedTooLargeError,
  isCodecId,
  type CodecId,
  type CodecName,
  type Codecs,
} from './codecs.ts';
export {
  controlAbort,
  controlCommit,
  controlRecordType,
  encodeEndTxnMarker,
  readEndTxnMarker,
  type EndTxnMarker,
} from './control.ts';
export { RecordCursor } from './cursor.ts';
export { decodeRecords, readHeaders, uncompressedRecords, type DecodedRecord, type DecodeLimits } from './decode.ts';
export { encodeBatch, type BatchToWrite, type RecordHeader, type RecordToWrite } from './encode.ts';
export {
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchCodec,
  batchCrc,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchLength,
  batchMagic,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordsCount,
  batchSizeInBytes,
  batchTimestampType,
  computeBatchCrc,
  hasDeleteHorizon,
  isControlBatch,
  isTransactionalBatch,
  isValidCrc,
  patchBaseOffset,
  patchCrc,
  patchLeaderEpoch,
  patchMaxTimestampAndAttributes,
  readBatchHeader,
  type BatchHeader,
} from './header.ts';
export {
  batchHeaderBytes,
  bytesUpToMagic,
  incrementSequence,
  leaderEpochPosition,
  lengthOverheadBytes,
  noLeaderEpoch,
  noProducerEpoch,
  noProducerId,
  noSequence,
  noTimestamp,
  type TimestampType,
} from './layout.ts';
export { replaceRecords } from './recompress.ts';
export { CorruptRecordError, type CorruptReason } from './record-errors.ts';
export {
  compressionTypes,
  validateBatches,
  type RefusedBatches,
  type ValidateOptions,
  type ValidBatches,
} from './validate-batches.ts';
export { readVarint, readVarlong, sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong, type ByteCursor } from './varint.ts';
