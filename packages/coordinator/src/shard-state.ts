/**
 * The state that the operations of one shard share, and the few things they all do with it.
 *
 * An operation is a function of this state and a request. It may read anything here; what must survive the broker it changes
 * by submitting records to `appends`, and what a client may see of such a change waits for their commit.
 */
import type { AppendQueue } from './append-queue.ts';
import { ClassicGroup } from './classic/group.ts';
import type { Deadlines } from './deadlines.ts';
import { maxGroups } from './limits.ts';
import type { OffsetStore } from './offsets/offset-store.ts';
import type { Reply } from './shard-api.ts';
import type { GroupConfig, GroupEvent, RequestContext, TopicResolver } from './types.ts';

export interface ShardState {
  readonly config: GroupConfig;
  readonly newUuid: () => string;
  readonly topics: TopicResolver;
  readonly onEvent: (event: GroupEvent) => void;
  readonly groups: Map<string, ClassicGroup>;
  readonly offsets: OffsetStore;
  readonly deadlines: Deadlines;
  readonly appends: AppendQueue;
  /** Wall clock of the call in progress. */
  wallMs: number;
  trustedWallMs: number;
}

/** One request on its way through the shard. */
export interface Call<Request, Response> {
  readonly request: Request;
  readonly context: RequestContext;
  readonly reply: Reply<Response>;
}

/** A new, empty group in the table. The caller sees to the record that makes it last. */
export function createGroup(state: ShardState, groupId: string): ClassicGroup {
  const group = new ClassicGroup({ groupId, wallMs: state.wallMs, deadlines: state.deadlines });
  state.groups.set(groupId, group);
  return group;
}

export function hasRoomForGroup(state: ShardState, groupId: string): boolean {
  if (state.groups.size < maxGroups) return true;
  state.onEvent({ kind: 'limit-reached', limit: 'maxGroups', groupId });
  return false;
}

/** Takes a group out of the table for good; whoever waits for it gets the error. */
export function dropGroup(state: ShardState, group: ClassicGroup, errorCode: number): void {
  group.close(errorCode, state.wallMs);
  if (state.groups.get(group.groupId) === group) state.groups.delete(group.groupId);
}
