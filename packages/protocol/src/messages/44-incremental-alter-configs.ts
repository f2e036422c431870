/**
 * IncrementalAlterConfigs (api key 44): change single settings of resources. Versions 0-1, flexible from 1.
 *
 * Operations: 0 set, 1 delete, 2 append to a list, 3 subtract from a list (KIP-339).
 */
import type { Body, Draft } from '../schema.ts';
import { array, boolean, int16, int32, int8, message, nullable, string } from '../schema.ts';

export const incrementalAlterConfigsRequest = message(
  { name: 'IncrementalAlterConfigsRequest', key: 44, versions: [0, 1], flexibleFrom: 1 },
  {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        /** 0 set, 1 delete, 2 append, 3 subtract. */
        configOperation: int8,
        value: nullable(string),
      }),
    }),
    validateOnly: boolean,
  },
);
export type IncrementalAlterConfigsRequest = Body<typeof incrementalAlterConfigsRequest>;
export type IncrementalAlterConfigsRequestDraft = Draft<typeof incrementalAlterConfigsRequest>;

export const incrementalAlterConfigsResponse = message(
  { name: 'IncrementalAlterConfigsResponse', key: 44, versions: [0, 1], flexibleFrom: 1 },
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
export type IncrementalAlterConfigsResponse = Body<typeof incrementalAlterConfigsResponse>;
export type IncrementalAlterConfigsResponseDraft = Draft<typeof incrementalAlterConfigsResponse>;
