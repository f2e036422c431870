/**
 * DescribeGroups (api key 15): state and members of classic groups. Versions 0-6, flexible from 5.
 *
 * 3 answers authorised operations, 4 static members, 6 answers GROUP_ID_NOT_FOUND for an unknown group in place of the state
 * "Dead" (KIP-1043).
 */
import type { Body, Draft } from '../schema.ts';
import { array, boolean, bytes, int16, int32, message, nullable, since, string } from '../schema.ts';

export const describeGroupsRequest = message(
  { name: 'DescribeGroupsRequest', key: 15, versions: [0, 6], flexibleFrom: 5 },
  {
    groups: array(string),
    includeAuthorizedOperations: since(3, boolean),
  },
);
export type DescribeGroupsRequest = Body<typeof describeGroupsRequest>;
export type DescribeGroupsRequestDraft = Draft<typeof describeGroupsRequest>;

export const describeGroupsResponse = message(
  { name: 'DescribeGroupsResponse', key: 15, versions: [0, 6], flexibleFrom: 5 },
  {
    throttleTimeMs: since(1, int32),
    groups: array({
      errorCode: int16,
      errorMessage: since(6, nullable(string), null),
      groupId: string,
      groupState: string,
      protocolType: string,
      protocolData: string,
      members: array({
        memberId: string,
        groupInstanceId: since(4, nullable(string), null),
        clientId: string,
        clientHost: string,
        memberMetadata: bytes,
        memberAssignment: bytes,
      }),
      authorizedOperations: since(3, int32, -2147483648),
    }),
  },
);
export type DescribeGroupsResponse = Body<typeof describeGroupsResponse>;
export type DescribeGroupsResponseDraft = Draft<typeof describeGroupsResponse>;
