/**
 * ListGroups (api key 16): groups that a broker coordinates. Versions 0-5, flexible from 3.
 *
 * 4 filters by state (KIP-518), 5 by type (KIP-848).
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, message, since, string } from '../schema.ts';

export const listGroupsRequest = message(
  { name: 'ListGroupsRequest', key: 16, versions: [0, 5], flexibleFrom: 3 },
  {
    statesFilter: since(4, array(string)),
    typesFilter: since(5, array(string)),
  },
);
export type ListGroupsRequest = Body<typeof listGroupsRequest>;
export type ListGroupsRequestDraft = Draft<typeof listGroupsRequest>;

export const listGroupsResponse = message(
  { name: 'ListGroupsResponse', key: 16, versions: [0, 5], flexibleFrom: 3 },
  {
    throttleTimeMs: since(1, int32),
    errorCode: int16,
    groups: array({
      groupId: string,
      protocolType: string,
      groupState: since(4, string),
      groupType: since(5, string),
    }),
  },
);
export type ListGroupsResponse = Body<typeof listGroupsResponse>;
export type ListGroupsResponseDraft = Draft<typeof listGroupsResponse>;
