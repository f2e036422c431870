/**
 * What a leader checks before it appends a producer's bytes, and what it changes in them.
 *
 * The rules and error codes are those of Kafka 4.3's ProduceRequest.validateRecords,
 * UnifiedLog.analyzeAndValidateRecords and LogValidator, in their order: one batch of magic 2 with base offset 0, size,
 * CRC, header counts, then each record. The caller then patches base offset and leader epoch and appends the result.
 * Stricter than Kafka on purpose: record offsets must run 0, 1, 2, … (Kafka rewrites a compressed batch and keeps an
 * uncompressed one as it is), and a bomb is refused while it inflates.
 */
import { ErrorCode } from '../error-codes.ts';
import { endOfBatch } from './batches.ts';
import {
  codecIdOf,
  codecNames,
  codecNone,
  codecZstd,
  CorruptCompressedError,
  DecompressedTooLargeError,
  isCodecId,
  type CodecId,
  type CodecName,
  type Codecs,
} from './codecs.ts';
import { checkRecords, type RecordError } from './check-records.ts';
import {
  batchCodec,
  batchMagic,
  isValidCrc,
  patchMaxTimestampAndAttributes,
  readBatchHeader,
  type BatchHeader,
} from './header.ts';
import { batchHeaderBytes, currentMagic, type TimestampType } from './layout.ts';
import { CorruptRecordError } from './record-errors.ts';
import { replaceRecords } from './recompress.ts';

/** Topic configuration and circumstances of one append. */
export interface ValidateOptions {
  /** `max.message.bytes`: largest batch, compressed as it is stored. */
  maxMessageBytes: number;
  /** `message.timestamp.type`. */
  timestampType: TimestampType;
  /** `message.timestamp.before.max.ms` and `message.timestamp.after.max.ms`; Infinity for no limit. */
  beforeMaxMs: number;
  afterMaxMs: number;
  /** The leader's wall clock, milliseconds. */
  nowMs: number;
  /** `compression.type`: `producer` keeps what the producer chose, `uncompressed` is Kafka's word for none. */
  compressionType: 'producer' | 'uncompressed' | Exclude<CodecName, 'none'>;
  /** `compression.<codec>.level` of the target codec. */
  compressionLevel?: number;
  /** `cleanup.policy` has `compact`: every record needs a key. */
  isCompacted: boolean;
  codecs: Codecs;
  /** Most bytes that the records of the batch may inflate to. */
  maxDecompressedBytes: number;
  /** `client` (default) applies what clients may not do; `coordinator` is the broker writing its own records. */
  origin?: 'client' | 'coordinator';
  /** Version of the Produce request; zstd needs 7. Default: the newest. */
  requestVersion?: number;
}

/** The bytes may be appended. */
export interface ValidBatches {
  error: null;
  /** What to append: the caller's buffer (without a cut-off tail) unless the batch had to be compressed anew. */
  batches: Uint8Array;
  recordsCount: number;
  /** −1 when no record has a timestamp; `nowMs` on a LogAppendTime topic. */
  maxTimestamp: number;
  /** Offset of the first record with that timestamp, relative to the batch's base offset. */
  offsetOfMaxTimestamp: number;
  /** `nowMs` on a LogAppendTime topic, else −1: for the produce response. */
  logAppendTimeMs: number;
}

/** The bytes may not be appended. */
export interface RefusedBatches {
  /** Kafka error code. */
  error: number;
  message: string;
  /** For the produce response, from version 8; empty when the batch itself is at fault. */
  recordErrors: RecordError[];
}

/** Checks the bytes that a producer sent for one partition. Patches timestamp fields and CRC of `bytes` in place. */
export function validateBatches(bytes: Uint8Array, options: ValidateOptions): ValidBatches | RefusedBatches {
  try {
    const end = expectOneBatch(bytes, options);
    if (typeof end !== 'number') return end;
    return validateBatch(end === bytes.length ? bytes : bytes.subarray(0, end), options);
  } catch (error) {
    return refusalOf(error);
  }
}

/** Where the only batch ends, or why the bytes hold something else than one batch of magic 2. */
function expectOneBatch(bytes: Uint8Array, options: ValidateOptions): number | RefusedBatches {
  const end = endOfBatch(bytes, 0);
  if (end < 0) return refuse(ErrorCode.INVALID_RECORD, 'a produce request must have one record batch for each partition');
  const magic = batchMagic(bytes, 0);
  if (magic !== currentMagic) {
    return refuse(ErrorCode.INVALID_RECORD, `message format ${magic} is not accepted, only record batches of magic 2`);
  }
  if (options.requestVersion !== undefined && options.requestVersion < 7 && batchCodec(bytes, 0) === codecZstd) {
    return refuse(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, 'zstd needs version 7 of the produce request or newer');
  }
  // A cut-off batch behind the first one is dropped, as in Kafka; a whole one is refused.
  if (endOfBatch(bytes, end) >= 0) {
    return refuse(ErrorCode.INVALID_RECORD, 'a produce request may have only one record batch for each partition');
  }
  return end;
}

function validateBatch(batch: Uint8Array, options: ValidateOptions): ValidBatches | RefusedBatches {
  const header = batch.length < batchHeaderBytes ? null : readBatchHeader(batch, 0);
  if (header === null) return refuse(ErrorCode.CORRUPT_MESSAGE, `a batch of ${batch.length} bytes is shorter than its header`);
  const refusal = checkEnvelope(batch, header, options) ?? checkHeader(header, options);
  if (refusal !== null) return refusal;
  const source = header.codec as CodecId;
  const stored = batch.subarray(batchHeaderBytes);
  const records = source === codecNone ? stored : options.codecs.decompress(source, stored, options.maxDecompressedBytes);
  const checked = checkRecords(records, header, options);
  if ('error' in checked) return checked;

  const target = targetCodec(source, header, options);
  let result = batch;
  if (target !== source) {
    const packed = target === codecNone ? records : options.codecs.compress(target, records, options.compressionLevel);
    result = replaceRecords(batch, { records: packed, codec: target });
    if (result.length > options.maxMessageBytes) return refuseSize(result.length, options);
  }
  const isAppendTime = options.timestampType === 'LogAppendTime';
  const maxTimestamp = isAppendTime ? options.nowMs : checked.maxTimestamp;
  patchMaxTimestampAndAttributes(result, 0, { timestampType: options.timestampType, maxTimestamp });
  return {
    error: null,
    batches: result,
    recordsCount: header.recordsCount,
    maxTimestamp,
    offsetOfMaxTimestamp: isAppendTime ? 0 : checked.offsetOfMaxTimestamp,
    logAppendTimeMs: isAppendTime ? options.nowMs : -1,
  };
}

/** What can be said of a batch before its header is believed: place, size, checksum, codec. */
function checkEnvelope(batch: Uint8Array, header: BatchHeader, options: ValidateOptions): RefusedBatches | null {
  const origin = options.origin ?? 'client';
  if (origin === 'client' && header.baseOffset !== 0) {
    return refuse(ErrorCode.INVALID_RECORD, `the base offset of a produced batch must be 0, but is ${header.baseOffset}`);
  }
  if (batch.length > options.maxMessageBytes) return refuseSize(batch.length, options);
  if (!isValidCrc(batch, 0))
    return refuse(ErrorCode.CORRUPT_MESSAGE, `the batch does not match its checksum (stored ${header.crc})`);
  if (!isCodecId(header.codec)) {
    return refuse(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, `unknown compression codec ${header.codec}`);
  }
  return null;
}

/** The header's own consistency (LogValidator.validateBatch), and the flags of idempotent and transactional batches. */
function checkHeader(header: BatchHeader, options: ValidateOptions): RefusedBatches | null {
  if ((options.origin ?? 'client') !== 'client') return null;
  const { lastOffsetDelta, recordsCount, producerId } = header;
  if (lastOffsetDelta < 0)
    return refuse(ErrorCode.INVALID_RECORD, `the batch has an invalid last offset delta ${lastOffsetDelta}`);
  if (recordsCount <= 0) return refuse(ErrorCode.INVALID_RECORD, `the batch claims ${recordsCount} records`);
  if (lastOffsetDelta + 1 !== recordsCount) {
    return refuse(ErrorCode.INVALID_RECORD, `the batch spans ${lastOffsetDelta + 1} offsets but claims ${recordsCount} records`);
  }
  if (header.isControl) return refuse(ErrorCode.INVALID_RECORD, 'clients are not allowed to write control records');
  if (!Number.isSafeInteger(producerId)) return refuse(ErrorCode.INVALID_RECORD, `the producer id ${producerId} is out of range`);
  if (producerId >= 0 && header.baseSequence < 0) {
    return refuse(ErrorCode.INVALID_RECORD, `producer ${producerId} sent the invalid sequence number ${header.baseSequence}`);
  }
  if (producerId >= 0 && header.producerEpoch < 0) {
    return refuse(ErrorCode.INVALID_RECORD, `producer ${producerId} sent the invalid epoch ${header.producerEpoch}`);
  }
  if (header.isTransactional && producerId < 0) {
    return refuse(ErrorCode.INVALID_RECORD, 'a transactional batch needs a producer id');
  }
  return null;
}

/** The codec to store the batch with; control batches stay as they were written. */
function targetCodec(source: CodecId, header: BatchHeader, options: ValidateOptions): CodecId {
  if (options.compressionType === 'producer') return source;
  if (header.isControl && source === codecNone) return source;
  return codecIdOf(options.compressionType) ?? codecNone;
}

function refusalOf(error: unknown): RefusedBatches {
  if (error instanceof CorruptRecordError) {
    return refuse(error.reason === 'corrupt' ? ErrorCode.CORRUPT_MESSAGE : ErrorCode.INVALID_RECORD, error.message);
  }
  // A producer that gets MESSAGE_TOO_LARGE splits its batch and tries again, which is right for honest data.
  if (error instanceof DecompressedTooLargeError) return refuse(ErrorCode.MESSAGE_TOO_LARGE, error.message);
  // The checksum was right, so the producer made it so: not worth a retry (Kafka answers UNKNOWN_SERVER_ERROR).
  if (error instanceof CorruptCompressedError) return refuse(ErrorCode.INVALID_RECORD, error.message);
  throw error;
}

function refuseSize(sizeInBytes: number, options: ValidateOptions): RefusedBatches {
  const limit = options.maxMessageBytes;
  return refuse(ErrorCode.MESSAGE_TOO_LARGE, `the batch has ${sizeInBytes} bytes, more than the maximum of ${limit}`);
}

function refuse(error: number, message: string): RefusedBatches {
  return { error, message, recordErrors: [] };
}

/** `compression.type` values that a topic may have. */
export const compressionTypes: readonly string[] = ['producer', 'uncompressed', ...codecNames.slice(1)];
