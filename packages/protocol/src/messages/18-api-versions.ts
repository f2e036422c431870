/**
 * ApiVersions (api key 18): which versions of which APIs the broker speaks. Versions 0-4, flexible from 3.
 *
 * The response header is always version 0, and a request of an unknown version is answered with a version 0 body and error
 * 35, or a client could not read it. 3 adds the client's software name and features (KIP-511, KIP-584), 4 allows a feature's
 * minimum to be 0 (KAFKA-17011).
 */
import type { Body, Draft } from '../schema.ts';
import { array, boolean, int16, int32, int64, message, since, string, tagged } from '../schema.ts';

export const apiVersionsRequest = message(
  { name: 'ApiVersionsRequest', key: 18, versions: [0, 4], flexibleFrom: 3 },
  {
    clientSoftwareName: since(3, string),
    clientSoftwareVersion: since(3, string),
  },
);
export type ApiVersionsRequest = Body<typeof apiVersionsRequest>;
export type ApiVersionsRequestDraft = Draft<typeof apiVersionsRequest>;

export const apiVersionsResponse = message(
  { name: 'ApiVersionsResponse', key: 18, versions: [0, 4], flexibleFrom: 3 },
  {
    errorCode: int16,
    apiKeys: array({
      apiKey: int16,
      minVersion: int16,
      maxVersion: int16,
    }),
    throttleTimeMs: since(1, int32),
    supportedFeatures: tagged(
      0,
      since(
        3,
        array({
          name: string,
          minVersion: int16,
          maxVersion: int16,
        }),
      ),
    ),
    /** Metadata offset at which the features were read; -1 is unknown. */
    finalizedFeaturesEpoch: tagged(1, since(3, int64, -1)),
    finalizedFeatures: tagged(
      2,
      since(
        3,
        array({
          name: string,
          maxVersionLevel: int16,
          minVersionLevel: int16,
        }),
      ),
    ),
    zkMigrationReady: tagged(3, since(3, boolean, false)),
  },
);
export type ApiVersionsResponse = Body<typeof apiVersionsResponse>;
export type ApiVersionsResponseDraft = Draft<typeof apiVersionsResponse>;
