/**
 * The group coordinator for one partition of `__consumer_offsets`: the door to the operations, one file each.
 *
 * It goes from loading (replay, replay, … onLoaded) to active to resigned, once. While loading it answers
 * COORDINATOR_LOAD_IN_PROGRESS, afterwards NOT_COORDINATOR; a partition that comes back gets a new shard.
 */
import { assert, sometimes } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import { AppendQueue } from './append-queue.ts';
import { describeError, describeGroup, listGroups } from './classic/describe-groups.ts';
import { heartbeat } from './classic/heartbeat.ts';
import { joinGroup } from './classic/join-group.ts';
import { leaveGroup } from './classic/leave-group.ts';
import { syncGroup } from './classic/sync-group.ts';
import { type Deadline, Deadlines } from './deadlines.ts';
import { onGroupsLoaded, replayRecord, snapshotRecords } from './loading.ts';
import type * as messages from './messages.ts';
import { offsetCommit } from './offsets/offset-commit.ts';
import { offsetFetch } from './offsets/offset-fetch.ts';
import { OffsetStore } from './offsets/offset-store.ts';
import { deleteGroups, expireOffsets, offsetDelete, onTopicsDeleted } from './offsets/remove-offsets.ts';
import { joinGroupError, leaveGroupError, offsetFetchError, syncGroupError } from './responses.ts';
import type { GroupShardApi, Reply } from './shard-api.ts';
import type { ShardState } from './shard-state.ts';
import type {
  CoordinatorRecord,
  DeletedTopic,
  GroupCounts,
  GroupOffset,
  GroupShardOptions,
  GroupView,
  Now,
  RequestContext,
} from './types.ts';

type Phase = 'loading' | 'active' | 'resigned';

export class GroupShard implements GroupShardApi {
  readonly #state: ShardState;
  readonly #expiry: Deadline;
  #phase: Phase = 'loading';

  constructor({ config, newUuid, append, topics, onEvent }: GroupShardOptions) {
    const deadlines = new Deadlines();
    const appends = new AppendQueue({ append, deadlines, timeoutMs: config.commitTimeoutMs });
    const groups: ShardState['groups'] = new Map();
    const offsets = new OffsetStore();
    this.#state = { config, newUuid, topics, onEvent, groups, offsets, deadlines, appends, wallMs: 0, trustedWallMs: 0 };
    this.#expiry = deadlines.create(() => {
      expireOffsets(this.#state);
      this.#expiry.arm(config.offsetsRetentionCheckIntervalMs);
    });
  }

  joinGroup(request: messages.JoinGroupRequest, context: RequestContext, reply: Reply<messages.JoinGroupResponse>): void {
    const error = this.#enter(context);
    if (error === ErrorCode.NONE) joinGroup(this.#state, { request, context, reply });
    else reply({ ...joinGroupError(error), protocolName: context.apiVersion >= 7 ? null : '' });
  }

  syncGroup(request: messages.SyncGroupRequest, context: RequestContext, reply: Reply<messages.SyncGroupResponse>): void {
    const error = this.#enter(context);
    if (error === ErrorCode.NONE) syncGroup(this.#state, { request, context, reply });
    else reply(syncGroupError(error));
  }

  heartbeat(request: messages.HeartbeatRequest, context: RequestContext, reply: Reply<messages.HeartbeatResponse>): void {
    const error = this.#enter(context);
    // While loading, nothing is known against the member (as in Kafka).
    const isLoading = error === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS && request.groupId !== '';
    const errorCode = error === ErrorCode.NONE ? heartbeat(this.#state, request) : isLoading ? ErrorCode.NONE : error;
    reply({ throttleTimeMs: 0, errorCode });
  }

  leaveGroup(request: messages.LeaveGroupRequest, context: RequestContext, reply: Reply<messages.LeaveGroupResponse>): void {
    const error = this.#enter(context);
    if (error === ErrorCode.NONE) leaveGroup(this.#state, { request, context, reply });
    else reply(leaveGroupError(error));
  }

  offsetCommit(
    request: messages.OffsetCommitRequest,
    context: RequestContext,
    reply: Reply<messages.OffsetCommitResponse>,
  ): void {
    const error = this.#enter(context);
    offsetCommit(this.#state, { request, context, reply }, error);
  }

  offsetFetch(
    request: messages.OffsetFetchOfGroup,
    context: RequestContext,
    reply: Reply<messages.OffsetFetchResponseGroup>,
  ): void {
    const error = this.#enter(context);
    if (error === ErrorCode.NONE) offsetFetch(this.#state, { request, context, reply });
    else reply(offsetFetchError(request.group, error, context.apiVersion));
  }

  offsetDelete(
    request: messages.OffsetDeleteRequest,
    context: RequestContext,
    reply: Reply<messages.OffsetDeleteResponse>,
  ): void {
    const errorCode = this.#enter(context);
    if (errorCode === ErrorCode.NONE) offsetDelete(this.#state, { request, context, reply });
    else reply({ errorCode, throttleTimeMs: 0, topics: [] });
  }

  describeGroups(groupIds: readonly string[], context: RequestContext): messages.DescribedGroup[] {
    const error = this.#enter(context);
    return groupIds.map((groupId) =>
      error === ErrorCode.NONE ? describeGroup(this.#state, groupId, context.apiVersion) : describeError(groupId, error),
    );
  }

  listGroups(
    request: messages.ListGroupsRequest,
    context: RequestContext,
  ): { errorCode: number; groups: messages.ListedGroup[] } {
    const error = this.#enter(context);
    // A partition that has moved away is another broker's to list.
    if (error === ErrorCode.NOT_COORDINATOR) return { errorCode: ErrorCode.NONE, groups: [] };
    return { errorCode: error, groups: error === ErrorCode.NONE ? listGroups(this.#state, request) : [] };
  }

  deleteGroups(groupIds: readonly string[], context: RequestContext, reply: Reply<messages.DeletableGroupResult[]>): void {
    const errorCode = this.#enter(context);
    if (errorCode === ErrorCode.NONE) deleteGroups(this.#state, { request: groupIds, context, reply });
    else reply([...new Set(groupIds)].map((groupId) => ({ groupId, errorCode })));
  }

  onTopicsDeleted(topics: readonly DeletedTopic[], now: Now): void {
    if (this.#enter(now) === ErrorCode.NONE) onTopicsDeleted(this.#state, topics);
  }

  tick(now: Now): void {
    if (this.#enter(now) === ErrorCode.NONE) this.#state.deadlines.runDue();
  }

  passTime(now: Now): void {
    if (this.#phase === 'active') this.#enter(now);
  }

  nextDeadlineMs(): number {
    return this.#phase === 'active' ? this.#state.deadlines.nextMonotonicMs() : Number.POSITIVE_INFINITY;
  }

  replay(key: Uint8Array, value: Uint8Array | null): void {
    assert(this.#phase === 'loading', 'records are replayed before the shard is loaded');
    replayRecord(this.#state, { key, value });
  }

  onLoaded(now: Now): void {
    assert(this.#phase === 'loading', 'a shard is loaded once');
    this.#phase = 'active';
    this.#enter(now);
    onGroupsLoaded(this.#state);
    this.#expiry.arm(this.#state.config.offsetsRetentionCheckIntervalMs);
  }

  onResigned(): void {
    if (this.#phase === 'resigned') return;
    this.#phase = 'resigned';
    const { groups, appends, wallMs } = this.#state;
    for (const group of groups.values()) group.close(ErrorCode.NOT_COORDINATOR, wallMs);
    appends.close(ErrorCode.NOT_COORDINATOR);
  }

  snapshotRecords(): CoordinatorRecord[] {
    assert(this.#phase === 'active', 'a snapshot needs the whole state');
    return snapshotRecords(this.#state);
  }

  *committedOffsets(): Generator<GroupOffset> {
    if (this.#phase === 'active') yield* this.#state.offsets.committedOffsets();
  }

  /** False while it loads and once it has resigned. */
  get isActive(): boolean {
    return this.#phase === 'active';
  }

  /** The groups of an active shard, to be looked at. */
  groups(): Iterable<GroupView> {
    return this.#phase === 'active' ? this.#state.groups.values() : [];
  }

  counts(): GroupCounts {
    const groupsByState = new Map<string, number>();
    let members = 0;
    for (const group of this.#state.groups.values()) {
      groupsByState.set(group.state, (groupsByState.get(group.state) ?? 0) + 1);
      members += group.members.size;
    }
    const { groups, offsets, appends } = this.#state;
    return { groups: groups.size, groupsByState, members, offsets: offsets.committedCount, pendingAppends: appends.size };
  }

  /** Every call begins here: sets the time. Returns 0 when active, else the error to answer with. */
  #enter(now: Now): number {
    // Nothing can expire while the log is read, however long that takes.
    if (this.#phase === 'loading') sometimes('groups: request while the partition is loaded');
    if (this.#phase === 'loading') return ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
    this.#state.wallMs = now.wallMs;
    this.#state.trustedWallMs = now.trustedWallMs;
    const latenessMs = this.#state.deadlines.advanceTo(now.nowMs);
    if (latenessMs > 0) this.#state.onEvent({ kind: 'clock-stalled', latenessMs });
    return this.#phase === 'active' ? ErrorCode.NONE : ErrorCode.NOT_COORDINATOR;
  }
}
