/**
 * From the bytes of a fetched partition to records: whole batches, CRC checked, transactions filtered.
 *
 * Under read_committed the broker lists the aborted transactions that touch the range; a producer's batches are dropped from
 * its transaction's first offset until its abort marker (KIP-98). Control batches are never handed out, but they, and batches
 * that compaction has emptied, still move the position.
 */
import {
  CorruptRecordError,
  decodeRecords,
  eachBatch,
  isValidCrc,
  readBatchHeader,
  readEndTxnMarker,
  type BatchHeader,
  type Codecs,
} from '@jackdaw/protocol';
import type { ConsumedRecord, TopicPartition } from './records.ts';

/** What the records of one batch may inflate to; a larger batch is refused as a bomb. */
const maxDecompressedBytes = 256 * 1024 * 1024;

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface FetchedBytes extends TopicPartition {
  readonly bytes: Uint8Array;
  /** Records before this offset, which may be in the first batch, are dropped. */
  readonly fromOffset: number;
  /** Null for read_uncommitted. */
  readonly aborted: readonly AbortedTransaction[] | null;
}

export interface FetchedRecords {
  readonly records: ConsumedRecord[];
  /** Where to go on: after the last whole batch. */
  readonly nextOffset: number;
}

/** Throws CorruptRecordError or a codec's error. */
export function readFetched(fetched: FetchedBytes, codecs: Codecs | undefined): FetchedRecords {
  const records: ConsumedRecord[] = [];
  let nextOffset = fetched.fromOffset;
  const isAborted = abortedFilter(fetched.aborted ?? []);
  for (const position of eachBatch(fetched.bytes)) {
    if (!isValidCrc(fetched.bytes, position)) {
      throw new CorruptRecordError(
        'corrupt',
        `${fetched.topic}-${fetched.partition}: a batch at offset ${nextOffset} fails its checksum`,
      );
    }
    const header = readBatchHeader(fetched.bytes, position);
    nextOffset = Math.max(nextOffset, header.lastOffset + 1);
    if (isAborted(header, fetched.bytes) || header.isControl) continue;
    appendRecords(records, fetched, { header, codecs: codecs ?? noCodecs });
  }
  return { records, nextOffset };
}

function appendRecords(records: ConsumedRecord[], fetched: FetchedBytes, batch: { header: BatchHeader; codecs: Codecs }): void {
  const { header, codecs } = batch;
  const bytes = fetched.bytes.subarray(header.position, header.position + header.sizeInBytes);
  for (const record of decodeRecords(bytes, codecs, { maxDecompressedBytes })) {
    if (record.offset < fetched.fromOffset) continue;
    records.push({
      topic: fetched.topic,
      partition: fetched.partition,
      offset: record.offset,
      timestamp: record.timestamp,
      timestampType: header.timestampType,
      leaderEpoch: header.leaderEpoch,
      key: record.key,
      value: record.value,
      headers: record.headers,
    });
  }
}

/** A function that says of each batch, in order, whether it belongs to an aborted transaction. */
function abortedFilter(aborted: readonly AbortedTransaction[]): (header: BatchHeader, bytes: Uint8Array) => boolean {
  const coming = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const active = new Set<number>();
  return (header, bytes) => {
    while (coming[0] !== undefined && coming[0].firstOffset <= header.lastOffset)
      active.add((coming.shift() as AbortedTransaction).producerId);
    if (header.isControl) {
      const marker = readEndTxnMarker(bytes, header.position);
      if (marker !== null && !marker.isCommit) active.delete(header.producerId);
      return false;
    }
    return header.isTransactional && active.has(header.producerId);
  };
}

const noCodecs: Codecs = {
  compress: () => {
    throw new RangeError('no compression codecs were given to the client');
  },
  decompress: () => {
    throw new RangeError('the records are compressed, and no codecs were given to the client');
  },
};
