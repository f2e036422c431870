/**
 * A histogram of durations that costs one array increment: the hot path calls `observe`, and /metrics turns the counts
 * into a Prometheus histogram and into the quantiles that Kafka's dashboards read.
 */

/** Upper bounds in seconds; what is longer counts in the last, unbounded bucket. */
export const latencyBucketsSeconds: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

export class LatencyHistogram {
  readonly #counts = new Float64Array(latencyBucketsSeconds.length + 1);
  #sumSeconds = 0;
  #count = 0;

  observe(seconds: number): void {
    const bucket = bucketOf(seconds);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sumSeconds += seconds;
    this.#count += 1;
  }

  get count(): number {
    return this.#count;
  }

  get sumSeconds(): number {
    return this.#sumSeconds;
  }

  /** Observations at or below each bound of `latencyBucketsSeconds`, as Prometheus wants them. */
  cumulativeCounts(): number[] {
    let total = 0;
    return latencyBucketsSeconds.map((_, bucket) => (total += this.#counts[bucket] ?? 0));
  }

  /** The duration below which the share `quantile` lies, interpolated in its bucket; 0 when nothing was observed. */
  quantile(quantile: number): number {
    const wanted = this.#count * quantile;
    let below = 0;
    for (const [bucket, count] of this.#counts.entries()) {
      if (count > 0 && below + count >= wanted) {
        const lower = bucket === 0 ? 0 : (latencyBucketsSeconds[bucket - 1] ?? 0);
        const upper = latencyBucketsSeconds[bucket] ?? lower;
        return lower + (upper - lower) * Math.max(0, (wanted - below) / count);
      }
      below += count;
    }
    return 0;
  }
}

function bucketOf(seconds: number): number {
  let low = 0;
  let high = latencyBucketsSeconds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (seconds <= (latencyBucketsSeconds[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}
