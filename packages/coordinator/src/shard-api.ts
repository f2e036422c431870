/**
 * The calls that a broker makes on a group coordinator: what `GroupShard` implements, as one page to read.
 *
 * A `reply` is called exactly once, during the call or later from another one (a result of an append, a tick, another
 * member's request, a resignation). Replies never throw back into the shard: the broker only queues them.
 */
import type {
  DeletableGroupResult,
  DescribedGroup,
  HeartbeatRequest,
  HeartbeatResponse,
  JoinGroupRequest,
  JoinGroupResponse,
  LeaveGroupRequest,
  LeaveGroupResponse,
  ListedGroup,
  ListGroupsRequest,
  OffsetCommitRequest,
  OffsetCommitResponse,
  OffsetDeleteRequest,
  OffsetDeleteResponse,
  OffsetFetchOfGroup,
  OffsetFetchResponseGroup,
  SyncGroupRequest,
  SyncGroupResponse,
} from './messages.ts';
import type { CoordinatorRecord, DeletedTopic, GroupCounts, GroupOffset, Now, RequestContext } from './types.ts';

export type Reply<Response> = (response: Response) => void;

export interface GroupShardApi {
  joinGroup(request: JoinGroupRequest, context: RequestContext, reply: Reply<JoinGroupResponse>): void;
  syncGroup(request: SyncGroupRequest, context: RequestContext, reply: Reply<SyncGroupResponse>): void;
  heartbeat(request: HeartbeatRequest, context: RequestContext, reply: Reply<HeartbeatResponse>): void;
  /** Versions 0–2, with one `memberId`, included. */
  leaveGroup(request: LeaveGroupRequest, context: RequestContext, reply: Reply<LeaveGroupResponse>): void;
  /** Topics come with a name, or from version 10 on with an id that is resolved here. */
  offsetCommit(request: OffsetCommitRequest, context: RequestContext, reply: Reply<OffsetCommitResponse>): void;
  /** One group; see `offsetFetchGroupsOf` and `offsetFetchResponseOf` for the request and response around it. */
  offsetFetch(request: OffsetFetchOfGroup, context: RequestContext, reply: Reply<OffsetFetchResponseGroup>): void;
  offsetDelete(request: OffsetDeleteRequest, context: RequestContext, reply: Reply<OffsetDeleteResponse>): void;
  /** The groups that `partitionFor` places here; committed state, answered at once. */
  describeGroups(groupIds: readonly string[], context: RequestContext): DescribedGroup[];
  /** Every group of this shard that passes the filters; none while the shard is loading or resigned. */
  listGroups(request: ListGroupsRequest, context: RequestContext): { errorCode: number; groups: ListedGroup[] };
  /** The groups that `partitionFor` places here. */
  deleteGroups(groupIds: readonly string[], context: RequestContext, reply: Reply<DeletableGroupResult[]>): void;

  /** Writes tombstones for every offset of these topics. */
  onTopicsDeleted(topics: readonly DeletedTopic[], now: Now): void;
  /** Expires sessions, rebalances and offsets. Call at `nextDeadlineMs` or a little later. */
  tick(now: Now): void;
  /**
   * The broker's clock has come so far. To be called before a result of an append is handed over: what that sets going, the
   * sessions of a new generation above all, begins now and not at the last call before.
   */
  passTime(now: Now): void;
  /** When to call `tick` next, on the monotonic clock: at most `maxTickIntervalMs` away when active, else Infinity. */
  nextDeadlineMs(): number;

  /** Takes one record of the log, in log order, before `onLoaded`. Types that Kafka's classic coordinator lacks are skipped. */
  replay(key: Uint8Array, value: Uint8Array | null): void;
  /** The log is read to its end: sessions of all known members start anew and requests are served from here on. */
  onLoaded(now: Now): void;
  /** This broker no longer leads the partition: all that waits is answered NOT_COORDINATOR, and so is all that follows. */
  onResigned(): void;

  /** The whole live state. Once these records are committed, the log before the first of them can go. */
  snapshotRecords(): CoordinatorRecord[];
  counts(): GroupCounts;
  /** Every committed offset, for metrics; none unless the shard is active. Take them in one go: a call may change them. */
  committedOffsets(): Iterable<GroupOffset>;
}
