/**
 * Tombstones for offsets and groups: asked for (OffsetDelete, DeleteGroups), of deleted topics, or out of retention.
 *
 * A group that is being deleted is Dead from the moment its tombstones are submitted, so that nobody joins it or commits to
 * it behind them; members are sent to look for the coordinator again, and find no group once the tombstones are committed.
 */
import { ErrorCode, zeroUuid } from '@jackdaw/protocol';
import { coordinatorErrorOf } from '../append-error.ts';
import type { ClassicGroup } from '../classic/group.ts';
import { maxExpiredPerRound, maxRecordsPerAppend } from '../limits.ts';
import type { DeletableGroupResult, OffsetDeleteRequest, OffsetDeleteResponse } from '../messages.ts';
import { groupTombstone, offsetCommitRecord } from '../records.ts';
import { type Call, createGroup, dropGroup, type ShardState } from '../shard-state.ts';
import type { DeletedTopic } from '../types.ts';
import type { CommittedOffset, OffsetKey } from './offset-store.ts';

/** What to remove. */
interface Removal {
  readonly offsets: readonly OffsetKey[];
  readonly groups: readonly ClassicGroup[];
}

/** Appends in pieces, the groups with the last of them. `onDone` gets 0 or the first error, for clients. */
function submitRemoval(state: ShardState, { offsets, groups }: Removal, onDone: (errorCode: number) => void): void {
  for (const group of groups) group.close(ErrorCode.COORDINATOR_NOT_AVAILABLE, state.wallMs);
  let error: number = ErrorCode.NONE;
  let from = 0;
  for (; offsets.length - from > maxRecordsPerAppend; from += maxRecordsPerAppend) {
    submitPiece(state, { offsets: offsets.slice(from, from + maxRecordsPerAppend), groups: [] }, (appendError) => {
      if (error === ErrorCode.NONE) error = appendError;
    });
  }
  submitPiece(state, { offsets: offsets.slice(from), groups }, (appendError) => {
    onDone(coordinatorErrorOf(error === ErrorCode.NONE ? appendError : error));
  });
}

function submitPiece(state: ShardState, { offsets, groups }: Removal, onDone: (appendError: number) => void): void {
  const tombstones = offsets.map((key) => offsetCommitRecord(key, null));
  // Whatever cannot be encoded is known before anything counts as being on its way.
  const records = [...tombstones, ...groups.map(({ groupId }) => groupTombstone(groupId))];
  for (const key of offsets) state.offsets.beginWrite(key, null);
  state.appends.submit({
    records,
    onCommitted: () => {
      for (const key of offsets) state.offsets.endWrite(key, null, { isCommitted: true });
      for (const group of groups) onGroupRemoved(state, group);
    },
    onRefused: () => {
      for (const key of offsets) state.offsets.endWrite(key, null, { isCommitted: false });
      for (const group of groups) group.transitionTo('Empty', state.wallMs);
    },
    onDone,
  });
}

function onGroupRemoved(state: ShardState, group: ClassicGroup): void {
  dropGroup(state, group, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  state.onEvent({ kind: 'group-removed', groupId: group.groupId });
  // An earlier piece was refused: what is left of the offsets needs a group, as it would get one when loaded.
  if (state.offsets.topicsOf(group.groupId) !== null) createGroup(state, group.groupId).isCommitted = true;
}

export type DeleteOffsetsCall = Call<OffsetDeleteRequest, OffsetDeleteResponse>;

export function offsetDelete(state: ShardState, { request, reply }: DeleteOffsetsCall): void {
  const group = state.groups.get(request.groupId);
  const error = validateOffsetDelete(request.groupId, group);
  if (error !== ErrorCode.NONE || group === undefined) {
    reply({ errorCode: error, throttleTimeMs: 0, topics: [] });
    return;
  }
  const response: OffsetDeleteResponse = { errorCode: ErrorCode.NONE, throttleTimeMs: 0, topics: [] };
  const offsets: OffsetKey[] = [];
  for (const { name, partitions } of request.topics) {
    const answers = partitions.map(({ partitionIndex }) => {
      const key = { groupId: request.groupId, topic: name, partition: partitionIndex };
      const errorCode = offsetDeleteError(state, group, key);
      if (errorCode === ErrorCode.NONE && hasOffset(state, key)) offsets.push(key);
      return { partitionIndex, errorCode };
    });
    response.topics.push({ name, partitions: answers });
  }
  if (offsets.length === 0) {
    reply(response);
    return;
  }
  submitRemoval(state, { offsets, groups: [] }, (appendError) => {
    if (appendError !== ErrorCode.NONE) {
      reply({ errorCode: appendError, throttleTimeMs: 0, topics: [] });
      return;
    }
    state.onEvent({ kind: 'offsets-deleted', groupId: request.groupId, count: offsets.length });
    reply(response);
  });
}

function validateOffsetDelete(groupId: string, group: ClassicGroup | undefined): number {
  if (groupId === '') return ErrorCode.INVALID_GROUP_ID;
  if (group === undefined || group.state === 'Dead') return ErrorCode.GROUP_ID_NOT_FOUND;
  // Only of consumer groups is it known which offsets their members do not need.
  return group.state === 'Empty' || group.usesConsumerProtocol() ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP;
}

function offsetDeleteError(state: ShardState, group: ClassicGroup, { topic, partition }: OffsetKey): number {
  if (!state.topics.hasPartition(topic, partition)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  return group.isSubscribedTo(topic) ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE;
}

function hasOffset(state: ShardState, key: OffsetKey): boolean {
  return (state.offsets.entry(key)?.latest ?? null) !== null;
}

export type DeleteGroupsCall = Call<readonly string[], DeletableGroupResult[]>;

export function deleteGroups(state: ShardState, { request: groupIds, reply }: DeleteGroupsCall): void {
  const offsets: OffsetKey[] = [];
  const groups: ClassicGroup[] = [];
  const results = [...new Set(groupIds)].map((groupId): DeletableGroupResult => {
    const group = state.groups.get(groupId);
    if (group === undefined || group.state === 'Dead') return { groupId, errorCode: ErrorCode.GROUP_ID_NOT_FOUND };
    if (group.state !== 'Empty') return { groupId, errorCode: ErrorCode.NON_EMPTY_GROUP };
    offsets.push(...offsetsOf(state, groupId).map(({ key }) => key));
    groups.push(group);
    return { groupId, errorCode: ErrorCode.NONE };
  });
  if (groups.length === 0) {
    reply(results);
    return;
  }
  submitRemoval(state, { offsets, groups }, (error) => {
    reply(error === ErrorCode.NONE ? results : results.map(({ groupId }) => ({ groupId, errorCode: error })));
  });
}

interface StoredOffset {
  readonly key: OffsetKey;
  readonly value: CommittedOffset;
}

/** The offsets that the group will have once all its pending writes are through. */
function offsetsOf(state: ShardState, groupId: string): StoredOffset[] {
  const all: StoredOffset[] = [];
  for (const [topic, partitions] of state.offsets.topicsOf(groupId) ?? []) {
    for (const [partition, { latest }] of partitions) {
      if (latest !== null) all.push({ key: { groupId, topic, partition }, value: latest });
    }
  }
  return all;
}

/** Offsets in topics that are gone, and not in a new topic of the same name. */
export function onTopicsDeleted(state: ShardState, topics: readonly DeletedTopic[]): void {
  const idByName = new Map(topics.map(({ name, topicId }) => [name, topicId]));
  const offsets: OffsetKey[] = [];
  for (const groupId of state.offsets.groupIds()) {
    for (const { key, value } of offsetsOf(state, groupId)) {
      const topicId = idByName.get(key.topic);
      if (topicId !== undefined && (value.topicId === zeroUuid || value.topicId === topicId)) offsets.push(key);
    }
  }
  if (offsets.length === 0) return;
  submitRemoval(state, { offsets, groups: [] }, () => {});
}

/** One round of expiry over all groups (KIP-211). An empty group without offsets goes, too. */
export function expireOffsets(state: ShardState): void {
  let count = 0;
  // A removal can put a group into the table anew: go by those of the beginning.
  const groups = Array.from(state.groups.values());
  for (const group of groups) {
    if (count >= maxExpiredPerRound) return;
    count += expireOffsetsOf(state, group);
  }
}

/** How many tombstones were submitted. */
function expireOffsetsOf(state: ShardState, group: ClassicGroup): number {
  if (group.state === 'Dead' || !group.isCommitted) return 0;
  const isExpired = expiryOf(state, group);
  const all = offsetsOf(state, group.groupId);
  const expired = all.filter(({ key, value }) => !group.isSubscribedTo(key.topic) && isExpired(value));
  // Somebody who was given a member id is on his way.
  const isUnused = group.state === 'Empty' && group.pendingMembers.size === 0 && expired.length === all.length;
  if (expired.length === 0 && !isUnused) return 0;
  const offsets = expired.map(({ key }) => key);
  submitRemoval(state, { offsets, groups: isUnused ? [group] : [] }, () => {});
  if (expired.length > 0) state.onEvent({ kind: 'offsets-expired', count: expired.length });
  return expired.length + 1;
}

/** Whether an offset of this group that no member subscribes to is out of retention. */
function expiryOf(state: ShardState, group: ClassicGroup): (value: CommittedOffset) => boolean {
  const baseOf = expiryBaseOf(group);
  if (baseOf === null) return () => false;
  return (value) => {
    if (value.expireTimestampMs !== -1) return state.trustedWallMs >= value.expireTimestampMs;
    return state.trustedWallMs - baseOf(value) >= state.config.offsetsRetentionMs;
  };
}

/** From when on the retention counts; null while nothing may expire. */
function expiryBaseOf(group: ClassicGroup): ((value: CommittedOffset) => number) | null {
  if (group.protocolType === null) return ({ commitTimestampMs }) => commitTimestampMs;
  if (group.state === 'Empty') return ({ commitTimestampMs }) => group.stateTimestampMs ?? commitTimestampMs;
  const isKnown = group.state === 'Stable' && group.usesConsumerProtocol() && group.subscribedTopics !== null;
  return isKnown ? ({ commitTimestampMs }) => commitTimestampMs : null;
}
