/**
 * What can be chosen about consuming; the defaults are those of Kafka's Java consumer.
 */
import type { TopicPartition } from './records.ts';

/** Where to begin: an offset, an end of the log, or the first record at or after a time (ms since the Unix epoch). */
export type StartPosition = number | 'earliest' | 'latest' | { readonly timestamp: number };

export interface ConsumerOptions {
  readonly isolationLevel?: 'read_uncommitted' | 'read_committed';
  /** The broker waits this long for `minBytes`; default 500 ms. */
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  /** One response; default 50 MiB. */
  readonly maxBytes?: number;
  /** One partition in one response; default 1 MiB. */
  readonly maxPartitionBytes?: number;
  /** What to do at an offset that the log does not have (any more); default "latest" as in Kafka. */
  readonly autoOffsetReset?: 'earliest' | 'latest' | 'none';
  /** Most records that one `poll` returns; default 500. */
  readonly maxPollRecords?: number;
}

export interface Assignment extends TopicPartition {
  readonly start: StartPosition;
}

export interface GroupConsumerOptions extends ConsumerOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** In order of preference; default range, roundrobin. */
  readonly assignors?: readonly ('range' | 'roundrobin')[];
  /** Static membership (KIP-345). */
  readonly groupInstanceId?: string;
  readonly sessionTimeoutMs?: number;
  readonly rebalanceTimeoutMs?: number;
  readonly heartbeatIntervalMs?: number;
  /** Commit what `poll` returned, every `autoCommitIntervalMs` and on close; default true. */
  readonly autoCommit?: boolean;
  readonly autoCommitIntervalMs?: number;
  /** Called after a rebalance, before the first record of the new assignment. */
  readonly onAssigned?: (partitions: readonly TopicPartition[]) => void;
  /** Called before partitions are given up; what `poll` returned has been committed when `autoCommit` is set. */
  readonly onRevoked?: (partitions: readonly TopicPartition[]) => void;
}
