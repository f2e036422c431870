/**
 * Heartbeat v0–4: a member of a classic group is alive; REBALANCE_IN_PROGRESS tells it to join again.
 *
 * Here only the way to the coordinator is found; everything else is the shard's (`@jackdaw/coordinator`).
 */
import { ApiKey, heartbeatRequest, heartbeatResponse, type HeartbeatResponseDraft } from '@jackdaw/protocol';
import { coordinatorContext, managedShardOf } from './group-requests.ts';
import { defineHandler } from './handler.ts';

export const heartbeatHandler = defineHandler({
  apiKey: ApiKey.Heartbeat,
  request: heartbeatRequest,
  response: heartbeatResponse,
  handle: (broker, request, context) => {
    const shard = managedShardOf(broker, request.groupId);
    if (typeof shard === 'number') return { errorCode: shard };
    return new Promise<HeartbeatResponseDraft>((resolve) => {
      shard.heartbeat(request, coordinatorContext(broker, context), resolve);
    });
  },
  refuse: (_request, { errorCode }) => ({ errorCode }),
});
