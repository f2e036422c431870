/**
 * Where requests are counted and their failures told.
 */
import { apiDefinitions } from '@jackdaw/protocol';
import type { RequestObserver } from '../api/dispatcher.ts';
import type { BrokerMetrics } from '../observability/metrics.ts';
import type { BrokerLog } from './broker-log.ts';

export function requestObserver(log: BrokerLog, metrics: () => BrokerMetrics | null): RequestObserver {
  return {
    onResponse: ({ apiKey, version, localMs, remoteMs, errorCode }) => {
      metrics()?.requests.observe({
        api: apiDefinitions.get(apiKey)?.name ?? String(apiKey),
        version,
        errorCode,
        localSeconds: localMs / 1_000,
        remoteSeconds: remoteMs / 1_000,
      });
    },
    onError: (apiKey, error) => log.error(error, 'request failed', { api: apiDefinitions.get(apiKey)?.name ?? apiKey }),
    onRejected: (connection, reason) => log.onRejected(connection, reason),
    onClosed: (connection, reason) => log.onClosed(connection, reason),
  };
}
