export { StorageError, type FileHandle, type FileStat, type Fs, type OpenMode, type StorageErrorKind } from './fs.ts';
export { defaultLogConfig, type LogConfig } from './log-config.ts';
export type { LogManager, PartitionKey } from './log-manager.ts';
export type {
  AbortedTransaction,
  ActiveProducer,
  AppendOrigin,
  AppendResult,
  BatchOpener,
  EpochEndOffset,
  LeaderAppendOptions,
  ReadOptions,
  ReadResult,
  RecordTimestamp,
  RecoveryReport,
  TimestampOffset,
} from './log-types.ts';
export type { PartitionLog } from './partition-log.ts';
