/**
 * DeleteGroups (api key 42): delete empty groups. Versions 0-2, flexible from 2.
 *
 * Their committed offsets go with them.
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, message, string } from '../schema.ts';

export const deleteGroupsRequest = message(
  { name: 'DeleteGroupsRequest', key: 42, versions: [0, 2], flexibleFrom: 2 },
  {
    groupsNames: array(string),
  },
);
export type DeleteGroupsRequest = Body<typeof deleteGroupsRequest>;
export type DeleteGroupsRequestDraft = Draft<typeof deleteGroupsRequest>;

export const deleteGroupsResponse = message(
  { name: 'DeleteGroupsResponse', key: 42, versions: [0, 2], flexibleFrom: 2 },
  {
    throttleTimeMs: int32,
    results: array({
      groupId: string,
      errorCode: int16,
    }),
  },
);
export type DeleteGroupsResponse = Body<typeof deleteGroupsResponse>;
export type DeleteGroupsResponseDraft = Draft<typeof deleteGroupsResponse>;
