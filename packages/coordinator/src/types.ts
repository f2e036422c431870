/**
 * What a group coordinator is given and what it gives back: configuration, request context, the ports to the log, to the
 * cluster's metadata and to the metrics.
 *
 * One `GroupShard` stands for one partition of `__consumer_offsets` that this broker leads. It holds no timers, sockets or
 * files: the broker calls it, hands it the time, and carries out the appends that it asks for.
 */

/** Group settings, under the names of Kafka's configuration in lower camel case; times in milliseconds. */
export interface GroupConfig {
  /** `group.min.session.timeout.ms` */
  readonly minSessionTimeoutMs: number;
  /** `group.max.session.timeout.ms` */
  readonly maxSessionTimeoutMs: number;
  /** `group.initial.rebalance.delay.ms` */
  readonly initialRebalanceDelayMs: number;
  /** `group.max.size`: members in one group. */
  readonly maxSize: number;
  /** `offset.metadata.max.bytes`: measured in UTF-16 units, as Kafka does. */
  readonly offsetMetadataMaxBytes: number;
  /** `offsets.retention.minutes`, here in milliseconds. */
  readonly offsetsRetentionMs: number;
  /** `offsets.retention.check.interval.ms` */
  readonly offsetsRetentionCheckIntervalMs: number;
  /** `offsets.commit.timeout.ms`: how long a reply waits for its append to be committed. */
  readonly commitTimeoutMs: number;
}

/** Kafka 4.3's defaults. */
export const defaultGroupConfig: GroupConfig = {
  minSessionTimeoutMs: 6_000,
  maxSessionTimeoutMs: 1_800_000,
  initialRebalanceDelayMs: 3_000,
  maxSize: 0x7fff_ffff,
  offsetMetadataMaxBytes: 4_096,
  offsetsRetentionMs: 7 * 24 * 3_600_000,
  offsetsRetentionCheckIntervalMs: 600_000,
  commitTimeoutMs: 5_000,
};

/** The moment of a call. */
export interface Now {
  /** Monotonic: sessions and timeouts (B19). */
  readonly nowMs: number;
  /** Since the Unix epoch: only for timestamps in records. */
  readonly wallMs: number;
  /** The same by a clock that follows no jump ahead: what the retention of offsets goes by (B19). */
  readonly trustedWallMs: number;
}

/** Who asks, when and in which version. */
export interface RequestContext extends Now {
  /** '' when the client gave none. */
  readonly clientId: string;
  /** As Kafka's tools show it: '/' and the address, such as '/127.0.0.1'. */
  readonly clientHost: string;
  readonly apiVersion: number;
}

/** A record of `__consumer_offsets` in Kafka's own encoding; a null value is a tombstone. */
export interface CoordinatorRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

/**
 * Appends the records as one batch and later calls `onResult` exactly once, now or later: 0 when the batch is committed
 * (below the high watermark, durable on min.insync.replicas), else the Kafka error code with which it failed. A failure
 * must be definite (refused, or this broker lost the partition): waiting too long is not one, the shard itself stops
 * keeping a client waiting after `commitTimeoutMs`. Results are taken in the order of the appends.
 */
export type Append = (records: readonly CoordinatorRecord[], onResult: (errorCode: number) => void) => void;

/** What the coordinator must know of the cluster's topics. */
export interface TopicResolver {
  /** The id of a topic that exists, else null. */
  topicIdOf(name: string): string | null;
  /** The name of a topic that exists, else null. */
  topicNameOf(topicId: string): string | null;
  hasPartition(name: string, partition: number): boolean;
}

/** What happened, for log lines and metrics. */
export type GroupEvent =
  | { readonly kind: 'rebalance-started'; readonly groupId: string; readonly generationId: number; readonly reason: string }
  | { readonly kind: 'generation-formed'; readonly groupId: string; readonly generationId: number; readonly members: number }
  | { readonly kind: 'group-stable'; readonly groupId: string; readonly generationId: number; readonly members: number }
  | { readonly kind: 'group-empty'; readonly groupId: string; readonly generationId: number }
  | { readonly kind: 'group-removed'; readonly groupId: string }
  | { readonly kind: 'member-expired'; readonly groupId: string; readonly memberId: string; readonly reason: string }
  | { readonly kind: 'member-left'; readonly groupId: string; readonly memberId: string; readonly reason: string }
  | { readonly kind: 'member-fenced'; readonly groupId: string; readonly memberId: string; readonly groupInstanceId: string }
  | { readonly kind: 'offsets-committed'; readonly groupId: string; readonly count: number }
  | { readonly kind: 'offsets-expired'; readonly count: number }
  | { readonly kind: 'offsets-deleted'; readonly groupId: string; readonly count: number }
  | { readonly kind: 'append-failed'; readonly groupId: string; readonly errorCode: number }
  | { readonly kind: 'record-skipped'; readonly recordType: number }
  | { readonly kind: 'clock-stalled'; readonly latenessMs: number }
  | { readonly kind: 'limit-reached'; readonly limit: string; readonly groupId: string };

export interface GroupShardOptions {
  readonly config: GroupConfig;
  /** A fresh random UUID in the usual text form; it ends a member id. */
  readonly newUuid: () => string;
  readonly append: Append;
  readonly topics: TopicResolver;
  readonly onEvent: (event: GroupEvent) => void;
}

export interface DeletedTopic {
  readonly name: string;
  readonly topicId: string;
}

/** A group as others may look at it. */
export interface GroupView {
  readonly groupId: string;
  /** Empty, PreparingRebalance, CompletingRebalance, Stable or Dead. */
  readonly state: string;
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly members: ReadonlyMap<string, GroupMemberView>;
}

export interface GroupMemberView {
  readonly memberId: string;
  /** Not null for a static member. */
  readonly groupInstanceId: string | null;
  readonly assignment: Uint8Array;
  readonly sessionTimeoutMs: number;
  /** When its session ends, on the shard's clock; Infinity while nothing would end it. */
  readonly session: { readonly atMs: number };
  /** Its first generation has not been formed. */
  readonly isNew: boolean;
}

/** One committed offset of one group. */
export interface GroupOffset {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** For gauges. */
export interface GroupCounts {
  readonly groups: number;
  readonly groupsByState: ReadonlyMap<string, number>;
  readonly members: number;
  readonly offsets: number;
  readonly pendingAppends: number;
}
