/**
 * `<offset>.snapshot`: what all producers had done below an offset (Kafka's ProducerSnapshot, version 1).
 *
 * Kafka keeps one batch for each producer in it. Here the older four follow behind, after Kafka's own content and under
 * the same CRC, and the sequence number from which on everything is there: Kafka's reader stops before them, and a retry
 * of any of the five, or of one before them, is still known after a restart (C1, C2).
 */

import { crc32c, decodeBody, producerSnapshot, ProtocolError, Reader, writeBody, Writer } from '@jackdaw/protocol';
import { batchesPerProducer, firstSequenceOf, type ProducerBatch, type ProducerEntry } from './producer-entry.ts';

const version = 1;
/** Version int16, CRC uint32; the CRC covers what follows. */
const crcPosition = 2;
const bodyStart = 6;
/** Marks the older batches: "JDW2". */
const extensionMagic = 0x4a445732;
/** Producer id, start sequence and count. */
const olderHeaderBytes = 13;
const olderBatchBytes = 24;

export function encodeProducerSnapshot(producers: Iterable<ProducerEntry>): Uint8Array {
  const entries = [...producers];
  const writer = new Writer();
  writer.int16(version);
  writeBody(producerSnapshot, version, { writer, draft: { crc: 0, producerEntries: entries.map(draftOf) } });
  const withOlder = entries.filter((entry) => entry.batches.length > 1);
  if (withOlder.length > 0) {
    writer.int32(extensionMagic);
    for (const entry of withOlder) writeOlderBatches(writer, entry);
  }
  const bytes = writer.toBytes();
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length).setUint32(crcPosition, crc32c(bytes, bodyStart));
  return bytes;
}

type EntryBody = ReturnType<typeof draftOf>;

function draftOf(entry: ProducerEntry) {
  const last = entry.batches.at(-1);
  return {
    producerId: entry.producerId,
    epoch: entry.producerEpoch,
    lastSequence: last?.lastSequence ?? -1,
    lastOffset: last?.lastOffset ?? -1,
    offsetDelta: last?.offsetDelta ?? 0,
    timestamp: entry.lastTimestamp,
    coordinatorEpoch: entry.coordinatorEpoch,
    currentTxnFirstOffset: entry.currentTxnFirstOffset,
  };
}

function writeOlderBatches(writer: Writer, entry: ProducerEntry): void {
  writer.int64(entry.producerId);
  writer.int32(entry.startSequence);
  writer.int8(entry.batches.length - 1);
  for (const batch of entry.batches.slice(0, -1)) {
    writer.int32(batch.lastSequence);
    writer.int64(batch.lastOffset);
    writer.int32(batch.offsetDelta);
    writer.int64(batch.timestamp);
  }
}

/** The producers in a snapshot, or null when the bytes are damaged. */
export function decodeProducerSnapshot(bytes: Uint8Array): ProducerEntry[] | null {
  if (bytes.length <= bodyStart) return null;
  const reader = new Reader(bytes);
  try {
    if (reader.int16() !== version || reader.uint32() !== crc32c(bytes, bodyStart)) return null;
    const body = decodeBody(producerSnapshot, version, new Reader(bytes, crcPosition));
    const entries = new Map(body.producerEntries.map((entry) => [entry.producerId, entryOf(entry)]));
    return readExtension(bytes, entries) ? [...entries.values()] : null;
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

function entryOf(body: EntryBody): ProducerEntry {
  const { lastSequence, lastOffset, offsetDelta, timestamp } = body;
  const batches = lastOffset < 0 ? [] : [{ lastSequence, lastOffset, offsetDelta, timestamp }];
  return {
    producerId: body.producerId,
    producerEpoch: body.epoch,
    coordinatorEpoch: body.coordinatorEpoch,
    lastTimestamp: timestamp,
    currentTxnFirstOffset: body.currentTxnFirstOffset,
    batches,
    // Unless more is known of it, nothing before the one batch that Kafka keeps.
    startSequence: batches[0] === undefined ? -1 : firstSequenceOf(batches[0]),
  };
}

const kafkaEntryBytes = 46;

/** Adds the older batches that may follow Kafka's content; false when they contradict it. */
function readExtension(bytes: Uint8Array, entries: Map<number, ProducerEntry>): boolean {
  const reader = new Reader(bytes, bodyStart + 4 + entries.size * kafkaEntryBytes);
  if (reader.remaining < 4 || reader.int32() !== extensionMagic) return true;
  while (reader.remaining >= olderHeaderBytes) {
    const entry = entries.get(reader.int64());
    const startSequence = reader.int32();
    const count = reader.int8();
    if (entry === undefined || count < 1 || count >= batchesPerProducer) return false;
    entry.batches.unshift(...readOlderBatches(reader, count));
    entry.startSequence = startSequence;
  }
  return true;
}

function readOlderBatches(reader: Reader, count: number): ProducerBatch[] {
  const batches: ProducerBatch[] = [];
  for (let i = 0; i < count && reader.remaining >= olderBatchBytes; i++) {
    const lastSequence = reader.int32();
    const lastOffset = reader.int64();
    const offsetDelta = reader.int32();
    batches.push({ lastSequence, lastOffset, offsetDelta, timestamp: reader.int64() });
  }
  return batches;
}
