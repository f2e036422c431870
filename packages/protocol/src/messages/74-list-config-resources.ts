/**
 * ListConfigResources (api key 74): names of resources that have settings. Versions 0-1, flexible from 0.
 *
 * 0 lists client metrics only (its former name was ListClientMetricsResources), 1 filters by resource types (KIP-1142).
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, int8, message, since, string } from '../schema.ts';

export const listConfigResourcesRequest = message(
  { name: 'ListConfigResourcesRequest', key: 74, versions: [0, 1], flexibleFrom: 0 },
  {
    resourceTypes: since(1, array(int8)),
  },
);
export type ListConfigResourcesRequest = Body<typeof listConfigResourcesRequest>;
export type ListConfigResourcesRequestDraft = Draft<typeof listConfigResourcesRequest>;

export const listConfigResourcesResponse = message(
  { name: 'ListConfigResourcesResponse', key: 74, versions: [0, 1], flexibleFrom: 0 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    configResources: array({
      resourceName: string,
      resourceType: since(1, int8, 16),
    }),
  },
);
export type ListConfigResourcesResponse = Body<typeof listConfigResourcesResponse>;
export type ListConfigResourcesResponseDraft = Draft<typeof listConfigResourcesResponse>;
