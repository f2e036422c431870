/**
 * LeaveGroup (api key 13): members leave a classic group. Versions 0-5, flexible from 4.
 *
 * 3 replaces the single member by a list, so that an administrator can remove static members; 5 adds a reason (KIP-800).
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, message, nullable, since, string, until, withDefault } from '../schema.ts';

export const leaveGroupRequest = message(
  { name: 'LeaveGroupRequest', key: 13, versions: [0, 5], flexibleFrom: 4 },
  {
    groupId: string,
    memberId: until(2, string),
    members: since(
      3,
      array({
        memberId: string,
        groupInstanceId: withDefault(nullable(string), null),
        reason: since(5, nullable(string), null),
      }),
    ),
  },
);
export type LeaveGroupRequest = Body<typeof leaveGroupRequest>;
export type LeaveGroupRequestDraft = Draft<typeof leaveGroupRequest>;

export const leaveGroupResponse = message(
  { name: 'LeaveGroupResponse', key: 13, versions: [0, 5], flexibleFrom: 4 },
  {
    throttleTimeMs: since(1, int32),
    errorCode: int16,
    members: since(
      3,
      array({
        memberId: string,
        groupInstanceId: nullable(string),
        errorCode: int16,
      }),
    ),
  },
);
export type LeaveGroupResponse = Body<typeof leaveGroupResponse>;
export type LeaveGroupResponseDraft = Draft<typeof leaveGroupResponse>;
