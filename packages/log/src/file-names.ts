/**
 * Names of files and directories inside a log directory, exactly Kafka's (LogFileUtils, LocalLog).
 *
 * A segment's files share its base offset in 20 digits; a partition's directory is `<topic>-<partition>`, with
 * `.<unique>-delete` behind it while it waits to be removed and `.<unique>-stray` when nobody knows it any more.
 */

import type { Offset } from '@jackdaw/base';

export const logSuffix = '.log';
export const offsetIndexSuffix = '.index';
export const timeIndexSuffix = '.timeindex';
export const transactionIndexSuffix = '.txnindex';
export const snapshotSuffix = '.snapshot';
/** Waits to be removed after `file.delete.delay.ms`. */
export const deletedSuffix = '.deleted';
/** Left behind by a cleaner that did not finish. */
export const cleanedSuffix = '.cleaned';
/** A finished cleaning that was about to replace its originals. */
export const swapSuffix = '.swap';

export const partitionMetadataFile = 'partition.metadata';
export const leaderEpochFile = 'leader-epoch-checkpoint';
export const recoveryPointFile = 'recovery-point-offset-checkpoint';
export const logStartOffsetFile = 'log-start-offset-checkpoint';
export const highWatermarkFile = 'replication-offset-checkpoint';
export const cleanShutdownFile = '.kafka_cleanshutdown';
export const metaPropertiesFile = 'meta.properties';
export const lockFile = '.lock';
/** The directory failed while it was in use: what its files seem to hold may not be on the disk. */
export const failureNoteFile = '.jackdaw-failed';

/** Every suffix that a segment's files can have, the log itself last so that it is renamed or removed last. */
export const segmentSuffixes = [offsetIndexSuffix, timeIndexSuffix, transactionIndexSuffix, logSuffix];

const maxNameLength = 255;
const maxPartition = 0x7fff_ffff;
const deleteDirectorySuffix = '-delete';
const strayDirectorySuffix = '-stray';
const futureDirectorySuffix = '-future';

export function segmentFileName(baseOffset: Offset, suffix: string): string {
  return String(baseOffset).padStart(20, '0') + suffix;
}

/** The base offset in a file name with one of the known suffixes, or null. */
export function offsetOfFileName(name: string, suffix: string): Offset | null {
  if (!name.endsWith(suffix)) return null;
  const digits = name.slice(0, -suffix.length);
  if (!/^\d{20}$/.test(digits)) return null;
  const offset = Number(digits);
  return Number.isSafeInteger(offset) ? offset : null;
}

export type PartitionDirectoryKind = 'live' | 'deleted' | 'stray' | 'future';

export interface PartitionDirectoryName {
  topicName: string;
  partition: number;
  kind: PartitionDirectoryKind;
}

/** What a directory's name says, or null when it is no partition's. */
export function parsePartitionDirectory(name: string): PartitionDirectoryName | null {
  const kind = directoryKind(name);
  if (kind !== 'live' && !/^\S+-\S+\.\S+$/.test(name)) return null;
  const base = kind === 'live' ? name : name.slice(0, name.lastIndexOf('.'));
  // Only what a topic can be called: another's name, such as `copy of orders-0`, would break the lines of the checkpoints.
  const match = /^([\w.-]{1,249})-(0|[1-9]\d{0,9})$/.exec(base);
  const partition = Number(match?.[2]);
  if (match === null || partition > maxPartition) return null;
  return { topicName: match[1] ?? '', partition, kind };
}

function directoryKind(name: string): PartitionDirectoryKind {
  if (name.endsWith(deleteDirectorySuffix)) return 'deleted';
  if (name.endsWith(strayDirectorySuffix)) return 'stray';
  return name.endsWith(futureDirectorySuffix) ? 'future' : 'live';
}

export function partitionDirectoryName(topicName: string, partition: number): string {
  return `${topicName}-${partition}`;
}

/** The name under which a directory waits to be deleted; the topic is cut so that the whole fits a file name. */
export function deletedDirectoryName(topicName: string, partition: number, uniqueId: string): string {
  return suffixedDirectoryName(topicName, `-${partition}.${uniqueId}${deleteDirectorySuffix}`);
}

/** The name under which a directory that no metadata knows is kept. */
export function strayDirectoryName(topicName: string, partition: number, uniqueId: string): string {
  return suffixedDirectoryName(topicName, `-${partition}.${uniqueId}${strayDirectorySuffix}`);
}

function suffixedDirectoryName(topicName: string, suffix: string): string {
  return topicName.slice(0, maxNameLength - suffix.length) + suffix;
}
