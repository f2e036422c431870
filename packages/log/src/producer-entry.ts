/**
 * What a partition remembers of one producer: enough to know a batch that it has seen before (KIP-98, KIP-360).
 */

import type { Offset } from '@jackdaw/base';

/** Batches remembered for each producer: as many as a producer may have in flight. */
export const batchesPerProducer = 5;
const maxSequence = 0x7fff_ffff;

export interface ProducerBatch {
  lastSequence: number;
  lastOffset: Offset;
  /** lastOffset − baseOffset, which is also last sequence − first. */
  offsetDelta: number;
  /** Largest timestamp of the batch. */
  timestamp: number;
}

export interface ProducerEntry {
  producerId: number;
  /** −1 while nothing is known. */
  producerEpoch: number;
  /** Of the coordinator that wrote the last marker; −1 when none did. */
  coordinatorEpoch: number;
  /** Of the last batch or marker; decides when the producer is forgotten. */
  lastTimestamp: number;
  /** First offset of the open transaction, or −1. */
  currentTxnFirstOffset: Offset;
  /** The last batches of `producerEpoch`, oldest first, at most `batchesPerProducer`. */
  batches: ProducerBatch[];
  /** The first sequence number of `producerEpoch` that is known to be in the log, and all after it; −1 while none is. */
  startSequence: number;
}

export function emptyProducerEntry(producerId: number): ProducerEntry {
  return {
    producerId,
    producerEpoch: -1,
    coordinatorEpoch: -1,
    lastTimestamp: -1,
    currentTxnFirstOffset: -1,
    batches: [],
    startSequence: -1,
  };
}

/** −1 when no batch of the current epoch is remembered. */
export function lastSequenceOf(entry: ProducerEntry): number {
  return entry.batches.at(-1)?.lastSequence ?? -1;
}

export function firstSequenceOf(batch: ProducerBatch): number {
  return decrementSequence(batch.lastSequence, batch.offsetDelta);
}

/** Sequence numbers run from 0 to 2^31 − 1 and start again at 0. */
export function decrementSequence(sequence: number, count: number): number {
  return sequence < count ? maxSequence - (count - sequence) + 1 : sequence - count;
}

/** Whether `next` is the sequence number after `last`. */
export function isInSequence(last: number, next: number): boolean {
  return next === last + 1 || (next === 0 && last === maxSequence);
}

/** How many sequence numbers lie between an earlier and a later one, going up and around. */
export function sequenceDistance(earlier: number, later: number): number {
  return later >= earlier ? later - earlier : later + (maxSequence - earlier) + 1;
}

/** The remembered batch with exactly these sequence numbers, or undefined. */
export function findDuplicate(
  entry: ProducerEntry,
  batch: { producerEpoch: number; firstSequence: number; lastSequence: number },
): ProducerBatch | undefined {
  if (batch.producerEpoch !== entry.producerEpoch) return undefined;
  return entry.batches.find(
    (known) => known.lastSequence === batch.lastSequence && firstSequenceOf(known) === batch.firstSequence,
  );
}

/** Remembers a batch; a new epoch forgets those of the old one. */
export function addProducerBatch(entry: ProducerEntry, producerEpoch: number, batch: ProducerBatch): void {
  setProducerEpoch(entry, producerEpoch);
  const firstSequence = firstSequenceOf(batch);
  // The leader that took it had forgotten the producer, which may then go on anywhere: what lies between was never written.
  if (entry.batches.length > 0 && !isInSequence(lastSequenceOf(entry), firstSequence)) entry.batches = [];
  if (entry.batches.length === 0) entry.startSequence = firstSequence;
  if (entry.batches.length === batchesPerProducer) entry.batches.shift();
  entry.batches.push(batch);
  entry.lastTimestamp = batch.timestamp;
}

export function setProducerEpoch(entry: ProducerEntry, producerEpoch: number): void {
  if (entry.producerEpoch === producerEpoch) return;
  entry.producerEpoch = producerEpoch;
  entry.batches = [];
  entry.startSequence = -1;
}
