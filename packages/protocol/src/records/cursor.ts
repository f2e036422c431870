/**
 * Walks the records of a batch, one after the other, without making an object for any of them.
 *
 * Validation, compaction and decoding all use this walk. A cursor is created for a batch, `advance` moves it to the
 * next record and fills its fields; keys, values and headers are positions in the same bytes. Every length is checked
 * against the record and every record against the data (Kafka's DefaultRecord.readFrom).
 */
import { invalidRecord } from './record-errors.ts';
import { readVarint, readVarlong, type ByteCursor } from './varint.ts';

export class RecordCursor implements ByteCursor {
  /** The records of one batch, uncompressed. */
  readonly bytes: Uint8Array;
  /** Between records: where the next record starts. */
  position: number;
  /** End of what may be read now: of the record inside `advance`, of the records outside. */
  end: number;

  /** Where the current record starts, at its length, and where it ends. */
  recordStart = 0;
  recordEnd = 0;
  attributes = 0;
  timestampDelta = 0;
  offsetDelta = 0;
  /** −1 for a null key. */
  keyLength = -1;
  keyPosition = 0;
  /** −1 for a null value: a tombstone on a compacted topic. */
  valueLength = -1;
  valuePosition = 0;
  headersCount = 0;
  /** Where the first header starts, after the headers' count. */
  headersPosition = 0;

  /** A walk over `bytes[start, end)`. */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  /** Reads the next record into the fields. Throws `CorruptRecordError` when it does not fit or contradicts itself. */
  advance(): void {
    const dataEnd = this.end;
    this.recordStart = this.position;
    const length = readVarint(this);
    if (length < 0 || length > dataEnd - this.position) {
      invalidRecord(`a record claims ${length} bytes where ${dataEnd - this.position} are left`);
    }
    this.recordEnd = this.end = this.position + length;
    this.#readBody();
    if (this.position !== this.recordEnd) {
      invalidRecord(`a record of ${length} bytes has content that ends ${this.recordEnd - this.position} bytes before its end`);
    }
    this.end = dataEnd;
  }

  /** True when no bytes are left behind the current record. */
  isAtEnd(): boolean {
    return this.position === this.end;
  }

  /** The key, sharing memory, or null. */
  key(): Uint8Array | null {
    return this.keyLength < 0 ? null : this.bytes.subarray(this.keyPosition, this.keyPosition + this.keyLength);
  }

  /** The value, sharing memory, or null. */
  value(): Uint8Array | null {
    return this.valueLength < 0 ? null : this.bytes.subarray(this.valuePosition, this.valuePosition + this.valueLength);
  }

  #readBody(): void {
    if (this.position >= this.recordEnd) invalidRecord('a record without content');
    this.attributes = this.bytes[this.position++] as number;
    this.timestampDelta = readVarlong(this);
    this.offsetDelta = readVarint(this);
    this.keyLength = this.#skipNullable('key');
    this.keyPosition = this.position - Math.max(this.keyLength, 0);
    this.valueLength = this.#skipNullable('value');
    this.valuePosition = this.position - Math.max(this.valueLength, 0);
    const count = readVarint(this);
    if (count < 0 || count > this.recordEnd - this.position) invalidRecord(`a record claims ${count} headers`);
    this.headersCount = count;
    this.headersPosition = this.position;
    for (let index = 0; index < count; index++) {
      if (this.#skipNullable('header key') < 0) invalidRecord('a record header without a key');
      this.#skipNullable('header value');
    }
  }

  /** Moves past a length and that many bytes; returns the length, −1 for null. */
  #skipNullable(what: string): number {
    const length = readVarint(this);
    if (length < -1 || length > this.recordEnd - this.position) invalidRecord(`a record ${what} claims ${length} bytes`);
    if (length > 0) this.position += length;
    return length;
  }
}
