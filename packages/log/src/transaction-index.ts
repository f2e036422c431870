/**
 * The aborted transactions whose markers lie in one segment (Kafka's TransactionIndex, AbortedTxn).
 *
 * A read with isolation `read_committed` returns aborted records too, with the list that lets the client skip them.
 * The list is short, so it stays in memory; `.txnindex` is written when the segment is sealed or the log closes and
 * exists only when there is something in it. After an unclean stop recovery rebuilds it (B6).
 */

import type { Offset } from '@jackdaw/base';
import type { AbortedTransaction } from './log-types.ts';

const currentVersion = 0;
const entryBytes = 34;
const twoTo32 = 0x1_0000_0000;

export function encodeTransactionIndex(aborted: readonly AbortedTransaction[]): Uint8Array {
  const bytes = new Uint8Array(aborted.length * entryBytes);
  const view = new DataView(bytes.buffer);
  for (const [i, entry] of aborted.entries()) {
    const position = i * entryBytes;
    view.setInt16(position, currentVersion);
    const values = [entry.producerId, entry.firstOffset, entry.lastOffset, entry.lastStableOffset];
    for (const [field, value] of values.entries()) {
      view.setInt32(position + 2 + field * 8, Math.floor(value / twoTo32));
      view.setUint32(position + 6 + field * 8, value % twoTo32);
    }
  }
  return bytes;
}

/** The file's entries, or null when it cannot be true; then the log is scanned instead. */
export function decodeTransactionIndex(bytes: Uint8Array, baseOffset: Offset): AbortedTransaction[] | null {
  if (bytes.length % entryBytes !== 0) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const aborted: AbortedTransaction[] = [];
  let previousLastOffset = -1;
  for (let position = 0; position < bytes.length; position += entryBytes) {
    const int64 = (field: number): number =>
      view.getInt32(position + 2 + field * 8) * twoTo32 + view.getUint32(position + 6 + field * 8);
    if (view.getInt16(position) > currentVersion || int64(2) < baseOffset || int64(2) <= previousLastOffset) return null;
    previousLastOffset = int64(2);
    aborted.push({ producerId: int64(0), firstOffset: int64(1), lastOffset: int64(2), lastStableOffset: int64(3) });
  }
  return aborted;
}

/**
 * Adds to `found` what overlaps [fetchOffset, upperBoundOffset). Returns true when no later segment can add more,
 * because an entry's last stable offset has passed the upper bound.
 */
export function collectAborted(
  aborted: readonly AbortedTransaction[],
  range: { fetchOffset: Offset; upperBoundOffset: Offset },
  found: AbortedTransaction[],
): boolean {
  for (const entry of aborted) {
    if (entry.lastOffset >= range.fetchOffset && entry.firstOffset < range.upperBoundOffset) found.push(entry);
    if (entry.lastStableOffset >= range.upperBoundOffset) return true;
  }
  return false;
}
