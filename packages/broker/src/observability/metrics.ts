/**
 * The metrics of one broker. Its parts count in plain numbers; everything is read when /metrics is asked for, through
 * a prom-client registry of this broker's own (several brokers may share a process) and, for families with many
 * series, through the writer of `text-format.ts`.
 */

import { monitorEventLoopDelay, performance, type EventLoopUtilization, type IntervalHistogram } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { LatencyHistogram } from './latency-histogram.ts';
import type { MetricSources } from './metric-sources.ts';
import { groupFamilies, partitionFamilies, requestFamilies } from './partition-families.ts';
import { RequestMetrics } from './request-metrics.ts';
import { scalarFamilies, type ScalarFamily } from './scalar-families.ts';
import { familyText, histogramText, type Sample } from './text-format.ts';

/** A scrape within this time gets the same text: many scrapers, or a fast one, cost no more than one a second. */
const defaultCacheMs = 1_000;
/** With `metrics.per.partition=auto`, no series for single partitions above this many local ones. */
export const maxAutoPartitions = 2_000;
/** Most groups' partitions with a series of their own. */
const maxGroupOffsets = 10_000;

export interface MetricsOptions {
  readonly sources: MetricSources;
  readonly perPartition: 'auto' | 'on' | 'off';
  /** `process_*` and `nodejs_*`; off where several brokers share a process, whose numbers they are. */
  readonly includeProcess: boolean;
  /** How long a page is given again; 1,000 by default. */
  readonly cacheMs?: number;
}

/** Which leadership moved: for `jackdaw_failover_duration_seconds`. */
export type FailoverKind = 'controller' | 'partition';

interface EventLoopReading {
  /** 0 to 1. */
  readonly busyShare: number;
  readonly lag: readonly Sample[];
}

export class BrokerMetrics {
  readonly contentType: string;
  /** Fed by the connections. */
  readonly requests = new RequestMetrics();
  /** Fed by the parts that measure; durations in seconds. */
  readonly fsyncDuration = new LatencyHistogram();
  readonly raftCommitDuration = new LatencyHistogram();
  readonly failoverDuration: Readonly<Record<FailoverKind, LatencyHistogram>> = {
    /** As this node sees it: from losing the quorum's leader to knowing the next one. */
    controller: new LatencyHistogram(),
    /** As the active controller sees it: from a broken stream to the commit of another leader, for each partition. */
    partition: new LatencyHistogram(),
  };
  readonly #options: MetricsOptions;
  readonly #registry = new Registry();
  readonly #eventLoopDelay: IntervalHistogram;
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();
  #eventLoop: EventLoopReading = { busyShare: 0, lag: [] };
  #cached: { readonly text: Promise<string>; readonly untilMs: number } | null = null;

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.contentType = this.#registry.contentType;
    if (options.includeProcess) collectDefaultMetrics({ register: this.#registry });
    for (const family of scalarFamilies(options.sources)) this.#register(family);
    this.#registerEventLoop();
    this.#eventLoopDelay = monitorEventLoopDelay({ resolution: 20 });
    this.#eventLoopDelay.enable();
  }

  /** The whole page, in Prometheus' text format. */
  text(): Promise<string> {
    const nowMs = performance.now();
    if (this.#cached === null || nowMs >= this.#cached.untilMs) {
      this.#cached = { text: this.#render(), untilMs: nowMs + (this.#options.cacheMs ?? defaultCacheMs) };
    }
    return this.#cached.text;
  }

  close(): void {
    this.#eventLoopDelay.disable();
    this.#registry.clear();
  }

  async #render(): Promise<string> {
    this.#eventLoop = this.#readEventLoop();
    const { sources, perPartition } = this.#options;
    const partitions = perPartition === 'off' ? [] : [...sources.partitions()];
    const isTooMany = perPartition === 'auto' && partitions.length > maxAutoPartitions;
    const offsets = perPartition === 'off' || isTooMany ? [] : [...take(sources.groupOffsets(), maxGroupOffsets)];
    const apis = [...this.requests.apis()];
    const families = [...(isTooMany ? [] : partitionFamilies(partitions)), ...groupFamilies(offsets), ...requestFamilies(apis)];
    const scalars = await this.#registry.metrics();
    return [scalars.trimEnd(), '\n', ...families.map(familyText), ...this.#histogramTexts()].join('');
  }

  #histogramTexts(): string[] {
    const single = (name: string, help: string, histogram: LatencyHistogram): string =>
      histogramText({ name, help, series: [{ labels: {}, histogram }] });
    return [
      histogramText({
        name: 'jackdaw_request_duration_seconds',
        help: 'Time from a request to its response',
        series: [...this.requests.apis()].map(({ api, total }) => ({ labels: { api }, histogram: total })),
      }),
      single('jackdaw_fsync_duration_seconds', 'Time of one group commit of a log to disk', this.fsyncDuration),
      single(
        'jackdaw_raft_commit_duration_seconds',
        "Time from this node's proposal to its commit; only the quorum's leader proposes",
        this.raftCommitDuration,
      ),
      histogramText({
        name: 'jackdaw_failover_duration_seconds',
        help: 'Time from losing a leader to having the next one; of partitions, told by the active controller',
        series: Object.entries(this.failoverDuration).map(([kind, histogram]) => ({ labels: { kind }, histogram })),
      }),
    ];
  }

  /** A family as a prom-client metric that takes its values when it is collected. */
  #register(family: ScalarFamily): void {
    const { name, help, samples } = family;
    const labelNames = [...family.labelNames];
    const registers = [this.#registry];
    if (family.type === 'gauge') {
      const metric = new Gauge({
        name,
        help,
        labelNames,
        registers,
        collect: () => {
          metric.reset();
          // A metric without labels starts at 0; where the source says nothing, nothing is told.
          if (labelNames.length === 0) metric.remove();
          for (const { labels, value } of samples()) metric.set({ ...labels }, value);
        },
      });
      return;
    }
    const metric = new Counter({
      name,
      help,
      labelNames,
      registers,
      collect: () => {
        metric.reset();
        // A counter cannot be set: it is emptied and raised to the number that its source kept.
        for (const { labels, value } of samples()) metric.inc({ ...labels }, value);
      },
    });
  }

  /** There are no request threads here: the idle share of the event loop says what the idle share of threads says. */
  #registerEventLoop(): void {
    const single = (name: string, help: string, read: () => number): void =>
      this.#register({ name, help, type: 'gauge', labelNames: [], samples: () => [{ labels: {}, value: read() }] });
    for (const name of [
      'kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent',
      'kafka_network_socketserver_networkprocessoravgidle_percent',
    ]) {
      single(name, 'Idle share of the event loop since the scrape before', () => 1 - this.#eventLoop.busyShare);
    }
    this.#register({
      name: 'jackdaw_eventloop_lag_seconds',
      help: 'Delay of the event loop since the scrape before',
      type: 'gauge',
      labelNames: ['quantile'],
      samples: () => this.#eventLoop.lag,
    });
    single('kafka_server_raftmetrics_commit_latency_avg', 'Mean milliseconds from a proposal to its commit', () => {
      const { count, sumSeconds } = this.raftCommitDuration;
      return count === 0 ? 0 : (sumSeconds / count) * 1000;
    });
  }

  /** What the event loop did since the last call. */
  #readEventLoop(): EventLoopReading {
    const current = performance.eventLoopUtilization();
    const busyShare = performance.eventLoopUtilization(current, this.#utilization).utilization;
    this.#utilization = current;
    const seconds = (percentile: number): number => this.#eventLoopDelay.percentile(percentile) / 1e9;
    const lag = [0.5, 0.99, 1].map((quantile) => ({ labels: { quantile }, value: seconds(quantile * 100) }));
    this.#eventLoopDelay.reset();
    return { busyShare, lag };
  }
}

function* take<T>(items: Iterable<T>, limit: number): Generator<T> {
  let count = 0;
  for (const item of items) {
    if (count++ >= limit) return;
    yield item;
  }
}
