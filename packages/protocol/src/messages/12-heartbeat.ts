/**
 * Heartbeat (api key 12): a member of a classic group is alive. Versions 0-4, flexible from 4.
 *
 * 1 answers the throttle time, 3 adds static members (KIP-345). REBALANCE_IN_PROGRESS in the answer tells the member to join
 * again.
 */
import type { Body, Draft } from '../schema.ts';
import { int16, int32, message, nullable, since, string } from '../schema.ts';

export const heartbeatRequest = message(
  { name: 'HeartbeatRequest', key: 12, versions: [0, 4], flexibleFrom: 4 },
  {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(3, nullable(string), null),
  },
);
export type HeartbeatRequest = Body<typeof heartbeatRequest>;
export type HeartbeatRequestDraft = Draft<typeof heartbeatRequest>;

export const heartbeatResponse = message(
  { name: 'HeartbeatResponse', key: 12, versions: [0, 4], flexibleFrom: 4 },
  {
    throttleTimeMs: since(1, int32),
    errorCode: int16,
  },
);
export type HeartbeatResponse = Body<typeof heartbeatResponse>;
export type HeartbeatResponseDraft = Draft<typeof heartbeatResponse>;
