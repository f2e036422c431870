/**
 * Upper bounds of every table that clients can fill (architecture idea 12), for one partition of `__consumer_offsets`.
 *
 * Reaching one is answered with a Kafka error and an event `limit-reached`; nothing is dropped silently.
 */

/** Groups in one shard. Beyond it a new group is refused with POLICY_VIOLATION. */
export const maxGroups = 100_000;
/** Members in one group, on top of `group.max.size`: GROUP_MAX_SIZE_REACHED. */
export const maxMembersPerGroup = 10_000;
/** Member ids given out with MEMBER_ID_REQUIRED whose owners have not come back yet: GROUP_MAX_SIZE_REACHED. */
export const maxPendingMembersPerGroup = 10_000;
/** Committed offsets of one group: INVALID_COMMIT_OFFSET_SIZE for the partitions beyond it. */
export const maxOffsetsPerGroup = 200_000;
/** Appends without a result yet: COORDINATOR_LOAD_IN_PROGRESS, which every client repeats. */
export const maxPendingAppends = 20_000;
/** Tombstones that one round of offset expiry writes; the rest follows in the next round. */
export const maxExpiredPerRound = 10_000;
/** Records in one append that the shard makes by itself (expiry, deleted topics), to keep batches far below the size limit. */
export const maxRecordsPerAppend = 500;

/** Characters of a client id or instance id that a member id begins with; a longer name is cut. */
export const maxMemberIdPrefix = 1_000;

/** How long a JoinGroup of a new member may stay parked before the member counts as gone (Kafka's 5 minutes), in ms. */
export const newMemberJoinTimeoutMs = 300_000;
/**
 * The shortest pause between two looks at whether static members have joined, in ms. Clients choose the rebalance timeout, and
 * one of 0 would have the coordinator look again and again without time going on.
 */
export const minRejoinWaitMs = 1_000;
/** The broker calls `tick` at least this often, in ms. */
export const maxTickIntervalMs = 500;
/** A tick that comes later than this past its time, in ms, counts as a stall of the broker and postpones all deadlines. */
export const stallThresholdMs = 250;
