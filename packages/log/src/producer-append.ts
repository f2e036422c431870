/**
 * Decides whether one producer's batches may be appended, and what is to be remembered once they are.
 *
 * The rules and their order are those of Kafka 4.3's ProducerAppendInfo. Checking and remembering are apart: `check…`
 * works on a copy of the producer's entry, and the copy replaces the entry only after the bytes are written, so a
 * failed write leaves no trace (C14).
 *
 * One deliberate difference: a batch older than the remembered five answers DUPLICATE_SEQUENCE_NUMBER (statement C2),
 * on which producers take it as done; Kafka 4.3 says OUT_OF_ORDER_SEQUENCE_NUMBER, on which they give up. It is said
 * only of what is known to be in the log: a batch that was overtaken by the first one from its producer never was.
 */

import { sometimes } from '@jackdaw/base';
import type { Offset } from '@jackdaw/base';
import {
  batchBaseOffset,
  batchBaseSequence,
  batchLastOffsetDelta,
  batchMaxTimestamp,
  batchProducerEpoch,
  ErrorCode,
  incrementSequence,
  isControlBatch,
  isTransactionalBatch,
  readEndTxnMarker,
} from '@jackdaw/protocol';
import type { AppendOrigin } from './log-types.ts';
import {
  addProducerBatch,
  firstSequenceOf,
  isInSequence,
  lastSequenceOf,
  sequenceDistance,
  setProducerEpoch,
  type ProducerEntry,
} from './producer-entry.ts';

const maxProducerEpoch = 0x7fff;
/** Two sequence numbers less than this apart are taken as earlier and later; beyond it the order is unknown. */
const sequenceHorizon = 0x4000_0000;

export interface ProducerCheckContext {
  origin: AppendOrigin;
  /** Of the marker's coordinator; 0 for data. */
  transactionVersion: number;
  verification: { lowestSequence: number; supportsEpochBump: boolean } | undefined;
}

export interface Refusal {
  error: number;
  message: string;
}

/** A transaction that a marker in these batches ends. */
export interface CompletedTransaction {
  producerId: number;
  firstOffset: Offset;
  /** Offset of the marker. */
  lastOffset: Offset;
  isAborted: boolean;
}

/** The working copy for one producer within one append. */
export interface ProducerUpdate {
  /** What the log remembered before this append. */
  readonly before: ProducerEntry;
  readonly after: ProducerEntry;
  startedTransactions: Offset[];
  completedTransactions: CompletedTransaction[];
  /** Of the producer whose first batch in this append came next. */
  next: ProducerUpdate | null;
}

export function beginProducerUpdate(before: ProducerEntry): ProducerUpdate {
  const after = { ...before, batches: [...before.batches] };
  return { before, after, startedTransactions: [], completedTransactions: [], next: null };
}

/** The working copies of one append, one for each producer. Nearly every append is of one alone: that needs no table. */
export class ProducerUpdates {
  first: ProducerUpdate | null = null;
  #last: ProducerUpdate | null = null;
  /** All of them, from the second producer on. */
  #byId: Map<number, ProducerUpdate> | null = null;

  get(producerId: number): ProducerUpdate | undefined {
    if (this.#byId !== null) return this.#byId.get(producerId);
    return this.first?.after.producerId === producerId ? this.first : undefined;
  }

  add(update: ProducerUpdate): void {
    if (this.first === null) this.first = update;
    else {
      this.#byId ??= new Map([[this.first.after.producerId, this.first]]);
      this.#byId.set(update.after.producerId, update);
    }
    if (this.#last !== null) this.#last.next = update;
    this.#last = update;
  }

  clear(): void {
    this.first = null;
    this.#last = null;
    this.#byId = null;
  }
}

/** Adds one batch, whose offsets are final, to the update, or says why it may not be appended. */
export function checkBatch(
  update: ProducerUpdate,
  batch: { bytes: Uint8Array; position: number },
  context: ProducerCheckContext,
): Refusal | null {
  if (isControlBatch(batch.bytes, batch.position)) return checkMarker(update, batch, context);
  return checkData(update, batch, context);
}

function checkData(
  update: ProducerUpdate,
  { bytes, position }: { bytes: Uint8Array; position: number },
  context: ProducerCheckContext,
): Refusal | null {
  const producerEpoch = batchProducerEpoch(bytes, position);
  const firstSequence = batchBaseSequence(bytes, position);
  const offsetDelta = batchLastOffsetDelta(bytes, position);
  const baseOffset = batchBaseOffset(bytes, position);
  const lastSequence = firstSequence < 0 ? -1 : incrementSequence(firstSequence, offsetDelta);
  const refusal = checkEpoch(update, producerEpoch, { ...context, transactionVersion: 0 });
  if (refusal !== null) return refusal;
  if (context.origin === 'client') {
    const sequenceRefusal = checkSequence(update, { producerEpoch, firstSequence, lastSequence }, context);
    if (sequenceRefusal !== null) return sequenceRefusal;
  }
  const { after } = update;
  const timestamp = batchMaxTimestamp(bytes, position);
  addProducerBatch(after, producerEpoch, { lastSequence, lastOffset: baseOffset + offsetDelta, offsetDelta, timestamp });
  const isTransactional = isTransactionalBatch(bytes, position);
  if (after.currentTxnFirstOffset >= 0 && !isTransactional) {
    return refuse(ErrorCode.INVALID_TXN_STATE, after, 'a write outside the transaction that is open');
  }
  if (after.currentTxnFirstOffset < 0 && isTransactional) {
    after.currentTxnFirstOffset = baseOffset;
    update.startedTransactions.push(baseOffset);
  }
  return null;
}

function checkMarker(
  update: ProducerUpdate,
  { bytes, position }: { bytes: Uint8Array; position: number },
  context: ProducerCheckContext,
): Refusal | null {
  const marker = readEndTxnMarker(bytes, position);
  // Other control records do not belong to a producer.
  if (marker === null) return null;
  const { after } = update;
  const refusal = checkEpoch(update, marker.producerEpoch, context);
  if (refusal !== null) return refusal;
  if (after.coordinatorEpoch > marker.coordinatorEpoch && context.origin !== 'replication') {
    const detail = `a marker of coordinator epoch ${marker.coordinatorEpoch} after one of ${after.coordinatorEpoch}`;
    return refuse(ErrorCode.TRANSACTION_COORDINATOR_FENCED, after, detail);
  }
  if (after.currentTxnFirstOffset >= 0) {
    update.completedTransactions.push({
      producerId: after.producerId,
      firstOffset: after.currentTxnFirstOffset,
      lastOffset: batchBaseOffset(bytes, position),
      isAborted: !marker.isCommit,
    });
  }
  setProducerEpoch(after, marker.producerEpoch);
  after.coordinatorEpoch = marker.coordinatorEpoch;
  after.currentTxnFirstOffset = -1;
  after.lastTimestamp = batchMaxTimestamp(bytes, position);
  return null;
}

/** An older epoch is a zombie's. A version-2 marker must even be newer, unless it repeats the last one (KIP-1228, C5). */
function checkEpoch(update: ProducerUpdate, producerEpoch: number, context: ProducerCheckContext): Refusal | null {
  const { after } = update;
  const isStrict = context.transactionVersion >= 2;
  const isValid = isStrict ? producerEpoch > after.producerEpoch : producerEpoch >= after.producerEpoch;
  if (isValid || context.origin === 'replication') return null;
  const isRepeat = after.currentTxnFirstOffset < 0 || producerEpoch === maxProducerEpoch;
  if (isStrict && producerEpoch === after.producerEpoch && isRepeat) return null;
  return refuse(ErrorCode.INVALID_PRODUCER_EPOCH, after, `epoch ${producerEpoch} after ${after.producerEpoch}`);
}

interface SequenceRange {
  producerEpoch: number;
  firstSequence: number;
  lastSequence: number;
}

function checkSequence(update: ProducerUpdate, range: SequenceRange, context: ProducerCheckContext): Refusal | null {
  const { before, after } = update;
  const { firstSequence } = range;
  const { verification } = context;
  if (verification?.supportsEpochBump === true && firstSequence !== 0 && before.batches.length === 0) {
    return refuse(
      ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
      after,
      `sequence ${firstSequence} where 0 is expected of an unknown producer`,
    );
  }
  if (verification !== undefined && firstSequence > verification.lowestSequence) {
    const detail = `sequence ${firstSequence} where ${verification.lowestSequence} has been announced`;
    return refuse(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, after, detail);
  }
  if (range.producerEpoch !== after.producerEpoch) {
    if (firstSequence === 0 || after.producerEpoch < 0) return null;
    const detail = `sequence ${firstSequence} at the start of epoch ${range.producerEpoch}`;
    return refuse(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, after, detail);
  }
  const lastSequence = lastSequenceOf(after);
  // After retention has removed all of a producer's records it may go on with any sequence number.
  if (before.producerEpoch < 0 || isInSequence(lastSequence, firstSequence)) return null;
  if (isOlderThanRemembered(after, range)) {
    return refuse(
      ErrorCode.DUPLICATE_SEQUENCE_NUMBER,
      after,
      `sequences ${firstSequence} to ${range.lastSequence} are long appended`,
    );
  }
  sometimes('log: sequence out of order refused');
  return refuse(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, after, `sequence ${firstSequence} after ${lastSequence}`);
}

function isOlderThanRemembered(entry: ProducerEntry, range: SequenceRange): boolean {
  const oldest = entry.batches[0];
  if (oldest === undefined || range.lastSequence < 0) return false;
  const distance = sequenceDistance(range.lastSequence, firstSequenceOf(oldest));
  if (distance === 0 || distance >= sequenceHorizon) return false;
  // A producer may begin anywhere: what comes before its first known batch was never seen here, and is not done.
  return sequenceDistance(entry.startSequence, range.firstSequence) < sequenceHorizon;
}

function refuse(error: number, entry: ProducerEntry, detail: string): Refusal {
  return { error, message: `producer ${entry.producerId}: ${detail}` };
}
