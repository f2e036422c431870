/**
 * AlterConfigs (api key 33): replace all settings of resources. Versions 0-2, flexible from 2.
 *
 * The old way, which resets what it does not name; IncrementalAlterConfigs (44) is preferred.
 */
import type { Body, Draft } from '../schema.ts';
import { array, boolean, int16, int32, int8, message, nullable, string } from '../schema.ts';

export const alterConfigsRequest = message(
  { name: 'AlterConfigsRequest', key: 33, versions: [0, 2], flexibleFrom: 2 },
  {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        value: nullable(string),
      }),
    }),
    validateOnly: boolean,
  },
);
export type AlterConfigsRequest = Body<typeof alterConfigsRequest>;
export type AlterConfigsRequestDraft = Draft<typeof alterConfigsRequest>;

export const alterConfigsResponse = message(
  { name: 'AlterConfigsResponse', key: 33, versions: [0, 2], flexibleFrom: 2 },
  {
    throttleTimeMs: int32,
    responses: array({
      errorCode: int16,
      errorMessage: nullable(string),
      resourceType: int8,
      resourceName: string,
    }),
  },
);
export type AlterConfigsResponse = Body<typeof alterConfigsResponse>;
export type AlterConfigsResponseDraft = Draft<typeof alterConfigsResponse>;
