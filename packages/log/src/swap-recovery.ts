/**
 * Finishes or undoes what a crash left of a compaction or a deletion, before a log's segments are loaded (B15).
 *
 * The rules are Kafka's (LogLoader): `.deleted` and `.cleaned` files go. A `.swap` file is complete and takes the place
 * of the segments whose offsets it covers, unless a `.cleaned` file at or below it shows that its split never finished.
 */

import { sometimes } from '@jackdaw/base';
import type { Offset } from '@jackdaw/base';
import { batchLastOffset } from '@jackdaw/protocol';
import { join } from 'node:path';
import { scanBatches } from './batch-scanner.ts';
import { cleanedSuffix, deletedSuffix, logSuffix, segmentSuffixes, swapSuffix } from './file-names.ts';
import type { Fs } from './fs.ts';

export async function recoverInterruptedSwaps(fs: Fs, directory: string): Promise<void> {
  const names = fs.list(directory);
  const leftOver = names.filter((name) => name.endsWith(deletedSuffix) || name.endsWith(cleanedSuffix));
  const cleanedOffsets = names.filter((name) => name.endsWith(cleanedSuffix)).map(offsetIn);
  const firstCleaned = Math.min(...cleanedOffsets, Number.POSITIVE_INFINITY);
  const swaps = names.filter((name) => name.endsWith(swapSuffix));
  const invalid = swaps.filter((name) => offsetIn(name) >= firstCleaned);
  if (leftOver.length > 0) sometimes('log: left-over files removed');
  for (const name of [...leftOver, ...invalid]) fs.unlink(join(directory, name));
  const valid = swaps.filter((name) => offsetIn(name) < firstCleaned);
  if (valid.length === 0) return;
  let from: Offset = Number.POSITIVE_INFINITY;
  let to: Offset = 0;
  for (const name of valid.filter((swap) => swap.endsWith(logSuffix + swapSuffix))) {
    from = Math.min(from, offsetIn(name));
    to = Math.max(to, await endOffsetOf(fs, join(directory, name), offsetIn(name)));
  }
  for (const name of names) {
    const isSegmentFile = segmentSuffixes.some((suffix) => name.endsWith(suffix));
    if (isSegmentFile && offsetIn(name) >= from && offsetIn(name) < to) fs.unlink(join(directory, name));
  }
  for (const name of valid) fs.rename(join(directory, name), join(directory, name.slice(0, -swapSuffix.length)));
  await fs.syncDirectory(directory);
}

async function endOffsetOf(fs: Fs, path: string, baseOffset: Offset): Promise<Offset> {
  const file = fs.open(path, 'read');
  let endOffset = baseOffset;
  try {
    await scanBatches(fs, file, { start: 0, end: fs.size(file), verifyCrc: false }, (bytes, position) => {
      endOffset = batchLastOffset(bytes, position) + 1;
      return true;
    });
  } finally {
    fs.close(file);
  }
  return endOffset;
}

function offsetIn(name: string): Offset {
  return Number.parseInt(name, 10);
}
