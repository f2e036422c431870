/**
 * SyncGroup (api key 14): hand out the assignment of a classic group. Versions 0-5, flexible from 4.
 *
 * The leader sends all assignments, the others none; every member is answered its own. 3 adds static members, 5 checks the
 * protocol type and name (KIP-559).
 */
import type { Body, Draft } from '../schema.ts';
import { array, bytes, int16, int32, message, nullable, since, string } from '../schema.ts';

export const syncGroupRequest = message(
  { name: 'SyncGroupRequest', key: 14, versions: [0, 5], flexibleFrom: 4 },
  {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(3, nullable(string), null),
    protocolType: since(5, nullable(string), null),
    protocolName: since(5, nullable(string), null),
    assignments: array({
      memberId: string,
      assignment: bytes,
    }),
  },
);
export type SyncGroupRequest = Body<typeof syncGroupRequest>;
export type SyncGroupRequestDraft = Draft<typeof syncGroupRequest>;

export const syncGroupResponse = message(
  { name: 'SyncGroupResponse', key: 14, versions: [0, 5], flexibleFrom: 4 },
  {
    throttleTimeMs: since(1, int32),
    errorCode: int16,
    protocolType: since(5, nullable(string), null),
    protocolName: since(5, nullable(string), null),
    assignment: bytes,
  },
);
export type SyncGroupResponse = Body<typeof syncGroupResponse>;
export type SyncGroupResponseDraft = Draft<typeof syncGroupResponse>;
