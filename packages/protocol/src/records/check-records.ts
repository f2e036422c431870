/**
 * The walk over the records of a produced batch: offsets, keys, timestamps.
 *
 * Structure that lies ends the walk at once; a missing key or a bad timestamp is collected, because the producer is told
 * which of its records were at fault (KIP-467). No object is made for a sound record.
 */
import { ErrorCode } from '../error-codes.ts';
import { RecordCursor } from './cursor.ts';
import type { BatchHeader } from './header.ts';
import { noTimestamp, type TimestampType } from './layout.ts';
import { invalidRecord } from './record-errors.ts';

/** One record at fault, for the produce response. */
export interface RecordError {
  /** Position of the record in its batch. */
  batchIndex: number;
  message: string;
}

/** Most record errors that one refusal lists; the message still counts all of them. */
export const maxRecordErrors = 1_000;

export interface RecordRules {
  timestampType: TimestampType;
  beforeMaxMs: number;
  afterMaxMs: number;
  nowMs: number;
  isCompacted: boolean;
}

interface CheckedRecords {
  /** Largest timestamp of a record; −1 when none has one. */
  maxTimestamp: number;
  /** Offset delta of the first record with it. */
  offsetOfMaxTimestamp: number;
}

interface RefusedRecords {
  error: number;
  message: string;
  recordErrors: RecordError[];
}

/** Checks `records`, the uncompressed records of the batch with `header`. Throws `CorruptRecordError` on lies. */
export function checkRecords(records: Uint8Array, header: BatchHeader, rules: RecordRules): CheckedRecords | RefusedRecords {
  const { recordsCount, baseTimestamp } = header;
  const faults = new Faults();
  const cursor = new RecordCursor(records);
  const batchTimestamp = header.timestampType === 'LogAppendTime' ? header.maxTimestamp : null;
  let maxTimestamp = noTimestamp;
  let offsetOfMaxTimestamp = 0;
  for (let index = 0; index < recordsCount; index++) {
    cursor.advance();
    if (cursor.offsetDelta !== index) invalidRecord(`record ${index} of the batch has the offset delta ${cursor.offsetDelta}`);
    const timestamp = batchTimestamp ?? baseTimestamp + cursor.timestampDelta;
    if (rules.isCompacted && cursor.keyLength < 0) {
      faults.add(ErrorCode.INVALID_RECORD, index, 'a record of a compacted topic needs a key');
    } else if (!isTimestampAllowed(timestamp, header, rules)) {
      faults.add(ErrorCode.INVALID_TIMESTAMP, index, timestampFault(timestamp, rules));
    }
    if (timestamp > maxTimestamp) {
      maxTimestamp = timestamp;
      offsetOfMaxTimestamp = index;
    }
  }
  if (!cursor.isAtEnd()) invalidRecord(`the batch has bytes behind its ${recordsCount} records`);
  return faults.refusal() ?? { maxTimestamp, offsetOfMaxTimestamp };
}

/** LogValidator.validateTimestamp: a range for CreateTime topics, and no LogAppendTime flag from producers otherwise. */
function isTimestampAllowed(timestamp: number, header: BatchHeader, rules: RecordRules): boolean {
  if (rules.timestampType === 'CreateTime' && timestamp !== noTimestamp) {
    const age = rules.nowMs - timestamp;
    return age <= rules.beforeMaxMs && -age <= rules.afterMaxMs && Number.isSafeInteger(timestamp);
  }
  return header.timestampType !== 'LogAppendTime';
}

function timestampFault(timestamp: number, rules: RecordRules): string {
  if (rules.timestampType === 'LogAppendTime' || timestamp === noTimestamp) {
    return 'a producer may not set the timestamp type LogAppendTime';
  }
  const first = rules.nowMs - rules.beforeMaxMs;
  const last = rules.nowMs + rules.afterMaxMs;
  return `the timestamp ${timestamp} is out of range: it should be within [${first}, ${last}]`;
}

/** The records at fault so far. */
class Faults {
  readonly #errors: RecordError[] = [];
  #count = 0;
  #hasTimestampFault = false;

  add(error: number, batchIndex: number, message: string): void {
    this.#count++;
    if (error === ErrorCode.INVALID_TIMESTAMP) this.#hasTimestampFault = true;
    if (this.#errors.length < maxRecordErrors) this.#errors.push({ batchIndex, message });
  }

  /** Null without faults. One bad timestamp makes the whole answer INVALID_TIMESTAMP. */
  refusal(): RefusedRecords | null {
    const recordErrors = this.#errors;
    const [first] = recordErrors;
    if (first === undefined) return null;
    const error = this.#hasTimestampFault ? ErrorCode.INVALID_TIMESTAMP : ErrorCode.INVALID_RECORD;
    const what = this.#hasTimestampFault ? 'an invalid timestamp' : 'an invalid record';
    const message = `${this.#count} record(s) rejected for ${what}; the first is record ${first.batchIndex}: ${first.message}`;
    return { error, message, recordErrors };
  }
}
