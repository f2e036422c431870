/** The public names of the broker's log, metrics and admin server; `src/index.ts` exports this file whole. */

export { startAdminServer, type AdminServer, type AdminServerOptions, type HealthReport } from './admin-server.ts';
export { latencyBucketsSeconds, LatencyHistogram } from './latency-histogram.ts';
export { clientText, createLogger, maxLoggedLength, type Logger, type LoggerOptions } from './logger.ts';
export {
  brokerStates,
  type ControllerStats,
  type GroupOffsetStats,
  type GroupStats,
  type ListenerStats,
  type MetricSources,
  type PartitionStats,
  type RaftState,
  type RaftStats,
  type ReplicaStats,
  type TopicCounters,
} from './metric-sources.ts';
export { BrokerMetrics, maxAutoPartitions, type FailoverKind, type MetricsOptions } from './metrics.ts';
export { RequestMetrics, type ApiMetrics, type RequestObservation } from './request-metrics.ts';
