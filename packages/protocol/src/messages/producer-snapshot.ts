/**
 * The file `<offset>.snapshot` of a partition: what its idempotent and transactional producers last wrote.
 *
 * Saved when a segment rolls, so that recovery need not read the whole log for it. The crc is CRC-32C over the bytes behind
 * it. Kafka's own format; the file begins with an int16 version, which is always 1.
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, int64, message, uint32 } from '../schema.ts';

export const producerSnapshot = message(
  { name: 'ProducerSnapshot', key: null, versions: [1, 1], flexibleFrom: null },
  {
    crc: uint32,
    producerEntries: array({
      producerId: int64,
      epoch: int16,
      lastSequence: int32,
      lastOffset: int64,
      offsetDelta: int32,
      timestamp: int64,
      coordinatorEpoch: int32,
      currentTxnFirstOffset: int64,
    }),
  },
);
export type ProducerSnapshot = Body<typeof producerSnapshot>;
export type ProducerSnapshotDraft = Draft<typeof producerSnapshot>;
