/**
 * Metadata records: the payload of a Raft entry and the body of a snapshot, as a node reads them from its disk or from the
 * leader, decoded and replayed on an image that has a little of everything in it.
 *
 * Bytes that are no records are refused with MetadataFormatError; records that contradict the image break an assertion of
 * the replay, which stops the node rather than let replicas disagree. Nothing else may happen.
 */
import { InvariantError } from '@jackdaw/base';
import {
  decodeRecordBatch,
  decodeSnapshot,
  encodeRecordBatch,
  encodeSnapshot,
  MetadataDelta,
  MetadataFormatError,
  type MetadataImage,
} from '@jackdaw/metadata';
import * as protocol from '@jackdaw/protocol';
import { Reader, type MessageSchema } from '@jackdaw/protocol';
import { encode, type Field } from '../engine/fields.ts';
import { kafkaFields } from '../engine/kafka-fields.ts';
import { partsMutator, type Partition } from '../engine/parts.ts';
import { expect, type Outcome, type Target } from '../engine/target.ts';
import { sampleChanges, sampleImage } from './cluster-image.ts';

const image = sampleImage();
const changes = sampleChanges(image);

function replayEntry(input: Uint8Array): Outcome {
  return refusing(() => {
    const records = decodeRecordBatch(input);
    const changed = image.clone();
    changed.applyEntry({ index: image.appliedIndex + 1, term: image.appliedTerm, records }, new MetadataDelta());
    expectWhole(changed);
  });
}

function restoreSnapshot(input: Uint8Array): Outcome {
  return refusing(() => expectWhole(decodeSnapshot(input, { index: 10, term: 2 })));
}

/** What a node has accepted it must be able to hand on: its own snapshot gives the same image. */
function expectWhole(accepted: MetadataImage): void {
  const bytes = encodeSnapshot(accepted);
  const again = decodeSnapshot(bytes, { index: accepted.appliedIndex, term: accepted.appliedTerm });
  expect(Buffer.compare(encodeSnapshot(again), bytes) === 0, 'the image and the image of its snapshot differ');
}

function refusing(run: () => void): Outcome {
  try {
    run();
    return 'accepted';
  } catch (error) {
    if (error instanceof MetadataFormatError) return 'refused';
    if (error instanceof InvariantError && error.message !== '') return 'refused';
    throw error;
  }
}

/** The records of a payload: format, then each behind its length plus one. */
const records: Partition = {
  split(input) {
    const parts: Uint8Array[] = [];
    const reader = new Reader(input);
    try {
      reader.unsignedVarint();
      while (reader.remaining > 0) parts.push(reader.compactByteString());
    } catch {
      // What is whole is enough.
    }
    return parts;
  },
  join: (parts) => Buffer.concat([Uint8Array.of(1), ...parts.flatMap((part) => [encode('uvarint', 0, part.length + 1), part])]),
  fieldsOf(part) {
    const head: Field[] = [0, 1, 2].map((at) => ({ start: at, end: at + 1, form: 'uvarint', contentBytes: -1, bias: 0 }));
    const schema = schemas.get(part[1] ?? -1);
    const version = part[2] ?? 0;
    if (part.length < 3 || schema === undefined) return [];
    return [...head, ...kafkaFields(schema, Math.min(version, schema.versions[1]), { bytes: part, start: 3 })];
  },
};

/** Tables of records by their number. */
const schemas: ReadonlyMap<number, MessageSchema> = new Map(
  Object.entries(protocol)
    .filter(([name]) => name.endsWith('Record'))
    .map(([, schema]) => [(schema as MessageSchema).key ?? -1, schema as MessageSchema]),
);

export const metadataTargets: readonly Target[] = [
  {
    name: 'metadata-entry',
    what: 'a Raft entry of metadata records, decoded and replayed on an image',
    seeds: () => [...changes, changes.flat()].map((list) => encodeRecordBatch(list)),
    run: replayEntry,
    mutate: partsMutator(records),
    words: ['orders', 'my.topic', 'my_topic', '__proto__', 'cluster.id'],
  },
  {
    name: 'metadata-snapshot',
    what: "the body of a Raft snapshot, as a follower gets it and as it lies in LevelDB's `snapshot-data`",
    seeds: () => [encodeSnapshot(image), encodeRecordBatch([])],
    run: restoreSnapshot,
    mutate: partsMutator(records),
    words: ['orders', 'my.topic', 'my_topic', '__proto__', 'cluster.id'],
  },
];
