/**
 * From records to state, and back: loading a partition of `__consumer_offsets`, and writing it anew.
 *
 * A group with members is loaded as Stable, with their assignments, so that members notice a move of the coordinator by
 * nothing but a request that had to be repeated (D3, D8).
 */
import { sometimes } from '@jackdaw/base';
import type { GroupMetadataValue } from '@jackdaw/protocol';
import { ClassicGroup } from './classic/group.ts';
import { newMember } from './classic/joining.ts';
import { prepareRebalance, restartSession } from './classic/rebalance.ts';
import { maxMembersPerGroup } from './limits.ts';
import { decodeRecord, offsetCommitRecord } from './records.ts';
import { createGroup, type ShardState } from './shard-state.ts';
import type { CoordinatorRecord } from './types.ts';

/** Takes one record in log order. Bytes are copied where they are kept, so that the log's buffer can go. */
export function replayRecord(state: ShardState, { key, value }: CoordinatorRecord): void {
  const record = decodeRecord(key, value === null ? null : value.slice());
  switch (record.kind) {
    case 'offset':
      if (record.value !== null && !state.groups.has(record.key.groupId)) loadSimpleGroup(state, record.key.groupId);
      state.offsets.load(record.key, record.value);
      return;
    case 'group':
      if (record.value === null) state.groups.delete(record.groupId);
      else
        loadGroup(state, {
          groupId: record.groupId,
          value: record.value,
          record: { key: key.slice(), value: value?.slice() ?? null },
        });
      return;
    case 'unknown':
      state.onEvent({ kind: 'record-skipped', recordType: record.recordType });
  }
}

/** Offsets without a group: somebody commits without being a member. */
function loadSimpleGroup(state: ShardState, groupId: string): void {
  createGroup(state, groupId).isCommitted = true;
}

interface LoadedGroup {
  readonly groupId: string;
  readonly value: GroupMetadataValue;
  readonly record: CoordinatorRecord;
}

function loadGroup(state: ShardState, { groupId, value, record }: LoadedGroup): void {
  const wallMs = value.currentStateTimestamp === -1 ? null : value.currentStateTimestamp;
  const group = new ClassicGroup({ groupId, wallMs, deadlines: state.deadlines });
  state.groups.set(groupId, group);
  for (const member of value.members) {
    const { memberId, groupInstanceId, clientId, clientHost, sessionTimeout, rebalanceTimeout, subscription } = member;
    const joining = {
      rebalanceTimeoutMs: rebalanceTimeout === -1 ? sessionTimeout : rebalanceTimeout,
      sessionTimeoutMs: sessionTimeout,
      protocolType: value.protocolType,
      // The others that it may support come with its next JoinGroup.
      protocols: [{ name: value.protocol ?? '', metadata: subscription }],
    };
    const loaded = newMember(state, group, { identity: { memberId, groupInstanceId, clientId, clientHost }, joining });
    group.add({ ...loaded, assignment: member.assignment });
  }
  group.onLoaded({
    generationId: value.generation,
    protocolType: value.protocolType === '' ? null : value.protocolType,
    protocolName: value.protocol,
    leaderId: value.leader,
    record,
  });
}

/** The log is read to its end: members have a whole session to show up. */
export function onGroupsLoaded(state: ShardState): void {
  const limit = Math.min(state.config.maxSize, maxMembersPerGroup);
  for (const group of state.groups.values()) {
    if (group.members.size > 0) sometimes('groups: group with members loaded');
    for (const member of group.members.values()) restartSession(member);
    // The limit was reduced: a rebalance turns the last ones away.
    if (group.members.size > limit) prepareRebalance(state, group, `${group.members.size} members are more than ${limit}`);
  }
}

/**
 * Records that say everything: the groups as last written, whatever rebalance is under way, and all offsets. They hold once
 * everything submitted before them is committed, which it is when they are.
 */
export function snapshotRecords(state: ShardState): CoordinatorRecord[] {
  const records: CoordinatorRecord[] = [];
  for (const group of state.groups.values()) {
    if (group.state !== 'Dead' && group.latestRecord !== null) records.push(group.latestRecord);
  }
  for (const groupId of state.offsets.groupIds()) {
    for (const [topic, partitions] of state.offsets.topicsOf(groupId) ?? []) {
      for (const [partition, { latest }] of partitions) {
        if (latest !== null) records.push(offsetCommitRecord({ groupId, topic, partition }, latest));
      }
    }
  }
  return records;
}
