/**
 * Where the fields of a record batch (magic 2) lie, and what its attribute bits mean (KIP-98, KIP-534).
 *
 * A batch is a 61-byte header and then its records, compressed as one block. Base offset, length and leader epoch
 * stand before the CRC and outside it, so the broker may patch them without summing the batch again.
 */

/** Bytes of a batch header, up to the first record. */
export const batchHeaderBytes = 61;
/** Bytes before the part that the length field counts: base offset and the length itself. */
export const lengthOverheadBytes = 12;
/** Bytes that must be there before the magic can be read. */
export const bytesUpToMagic = 17;
/** Smallest value of the length field that any message format allows: the overhead of magic 0. */
export const minLengthField = 14;

export const baseOffsetPosition = 0;
export const lengthPosition = 8;
export const leaderEpochPosition = 12;
export const magicPosition = 16;
export const crcPosition = 17;
/** The CRC covers from here to the end of the batch. */
export const attributesPosition = 21;
export const lastOffsetDeltaPosition = 23;
export const baseTimestampPosition = 27;
export const maxTimestampPosition = 35;
export const producerIdPosition = 43;
export const producerEpochPosition = 51;
export const baseSequencePosition = 53;
export const recordsCountPosition = 57;

export const currentMagic = 2;

export const codecMask = 0x07;
export const logAppendTimeFlag = 0x08;
export const transactionalFlag = 0x10;
export const controlFlag = 0x20;
export const deleteHorizonFlag = 0x40;

/** A record or batch without a timestamp. */
export const noTimestamp = -1;
export const noProducerId = -1;
export const noProducerEpoch = -1;
export const noSequence = -1;
export const noLeaderEpoch = -1;

/** `CreateTime`: the producer's timestamps stand. `LogAppendTime`: every record has the batch's maxTimestamp. */
export type TimestampType = 'CreateTime' | 'LogAppendTime';

const maxInt32 = 0x7fff_ffff;

/** The sequence number `increment` records after `sequence`: sequences run from 0 to 2^31 − 1 and then start again. */
export function incrementSequence(sequence: number, increment: number): number {
  return sequence > maxInt32 - increment ? increment - (maxInt32 - sequence) - 1 : sequence + increment;
}
