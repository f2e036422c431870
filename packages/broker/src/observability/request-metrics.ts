/**
 * Counts and durations of requests by API, fed by the connection that answers them. Kept as plain numbers; /metrics
 * reads them. The tables are bounded by what the broker itself names: APIs of its table, their versions, error codes.
 */

import { LatencyHistogram } from './latency-histogram.ts';

/** One answered request; durations in seconds. */
export interface RequestObservation {
  /** The API's name as in Kafka's metrics ("Produce", "FetchConsumer", "FetchFollower", …), never a client's text. */
  readonly api: string;
  readonly version: number;
  /** With which the request failed as a whole, or 0. */
  readonly errorCode: number;
  /** In the handler, until the order was fixed. */
  readonly localSeconds: number;
  /** Waiting for replicas, for data or for the group. */
  readonly remoteSeconds: number;
}

export interface ApiMetrics {
  readonly api: string;
  /** Requests by version. */
  readonly requests: ReadonlyMap<number, number>;
  /** Responses by error code, 0 included. */
  readonly errors: ReadonlyMap<number, number>;
  readonly total: LatencyHistogram;
  readonly local: LatencyHistogram;
  readonly remote: LatencyHistogram;
}

/** More API names, versions or error codes than Kafka has: what comes beyond is a bug and is not counted. */
const maxEntries = 512;

export class RequestMetrics {
  readonly #apis = new Map<string, ApiMetrics & { requests: Map<number, number>; errors: Map<number, number> }>();

  observe(observation: RequestObservation): void {
    const metrics = this.#apis.get(observation.api) ?? this.#add(observation.api);
    if (metrics === null) return;
    increment(metrics.requests, observation.version);
    increment(metrics.errors, observation.errorCode);
    metrics.total.observe(observation.localSeconds + observation.remoteSeconds);
    metrics.local.observe(observation.localSeconds);
    metrics.remote.observe(observation.remoteSeconds);
  }

  apis(): Iterable<ApiMetrics> {
    return this.#apis.values();
  }

  #add(api: string): (ApiMetrics & { requests: Map<number, number>; errors: Map<number, number> }) | null {
    if (this.#apis.size >= maxEntries) return null;
    const histogram = (): LatencyHistogram => new LatencyHistogram();
    const metrics = {
      api,
      requests: new Map<number, number>(),
      errors: new Map<number, number>(),
      total: histogram(),
      local: histogram(),
      remote: histogram(),
    };
    this.#apis.set(api, metrics);
    return metrics;
  }
}

function increment(counts: Map<number, number>, key: number): void {
  const count = counts.get(key);
  if (count === undefined && counts.size >= maxEntries) return;
  counts.set(key, (count ?? 0) + 1);
}
