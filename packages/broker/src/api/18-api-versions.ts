/**
 * ApiVersions v0–4: which APIs are served, and in which versions.
 *
 * Derived from the table of handlers, so nothing is advertised that is not there. Produce states 0 as its oldest version
 * for a librdkafka bug (KAFKA-18659). A request in an unknown version is answered in version 0 by the dispatcher.
 * v3+ names the client's software (KIP-511), which must be plain: INVALID_REQUEST otherwise. No features are finalized
 * that Kafka's clients act on but those of the image.
 */
import { ApiKey, apiDefinitions, apiVersionsRequest, apiVersionsResponse, ErrorCode } from '@jackdaw/protocol';
import type { ApiVersionsResponseDraft } from '@jackdaw/protocol';
import { servedApiKeys } from './served-apis.ts';
import { defineHandler } from './handler.ts';

/** KIP-511: letters and digits, with dots and dashes inside. */
const softwarePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

export const apiVersionsHandler = defineHandler({
  apiKey: ApiKey.ApiVersions,
  request: apiVersionsRequest,
  response: apiVersionsResponse,
  handle: (broker, request, context) => {
    if (context.version >= 3) {
      const { clientSoftwareName, clientSoftwareVersion } = request;
      if (!softwarePattern.test(clientSoftwareName) || !softwarePattern.test(clientSoftwareVersion)) {
        return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] };
      }
      context.connection.clientSoftware = `${clientSoftwareName} ${clientSoftwareVersion}`.slice(0, 100);
    }
    const features = [...broker.image().features];
    return {
      errorCode: ErrorCode.NONE,
      apiKeys: servedVersions(),
      finalizedFeaturesEpoch: broker.image().appliedIndex,
      finalizedFeatures: features.map(([name, level]) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
      supportedFeatures: features.map(([name, level]) => ({ name, minVersion: 0, maxVersion: level })),
    };
  },
  refuse: (_request, { errorCode }) => ({ errorCode, apiKeys: [] }),
});

/** The answer to a version that we do not know: ours, so that the client can ask again (F7). */
export function apiVersionsForUnknownVersion(): ApiVersionsResponseDraft {
  return {
    errorCode: ErrorCode.UNSUPPORTED_VERSION,
    apiKeys: servedVersions().filter(({ apiKey }) => apiKey === ApiKey.ApiVersions),
  };
}

function servedVersions(): ApiVersionsResponseDraft['apiKeys'] {
  return servedApiKeys.map((apiKey) => {
    const definition = apiDefinitions.get(apiKey);
    return { apiKey, minVersion: definition?.advertisedMinVersion ?? 0, maxVersion: definition?.maxVersion ?? 0 };
  });
}
