/**
 * JoinGroup (api key 11): enter a classic group and its rebalance. Versions 0-9, flexible from 6.
 *
 * 1 separates rebalance and session timeouts. From 4 on a new member is first told its id and asks again (KIP-394). 5 adds
 * static members (KIP-345), 7 answers the protocol type (KIP-559), 8 gives a reason (KIP-800), 9 can tell the leader to skip
 * the assignment (KIP-814).
 */
import type { Body, Draft } from '../schema.ts';
import { array, boolean, bytes, int16, int32, message, nullable, since, string, withDefault } from '../schema.ts';

export const joinGroupRequest = message(
  { name: 'JoinGroupRequest', key: 11, versions: [0, 9], flexibleFrom: 6 },
  {
    groupId: string,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: since(1, int32, -1),
    /** Empty until the coordinator has given one. */
    memberId: string,
    groupInstanceId: since(5, nullable(string), null),
    protocolType: string,
    protocols: array({
      name: string,
      metadata: bytes,
    }),
    reason: since(8, nullable(string), null),
  },
);
export type JoinGroupRequest = Body<typeof joinGroupRequest>;
export type JoinGroupRequestDraft = Draft<typeof joinGroupRequest>;

export const joinGroupResponse = message(
  { name: 'JoinGroupResponse', key: 11, versions: [0, 9], flexibleFrom: 6 },
  {
    throttleTimeMs: since(2, int32),
    errorCode: int16,
    generationId: withDefault(int32, -1),
    protocolType: since(7, nullable(string), null),
    protocolName: nullable(string, 7),
    leader: string,
    skipAssignment: since(9, boolean, false),
    memberId: string,
    members: array({
      memberId: string,
      groupInstanceId: since(5, nullable(string), null),
      metadata: bytes,
    }),
  },
);
export type JoinGroupResponse = Body<typeof joinGroupResponse>;
export type JoinGroupResponseDraft = Draft<typeof joinGroupResponse>;
