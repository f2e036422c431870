/**
 * JoinGroup v0–9: a member enters a classic group; the answer comes when the rebalance is complete.
 *
 * Here only the way to the coordinator is found; everything else is the shard's (`@jackdaw/coordinator`). A broker that
 * does not lead the group's partition answers NOT_COORDINATOR.
 */
import { ApiKey, joinGroupRequest, joinGroupResponse, type JoinGroupResponseDraft } from '@jackdaw/protocol';
import { coordinatorContext, managedShardOf } from './group-requests.ts';
import { defineHandler } from './handler.ts';

/** From this version on "no protocol" is null, before it was ''. */
const nullProtocolVersion = 7;

export const joinGroupHandler = defineHandler({
  apiKey: ApiKey.JoinGroup,
  request: joinGroupRequest,
  response: joinGroupResponse,
  handle: (broker, request, context) => {
    const shard = managedShardOf(broker, request.groupId);
    if (typeof shard === 'number') return joinGroupError(shard, { memberId: request.memberId, version: context.version });
    return new Promise<JoinGroupResponseDraft>((resolve) => {
      shard.joinGroup(request, coordinatorContext(broker, context), resolve);
    });
  },
  refuse: (_request, { errorCode }, { version }) => joinGroupError(errorCode, { memberId: '', version }),
});

function joinGroupError(errorCode: number, { memberId, version }: { memberId: string; version: number }): JoinGroupResponseDraft {
  const protocolName = version >= nullProtocolVersion ? null : '';
  return { errorCode, protocolName, leader: '', memberId, members: [] };
}
