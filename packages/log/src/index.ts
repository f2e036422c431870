/**
 * The partition log on disk, in Kafka's directory and file formats.
 */
export { readOffsetCheckpoint, type OffsetCheckpoint } from './checkpoint-file.ts';
export { systemProcesses, type ProcessIdentity, type Processes } from './directory-lock.ts';
export {
  makeDirectoryDurable,
  readSmallFile,
  StorageError,
  writeFully,
  type DiskSpace,
  type FileHandle,
  type FileStat,
  type Fs,
  type OpenMode,
  type StorageErrorKind,
} from './fs.ts';
export { UnexpectedOffsetError } from './log-append.ts';
export { defaultLogConfig, type LogConfig } from './log-config.ts';
export type { LogDirectory } from './log-directory.ts';
export { defaultMaxParallelSyncs, LogFlusher, type Flushable, type LogFlusherOptions } from './log-flusher.ts';
export {
  LogManager,
  TopicIdMismatchError,
  type LogManagerOptions,
  type PartitionKey,
  type UnreadablePartition,
} from './log-manager.ts';
export type {
  AbortedTransaction,
  ActiveProducer,
  AppendOrigin,
  AppendResult,
  EpochEndOffset,
  LeaderAppendOptions,
  ReadOptions,
  ReadResult,
  RecoveryReport,
  TimestampOffset,
} from './log-types.ts';
export { MemoryFs, type CrashMode, type DiskOperation, type MemoryFsOptions } from './memory-fs.ts';
export { readMetaProperties, type MetaProperties } from './meta-properties.ts';
export { NodeFs } from './node-fs.ts';
export { defaultOpenSegmentsLimits, OpenSegments, type OpenSegmentsLimits } from './open-segments.ts';
export { PartitionLog, type PartitionLogOptions } from './partition-log.ts';
export { TailCacheBudget } from './tail-cache.ts';
