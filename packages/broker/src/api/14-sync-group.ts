/**
 * SyncGroup v0–5: the leader of a classic group hands out the assignment, every member waits for its own part.
 *
 * From v5 on a member must say which protocol it takes the group to have: without it INCONSISTENT_GROUP_PROTOCOL, before
 * anything else, as in Kafka. Everything else is the shard's (`@jackdaw/coordinator`).
 */
import { ApiKey, ErrorCode, syncGroupRequest, syncGroupResponse, type SyncGroupResponseDraft } from '@jackdaw/protocol';
import { coordinatorContext, managedShardOf } from './group-requests.ts';
import { defineHandler } from './handler.ts';

const protocolVersion = 5;

export const syncGroupHandler = defineHandler({
  apiKey: ApiKey.SyncGroup,
  request: syncGroupRequest,
  response: syncGroupResponse,
  handle: (broker, request, context) => {
    const isProtocolMissing = request.protocolType === null || request.protocolName === null;
    if (context.version >= protocolVersion && isProtocolMissing) return syncGroupError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    const shard = managedShardOf(broker, request.groupId);
    if (typeof shard === 'number') return syncGroupError(shard);
    return new Promise<SyncGroupResponseDraft>((resolve) => {
      shard.syncGroup(request, coordinatorContext(broker, context), resolve);
    });
  },
  refuse: (_request, { errorCode }) => syncGroupError(errorCode),
});

function syncGroupError(errorCode: number): SyncGroupResponseDraft {
  return { errorCode, assignment: new Uint8Array(0) };
}
