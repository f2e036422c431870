/**
 * What the targets with record batches in them share: valid batches of every kind, bombs, and how to find the fields of a
 * batch and to make its length and checksum right again.
 */
import { gzipSync } from 'node:zlib';
import type { Prng } from '@jackdaw/base';
import { nodeCodecs } from '@jackdaw/broker';
import {
  batchHeaderBytes,
  codecGzip,
  codecLz4,
  codecNone,
  codecSnappy,
  codecZstd,
  encodeBatch,
  encodeEndTxnMarker,
  patchCrc,
  type BatchToWrite,
  type CodecId,
  type RecordToWrite,
} from '@jackdaw/protocol';
import { encode, type Field } from '../engine/fields.ts';

/** All fuzzed batches live in this moment. */
export const nowMs = 1_700_000_000_000;
export const codecIds: readonly CodecId[] = [codecNone, codecGzip, codecSnappy, codecLz4, codecZstd];

export function sampleRecords(count: number, prng: Prng): RecordToWrite[] {
  return Array.from({ length: count }, (_, index) => ({
    key: prng.chance(0.4) ? null : Buffer.from(`key ${index}`),
    value: prng.chance(0.1) ? null : Buffer.from(`value ${index} `.repeat(1 + prng.below(6))),
    timestamp: nowMs + index,
    headers: prng.chance(0.3) ? [{ key: 'header', value: prng.chance(0.5) ? null : Buffer.from('h') }] : [],
  }));
}

export function sampleBatch(prng: Prng, options: Partial<BatchToWrite> = {}): Uint8Array {
  return encodeBatch({ records: sampleRecords(prng.between(1, 6), prng), ...options }, nodeCodecs);
}

/** One of each kind: codecs, producers, transactions, markers, no records left. */
export function sampleBatches(prng: Prng): Uint8Array[] {
  const producer = { producerId: 7, producerEpoch: 1, baseSequence: 3 };
  return [
    ...codecIds.map((codec) => sampleBatch(prng, { codec })),
    sampleBatch(prng, producer),
    sampleBatch(prng, { ...producer, isTransactional: true }),
    sampleBatch(prng, { timestampType: 'LogAppendTime' }),
    encodeEndTxnMarker({ producerId: 7, producerEpoch: 1, isCommit: false, coordinatorEpoch: 2, timestamp: nowMs }),
  ];
}

/** A batch around bytes that need not be records: its header claims `recordsCount` of them. */
export function batchAround(payload: Uint8Array, codec: CodecId, recordsCount = 1): Uint8Array {
  const header = encodeBatch({ records: [{ key: null, value: null, timestamp: nowMs }] }).subarray(0, batchHeaderBytes);
  const bytes = Buffer.concat([header, payload]);
  bytes.writeInt16BE(codec, positions.attributes);
  bytes.writeInt32BE(recordsCount - 1, positions.lastOffsetDelta);
  bytes.writeInt32BE(recordsCount, positions.recordsCount);
  return repairBatch(bytes);
}

/** Little that inflates to much, in each codec. */
export function bombs(): { codec: CodecId; payload: Uint8Array }[] {
  const zeros = Buffer.alloc(4 * 1_048_576);
  return [
    { codec: codecGzip, payload: gzipSync(zeros) },
    ...([codecLz4, codecZstd] as const).map((codec) => ({ codec, payload: nodeCodecs.compress(codec, zeros) })),
    // A raw block that announces four gigabytes.
    { codec: codecSnappy, payload: Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61) },
    { codec: codecSnappy, payload: nodeCodecs.compress(codecSnappy, zeros.subarray(0, 65_536)) },
  ];
}

/** Little that inflates to very many of the smallest records, or claims to; in each codec. */
export function recordBombs(): Uint8Array[] {
  const count = 20_000;
  const records = Buffer.concat(Array.from({ length: count }, (_, index) => smallestRecord(index)));
  const whole = codecIds
    .filter((codec) => codec !== codecNone)
    .map((codec) => ({ codec, payload: nodeCodecs.compress(codec, records) }));
  return [
    ...whole.map(({ codec, payload }) => batchAround(payload, codec, count)),
    // More records than there are, and headers without end.
    ...whole.map(({ codec, payload }) => batchAround(payload, codec, 0x7fff_ffff)),
    batchAround(Uint8Array.of(0x14, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f), codecNone, 1),
  ];
}

/** Neither key nor value nor headers. */
function smallestRecord(offsetDelta: number): Uint8Array {
  const body = Buffer.concat([Uint8Array.of(0, 0), encode('zigzag', 0, offsetDelta), Uint8Array.of(1, 1, 0)]);
  return Buffer.concat([encode('zigzag', 0, body.length), body]);
}

/** Field positions in a batch's header (Kafka's DefaultRecordBatch). */
const positions = { length: 8, attributes: 21, lastOffsetDelta: 23, recordsCount: 57 };
const headerSizes = [8, 4, 4, 1, 4, 2, 4, 8, 8, 8, 2, 4, 4];
const lengthOverheadBytes = 12;

/** Fields of the header, and of the records when they are not compressed. */
export function batchFields(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  for (const size of headerSizes) {
    if (at + size > bytes.length) return fields;
    fields.push({ start: at, end: at + size, form: 'fixed', contentBytes: -1, bias: 0 });
    at += size;
  }
  if (((bytes[positions.attributes + 1] as number) & 7) === codecNone) recordFields(bytes, at, fields);
  return fields;
}

/** Varints as far as they go: each as a number, and each that could measure what follows as a prefix as well. */
function recordFields(bytes: Uint8Array, start: number, fields: Field[]): void {
  for (let at = start; at < bytes.length && fields.length < 200;) {
    let end = at + 1;
    while (end < bytes.length && (bytes[end - 1] as number) >= 0x80) end++;
    const raw =
      end - at === 1 ? (bytes[at] as number) : ((bytes[at] as number) & 0x7f) + 0x80 * ((bytes[at + 1] as number) & 0x7f);
    const length = raw % 2 === 0 ? raw / 2 : -1;
    const isPrefix = length > 0 && end + length <= bytes.length;
    fields.push({ start: at, end, form: 'zigzag', contentBytes: isPrefix ? length : -1, bias: 0 });
    at = end;
  }
}

/** Length and checksum as the bytes are; what is shorter than a header stays. */
export function repairBatch(input: Uint8Array): Uint8Array {
  if (input.length < batchHeaderBytes) return input;
  const bytes = Buffer.from(input);
  bytes.writeInt32BE(bytes.length - lengthOverheadBytes, positions.length);
  patchCrc(bytes, 0);
  return bytes;
}

/** Batches one after the other, by their lengths; what cannot be one is the last part. */
export function splitBatches(input: Uint8Array): Uint8Array[] {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.length);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.length - at < lengthOverheadBytes ? -1 : bytes.readInt32BE(at + positions.length);
    const end = length < 0 ? bytes.length : Math.min(bytes.length, at + lengthOverheadBytes + length);
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}

/** The same for batches one after the other: lengths are believed, the last batch gets the rest. */
export function repairBatches(input: Uint8Array): Uint8Array {
  const bytes = Buffer.from(input);
  for (let at = 0; bytes.length - at >= batchHeaderBytes;) {
    const length = bytes.readInt32BE(at + positions.length);
    const isWhole = length >= batchHeaderBytes - lengthOverheadBytes && at + lengthOverheadBytes + length <= bytes.length;
    if (!isWhole) bytes.writeInt32BE(bytes.length - at - lengthOverheadBytes, at + positions.length);
    patchCrc(bytes, at);
    at += lengthOverheadBytes + bytes.readInt32BE(at + positions.length);
  }
  return bytes;
}
