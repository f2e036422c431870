/**
 * Metric families with one series for each partition, or for each partition of a group, and those of requests. Each
 * series comes from one broker of the cluster (the leader, the coordinator), or dashboards would count it twice;
 * `kafka_log_log_*` alone is told by every replica, as in Kafka.
 */

import type { LatencyHistogram } from './latency-histogram.ts';
import type { GroupOffsetStats, PartitionStats } from './metric-sources.ts';
import type { ApiMetrics } from './request-metrics.ts';
import type { Family, Labels, Sample } from './text-format.ts';

type PartitionRow = readonly [name: string, help: string, read: (stats: PartitionStats) => number];

const asFlag = (condition: boolean): number => (condition ? 1 : 0);

const everyReplica: readonly PartitionRow[] = [
  ['kafka_log_log_size', 'Bytes of the log', (stats) => stats.sizeBytes],
  ['kafka_log_log_logstartoffset', 'First offset of the log', (stats) => stats.logStartOffset],
  ['kafka_log_log_logendoffset', 'Next offset of the log', (stats) => stats.logEndOffset],
  ['kafka_log_log_numlogsegments', 'Segments of the log', (stats) => stats.segmentCount],
];

const leaderOnly: readonly PartitionRow[] = [
  ['kafka_cluster_partition_replicascount', 'Replicas', (stats) => stats.replicaCount],
  ['kafka_cluster_partition_insyncreplicascount', 'In-sync replicas', (stats) => stats.inSyncCount],
  ['kafka_cluster_partition_underreplicated', 'Whether the ISR is not whole', (stats) => asFlag(isUnderReplicated(stats))],
  [
    'kafka_cluster_partition_underminisr',
    'Whether the ISR is below min.insync.replicas',
    (stats) => asFlag(stats.inSyncCount < stats.minInsyncReplicas),
  ],
  [
    'kafka_cluster_partition_atminisr',
    'Whether the ISR is exactly min.insync.replicas',
    (stats) => asFlag(stats.inSyncCount === stats.minInsyncReplicas),
  ],
  ['kafka_cluster_partition_laststableoffsetlag', 'Records of open transactions', (stats) => stats.lastStableLagRecords],
  ['kafka_topic_partition_current_offset', 'Next offset of the partition', (stats) => stats.logEndOffset],
  ['kafka_topic_partition_oldest_offset', 'First offset of the partition', (stats) => stats.logStartOffset],
  ['kafka_topic_partition_in_sync_replica', 'In-sync replicas', (stats) => stats.inSyncCount],
  ['kafka_topic_partition_replicas', 'Replicas', (stats) => stats.replicaCount],
  ['kafka_topic_partition_leader', 'Node id of the leader', (stats) => stats.leaderId],
  [
    'kafka_topic_partition_leader_is_preferred',
    'Whether the preferred replica leads',
    (stats) => asFlag(stats.isPreferredLeader),
  ],
  [
    'kafka_topic_partition_under_replicated_partition',
    'Whether the ISR is not whole',
    (stats) => asFlag(isUnderReplicated(stats)),
  ],
];

const followerOnly: readonly PartitionRow[] = [
  ['kafka_server_fetcherlagmetrics_consumerlag', 'Records by which this follower is behind', (stats) => stats.lagRecords],
];

export function partitionFamilies(partitions: readonly PartitionStats[]): Family[] {
  const leaders = partitions.filter(({ isLeader }) => isLeader);
  const followers = partitions.filter(({ isLeader }) => !isLeader);
  const families = (rows: readonly PartitionRow[], stats: readonly PartitionStats[]): Family[] =>
    rows.map(([name, help, read]) => ({ name, help, type: 'gauge', samples: samplesOf(stats, read) }));
  return [...families(everyReplica, partitions), ...families(leaderOnly, leaders), ...families(followerOnly, followers)];
}

export function groupFamilies(offsets: readonly GroupOffsetStats[]): Family[] {
  const labels = ({ group, topic, partition }: GroupOffsetStats): Labels => ({ consumergroup: group, topic, partition });
  return [
    {
      name: 'kafka_consumergroup_current_offset',
      help: 'Committed offset',
      type: 'gauge',
      samples: offsets.map((offset) => ({ labels: labels(offset), value: offset.committedOffset })),
    },
    {
      name: 'kafka_consumergroup_lag',
      help: 'Records between the committed offset and the end of the partition',
      type: 'gauge',
      samples: offsets.flatMap((offset) =>
        offset.lagRecords === null ? [] : [{ labels: labels(offset), value: offset.lagRecords }],
      ),
    },
  ];
}

const quantiles = [0.5, 0.75, 0.95, 0.98, 0.99, 0.999];
const timings: readonly (readonly [name: string, help: string, read: (api: ApiMetrics) => LatencyHistogram])[] = [
  ['totaltimems', 'Milliseconds from the request to its response', (api) => api.total],
  ['localtimems', 'Milliseconds in the handler', (api) => api.local],
  ['remotetimems', 'Milliseconds of waiting for replicas, data or a group', (api) => api.remote],
];

export function requestFamilies(apis: readonly ApiMetrics[]): Family[] {
  const prefix = 'kafka_network_requestmetrics_';
  return [
    {
      name: `${prefix}requests_total`,
      help: 'Requests by API and version',
      type: 'counter',
      samples: apis.flatMap(({ api, requests }) =>
        [...requests].map(([version, value]) => ({ labels: { request: api, version }, value })),
      ),
    },
    {
      name: `${prefix}errors_total`,
      help: 'Responses by API and the error code of the request as a whole, 0 for none',
      type: 'counter',
      samples: apis.flatMap(({ api, errors }) =>
        [...errors].map(([error, value]) => ({ labels: { request: api, error }, value })),
      ),
    },
    ...timings.flatMap(([name, help, read]): Family[] => [
      { name: `${prefix}${name}`, help, type: 'gauge', samples: apis.flatMap((api) => quantileSamples(api.api, read(api))) },
      {
        name: `${prefix}${name}_count`,
        help: `${help}: how many were measured`,
        type: 'counter',
        samples: apis.map((api) => ({ labels: { request: api.api }, value: read(api).count })),
      },
    ]),
  ];
}

function quantileSamples(request: string, histogram: LatencyHistogram): Sample[] {
  return quantiles.map((quantile) => ({ labels: { request, quantile }, value: histogram.quantile(quantile) * 1000 }));
}

function* samplesOf(partitions: readonly PartitionStats[], read: (stats: PartitionStats) => number): Generator<Sample> {
  for (const stats of partitions) yield { labels: { topic: stats.topic, partition: stats.partition }, value: read(stats) };
}

function isUnderReplicated({ inSyncCount, replicaCount }: PartitionStats): boolean {
  return inSyncCount < replicaCount;
}
