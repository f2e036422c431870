/**
 * LeaveGroup v0–5: one member (v0–2) or several (v3+, an administrator may remove static members) leave a classic group.
 *
 * Here only the way to the coordinator is found; everything else is the shard's (`@jackdaw/coordinator`).
 */
import { ApiKey, leaveGroupRequest, leaveGroupResponse, type LeaveGroupResponseDraft } from '@jackdaw/protocol';
import { coordinatorContext, managedShardOf } from './group-requests.ts';
import { defineHandler } from './handler.ts';

export const leaveGroupHandler = defineHandler({
  apiKey: ApiKey.LeaveGroup,
  request: leaveGroupRequest,
  response: leaveGroupResponse,
  handle: (broker, request, context) => {
    const shard = managedShardOf(broker, request.groupId);
    if (typeof shard === 'number') return { errorCode: shard };
    return new Promise<LeaveGroupResponseDraft>((resolve) => {
      shard.leaveGroup(request, coordinatorContext(broker, context), resolve);
    });
  },
  refuse: (_request, { errorCode }) => ({ errorCode }),
});
