/**
 * A static member that comes back without its member id: the process was restarted (KIP-345).
 *
 * It takes over the place, and the assignment, of the member that held its instance id; whoever still uses the old member id
 * is fenced (D6). In a stable group whose protocol does not change, nobody else notices: the new id is written and the
 * member is told the generation that is running. From version 9 on, a leader may be told to skip assigning (KIP-814).
 */
import { expectDefined, sometimes } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import { writeGroup } from '../group-writes.ts';
import { groupMetadataRecord } from '../records.ts';
import type { ShardState } from '../shard-state.ts';
import type { ClassicGroup } from './group.ts';
import { currentGeneration, type JoinCall, newMember, reasonOf } from './joining.ts';
import type { ClassicMember } from './member.ts';
import { maybeCompleteJoin, prepareRebalance, rebalanceOrCompleteJoin, restartSession } from './rebalance.ts';

const skipAssignmentVersion = 9;

interface Replacement {
  readonly call: JoinCall;
  readonly oldMemberId: string;
  readonly newMemberId: string;
}

export function replaceStaticMember(state: ShardState, group: ClassicGroup, replacement: Replacement): void {
  const { call, oldMemberId, newMemberId } = replacement;
  const oldMember = expectDefined(group.members.get(oldMemberId), `static member ${oldMemberId} is a member`);
  const groupInstanceId = expectDefined(oldMember.groupInstanceId, 'a static member has an instance id');
  const oldLeader = group.leaderId;
  const member = successorOf(state, group, { member: oldMember, memberId: newMemberId });
  group.replaceStaticMember(oldMember, member);
  state.onEvent({ kind: 'member-fenced', groupId: group.groupId, memberId: oldMemberId, groupInstanceId });
  restartSession(member);
  group.updateMember(member, call.request);
  group.parkJoin(member, call.reply);
  if (group.state === 'CompletingRebalance') sometimes('groups: static member replaced while an assignment is awaited');
  else sometimes('groups: static member replaced');
  const reason = reasonOf(call.request, `static member ${groupInstanceId} came back as ${newMemberId}`);
  if (group.state === 'CompletingRebalance') {
    // The leader may be assigning to the old id at this moment: the new one would get nothing.
    prepareRebalance(state, group, reason);
  } else if (group.state !== 'Stable') {
    maybeCompleteJoin(state, group);
  } else if (group.selectProtocol() === group.protocolName) {
    writeReplacement(state, group, { ...replacement, member, oldMember, oldLeader });
  } else {
    rebalanceOrCompleteJoin(state, group, reason);
  }
}

/** The same member under another id, with its assignment; nothing of it waits. */
function successorOf(
  state: ShardState,
  group: ClassicGroup,
  { member, memberId }: { readonly member: ClassicMember; readonly memberId: string },
): ClassicMember {
  const { groupInstanceId, clientId, clientHost } = member;
  const identity = { memberId, groupInstanceId, clientId, clientHost };
  return { ...newMember(state, group, { identity, joining: member }), assignment: member.assignment };
}

interface WrittenReplacement extends Replacement {
  readonly member: ClassicMember;
  readonly oldMember: ClassicMember;
  readonly oldLeader: string | null;
}

function writeReplacement(state: ShardState, group: ClassicGroup, replacement: WrittenReplacement): void {
  const { call, member, oldLeader } = replacement;
  const assignments = new Map(Array.from(group.members.values(), (each) => [each.memberId, each.assignment] as const));
  const { generationId } = group;
  writeGroup(state, {
    group,
    record: groupMetadataRecord(group, assignments),
    onDone: (error) => {
      // Meanwhile another instance may have come, or the next generation been formed and this member been told of it.
      if (member.awaitingJoin === null || group.members.get(member.memberId) !== member) return;
      // A rebalance has begun, perhaps because others bring other protocols: the new id stays, and the answer is the next
      // generation's. To go back to the old member now could leave the group without a protocol that all know.
      if (group.state !== 'Stable' || group.generationId !== generationId) return;
      if (error === ErrorCode.NONE) sometimes('groups: static member came back without a rebalance');
      if (error !== ErrorCode.NONE) {
        revert(state, group, { ...replacement, error });
        return;
      }
      const isLeader = group.isLeader(member.memberId);
      const canSkip = call.context.apiVersion >= skipAssignmentVersion;
      const answer = currentGeneration(group, member.memberId, { withMembers: canSkip });
      // Before version 9, naming the old leader keeps the member from assigning, which would need a rebalance.
      const leader = canSkip ? answer.leader : (oldLeader ?? '');
      group.answerJoin(member, { ...answer, leader, skipAssignment: canSkip && isLeader });
      restartSession(member);
    },
  });
}

/** The new id could not be written: the old one holds the place again, and the client has to come back. */
function revert(state: ShardState, group: ClassicGroup, replacement: WrittenReplacement & { readonly error: number }): void {
  const { member, oldMember, oldLeader, error } = replacement;
  const answer = currentGeneration(group, '', { withMembers: false });
  group.answerJoin(member, { ...answer, leader: oldLeader ?? '', errorCode: error });
  const restored = successorOf(state, group, { member: oldMember, memberId: oldMember.memberId });
  group.replaceStaticMember(member, restored);
  restartSession(restored);
}
