/**
 * Branded numbers for the quantities that get mixed up (architecture rule 9).
 *
 * The brand is a phantom optional property: a plain number is accepted where a brand is expected, a brand of another
 * kind is not. It costs nothing at run time.
 */

interface Brand<Name extends string> {
  readonly __brand?: Name;
}

/** Position of a record in a partition; the next one to write is `logEndOffset`. */
export type Offset = number & Brand<'Offset'>;
/** Byte position inside one segment file. */
export type BytePosition = number & Brand<'BytePosition'>;
/** How often a partition has changed its leader; −1 is "none". */
export type LeaderEpoch = number & Brand<'LeaderEpoch'>;
/** Raft term. Only `raft` and `broker/quorum` speak of terms. */
export type Term = number & Brand<'Term'>;
/** Index of an entry in the Raft log; the first is 1. */
export type RaftIndex = number & Brand<'RaftIndex'>;
/** `node.id` of a broker, a controller or both; −1 is "none". */
export type NodeId = number & Brand<'NodeId'>;

/** Largest value that an offset may take: numbers are exact up to here (architecture rule 8). */
export const maxSafeOffset: Offset = Number.MAX_SAFE_INTEGER;
