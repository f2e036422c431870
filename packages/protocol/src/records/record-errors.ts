/**
 * The one error that reading record bytes can throw.
 *
 * Bytes that came from a disk or a peer are either sound or a `CorruptRecordError`; a walker never answers with a
 * RangeError or a wrong value. `reason` says which of Kafka's two error codes a produce request gets for it.
 */

/** `corrupt` → CORRUPT_MESSAGE (bytes are damaged); `invalid` → INVALID_RECORD (the sender's counts or sizes lie). */
export type CorruptReason = 'corrupt' | 'invalid';

export class CorruptRecordError extends Error {
  override readonly name = 'CorruptRecordError';
  readonly reason: CorruptReason;

  constructor(reason: CorruptReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Refuses bytes whose structure contradicts itself. */
export function invalidRecord(message: string): never {
  throw new CorruptRecordError('invalid', message);
}

/** Refuses bytes that cannot be a batch at all. */
export function corruptRecord(message: string): never {
  throw new CorruptRecordError('corrupt', message);
}
