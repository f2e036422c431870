/**
 * The two small text files of a partition directory: `leader-epoch-checkpoint` and `partition.metadata`.
 *
 * Both in Kafka's format. The first may be lost without harm (recovery reads the epochs from the batches); the second
 * ties the directory to a topic id, so that a directory of a deleted topic is never taken for its successor's (A25).
 */

import { utf8Decode, utf8Encode } from '@jackdaw/base';
import { join } from 'node:path';
import { encodeCheckpoint, readCheckpoint } from './checkpoint-file.ts';
import { leaderEpochFile, partitionMetadataFile } from './file-names.ts';
import { readSmallFile, StorageError, type Fs } from './fs.ts';
import type { EpochEntry } from './leader-epoch-cache.ts';

/** The entries in the file, or null when it is absent or unreadable. */
export function readLeaderEpochs(fs: Fs, directory: string): EpochEntry[] | null {
  const lines = readCheckpoint(fs, join(directory, leaderEpochFile), 2);
  return lines?.map(([epoch, startOffset]) => ({ epoch: Number(epoch), startOffset: Number(startOffset) })) ?? null;
}

export function encodeLeaderEpochs(entries: readonly EpochEntry[]): Uint8Array {
  return encodeCheckpoint(entries.map((entry) => `${entry.epoch} ${entry.startOffset}`));
}

export function encodePartitionMetadata(topicId: string): Uint8Array {
  return utf8Encode(`version: 0\ntopic_id: ${topicId}`);
}

/** The topic id of a partition directory; null when there is no file. Throws StorageError `corrupt` on nonsense. */
export function readTopicId(fs: Fs, directory: string): string | null {
  const path = join(directory, partitionMetadataFile);
  const bytes = readSmallFile(fs, path);
  if (bytes === null) return null;
  const match = /^version: 0\r?\ntopic_id: (\S{22})\s*$/.exec(utf8Decode(bytes));
  if (match === null) throw new StorageError('corrupt', path, `not a partition metadata file of version 0: ${path}`);
  return match[1] ?? null;
}
