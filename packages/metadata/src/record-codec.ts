/**
 * Metadata records as bytes: each in the frame of Kafka's `MetadataRecordSerde` (frame version, type, version, body), and
 * a list of them as the payload of one Raft entry, which is applied whole or not at all.
 *
 * Payload: one format byte, then each frame behind its length. A format, type or version that this build does not know
 * was written by a newer one; guessing would corrupt the cluster's state, so the node refuses to start (F15).
 */

import {
  brokerRegistrationChangeRecord,
  clearElrRecord,
  configRecord,
  decodeWhole,
  featureLevelRecord,
  fenceBrokerRecord,
  noOpRecord,
  partitionChangeRecord,
  partitionRecord,
  producerIdsRecord,
  ProtocolError,
  Reader,
  registerBrokerRecord,
  removeTopicRecord,
  topicRecord,
  unfenceBrokerRecord,
  unregisterBrokerRecord,
  writeBody,
  Writer,
  type MessageSchema,
} from '@jackdaw/protocol';
import { expectDefined, type RaftIndex, type Term } from '@jackdaw/base';
import { MetadataImage } from './image.ts';
import type { MetadataRecord } from './records.ts';

/** The metadata log holds something that this build cannot read, and must not guess at: do not start. */
export class MetadataFormatError extends Error {
  override readonly name = 'MetadataFormatError';
}

type RecordType = MetadataRecord['type'];
type RecordOf<T extends RecordType> = Extract<MetadataRecord, { type: T }>;

interface RecordCodec {
  readonly type: RecordType;
  /** Kafka's number of the record type. */
  readonly key: number;
  /** The version written: the newest. */
  readonly version: number;
  readonly versions: readonly [number, number];
  readonly write: (writer: Writer, record: MetadataRecord) => void;
  readonly read: (reader: Reader, version: number) => MetadataRecord;
}

const payloadFormat = 1;
const frameVersion = 1;

const codecs: readonly RecordCodec[] = [
  codec('registerBroker', registerBrokerRecord, (record) => record),
  codec('unregisterBroker', unregisterBrokerRecord, (record) => record),
  codec('topic', topicRecord, (record) => record),
  codec('partition', partitionRecord, (record) => record),
  codec('config', configRecord, (record) => record),
  codec('partitionChange', partitionChangeRecord, (record) => record),
  codec('fenceBroker', fenceBrokerRecord, (record) => record),
  codec('unfenceBroker', unfenceBrokerRecord, (record) => record),
  codec('removeTopic', removeTopicRecord, (record) => record),
  codec('featureLevel', featureLevelRecord, (record) => record),
  codec('producerIds', producerIdsRecord, (record) => record),
  codec('brokerRegistrationChange', brokerRegistrationChangeRecord, (record) => record),
  codec('noOp', noOpRecord, (record) => record),
  codec('clearElr', clearElrRecord, (record) => record),
];
const codecByType: ReadonlyMap<RecordType, RecordCodec> = new Map(codecs.map((entry) => [entry.type, entry]));
const codecByKey: ReadonlyMap<number, RecordCodec> = new Map(codecs.map((entry) => [entry.key, entry]));
/** Encoding is synchronous and its results are copies, so one writer each is enough. */
const frameWriter = new Writer();
const payloadWriter = new Writer();

/** The payload of one Raft entry. */
export function encodeRecordBatch(records: readonly MetadataRecord[]): Uint8Array {
  return joinFrames(records.map(encodeRecord));
}

/** The payload of one Raft entry from records that are encoded already. */
export function joinFrames(frames: readonly Uint8Array[]): Uint8Array {
  payloadWriter.reset();
  payloadWriter.unsignedVarint(payloadFormat);
  for (const frame of frames) payloadWriter.compactByteString(frame);
  return payloadWriter.toBytes();
}

/** The records of an entry's payload, in order. Throws {@link MetadataFormatError} when they cannot be read. */
export function decodeRecordBatch(payload: Uint8Array): MetadataRecord[] {
  return refuseUnreadable(() => {
    const reader = new Reader(payload);
    const format = reader.unsignedVarint();
    if (format !== payloadFormat) throw new MetadataFormatError(`unknown format ${format} of a metadata log entry`);
    const records: MetadataRecord[] = [];
    while (reader.position < payload.length) records.push(decodeRecord(reader.compactByteString()));
    return records;
  });
}

/** One record in Kafka's frame. */
export function encodeRecord(record: MetadataRecord): Uint8Array {
  const entry = expectDefined(codecByType.get(record.type), `no codec for the record type ${record.type}`);
  frameWriter.reset();
  frameWriter.unsignedVarint(frameVersion);
  frameWriter.unsignedVarint(entry.key);
  frameWriter.unsignedVarint(entry.version);
  entry.write(frameWriter, record);
  return frameWriter.toBytes();
}

export function decodeRecord(frame: Uint8Array): MetadataRecord {
  return refuseUnreadable(() => {
    const reader = new Reader(frame);
    const frameFormat = reader.unsignedVarint();
    if (frameFormat !== frameVersion) throw new MetadataFormatError(`unknown frame version ${frameFormat} of a metadata record`);
    const key = reader.unsignedVarint();
    const version = reader.unsignedVarint();
    const entry = codecByKey.get(key);
    if (entry === undefined) throw new MetadataFormatError(`unknown metadata record type ${key}`);
    if (version < entry.versions[0] || version > entry.versions[1]) {
      throw new MetadataFormatError(`unknown version ${version} of the metadata record ${entry.type}`);
    }
    return entry.read(reader, version);
  });
}

/** The body of a Raft snapshot: the image as one payload. */
export function encodeSnapshot(image: MetadataImage): Uint8Array {
  return encodeRecordBatch(image.toRecords());
}

/** The image in a snapshot that was taken after the entry `at`. */
export function decodeSnapshot(payload: Uint8Array, at: { index: RaftIndex; term: Term }): MetadataImage {
  return MetadataImage.fromRecords(decodeRecordBatch(payload), at);
}

/** `toDraft` is the identity: it makes the compiler check that the record type has what the table wants. */
function codec<T extends RecordType, B extends Omit<RecordOf<T>, 'type'>, D>(
  type: T,
  schema: MessageSchema<B, D>,
  toDraft: (record: RecordOf<T>) => D,
): RecordCodec {
  return {
    type,
    key: expectDefined(schema.key, `${schema.name} has no number`),
    version: schema.versions[1],
    versions: schema.versions,
    write: (writer, record) => writeBody(schema, schema.versions[1], { writer, draft: toDraft(record as RecordOf<T>) }),
    read: (reader, version) => {
      const body: Omit<RecordOf<T>, 'type'> = decodeWhole(schema, version, reader);
      return { type, ...body } as unknown as RecordOf<T>;
    },
  };
}

function refuseUnreadable<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof ProtocolError) throw new MetadataFormatError('a metadata record cannot be read', { cause });
    throw cause;
  }
}
