/**
 * Compares the segment files of all replicas of a stopped cluster: the same batches, by offset, epoch and checksum.
 *
 * Clients see only leaders. A follower that diverged in silence would lose or change records at some later fail-over.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { batchCrc, eachBatch, isValidCrc, readBatchHeader } from '@jackdaw/protocol';
import type { BrokerLayout } from './cluster.ts';

/** Differences between replicas, as sentences; empty when all logs are equal. */
export function compareReplicas(brokers: readonly BrokerLayout[], topic: string, partitions: number): string[] {
  const differences: string[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const name = `${topic}-${partition}`;
    const [first, ...others] = brokers.map(({ nodeId, dataDir }) => ({ nodeId, batches: readBatches(join(dataDir, name)) }));
    if (first === undefined) continue;
    for (const other of others) {
      const at = firstDifference(first.batches, other.batches);
      if (at === undefined) continue;
      const left = first.batches[at] ?? 'the end';
      const right = other.batches[at] ?? 'the end';
      differences.push(`${name}: broker ${first.nodeId} has ${left} where broker ${other.nodeId} has ${right}`);
    }
  }
  return differences;
}

/** One line of text a batch. */
function readBatches(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const files = readdirSync(directory)
    .filter((file) => file.endsWith('.log'))
    .sort();
  return files.flatMap((file) => batchesIn(readFileSync(join(directory, file)), file));
}

function batchesIn(bytes: Uint8Array, file: string): string[] {
  const batches: string[] = [];
  try {
    for (const position of eachBatch(bytes)) {
      const { baseOffset, lastOffset, leaderEpoch } = readBatchHeader(bytes, position);
      const checksum = isValidCrc(bytes, position) ? batchCrc(bytes, position).toString(16) : 'a wrong checksum';
      batches.push(`offsets ${baseOffset} to ${lastOffset} of epoch ${leaderEpoch} (${checksum})`);
    }
  } catch (error) {
    batches.push(`damage behind that in ${file} (${String(error)})`);
  }
  return batches;
}

function firstDifference(left: readonly string[], right: readonly string[]): number | undefined {
  for (let i = 0; i < Math.max(left.length, right.length); i++) if (left[i] !== right[i]) return i;
  return undefined;
}
