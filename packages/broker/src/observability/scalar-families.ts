/**
 * Metric families with few series, by their names in the JMX exporter's dialect (those of the popular Kafka
 * dashboards). A meter has two names for one number:
 * `…_total`, and Kafka's `…persec`, because dashboards use either.
 */

import type { ControllerStats, MetricSources, RaftState, RaftStats, ReplicaStats, TopicCounters } from './metric-sources.ts';
import type { Sample } from './text-format.ts';

export interface ScalarFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly labelNames: readonly string[];
  /** Called at each scrape. */
  readonly samples: () => Iterable<Sample>;
}

export function scalarFamilies(sources: MetricSources): ScalarFamily[] {
  return [
    ...topicFamilies(sources),
    ...replicaFamilies(sources),
    ...controllerFamilies(sources),
    ...raftFamilies(sources),
    ...otherFamilies(sources),
  ];
}

/** Kafka's group states, so that each has a series even at 0. */
const groupStates = ['Empty', 'PreparingRebalance', 'CompletingRebalance', 'Stable', 'Dead'];

const topicMeters: readonly (readonly [string, keyof TopicCounters, string])[] = [
  ['messagesin', 'messagesIn', 'Records that producers wrote'],
  ['bytesin', 'bytesIn', 'Bytes that producers wrote'],
  ['bytesout', 'bytesOut', 'Bytes that consumers read'],
  ['bytesrejected', 'bytesRejected', 'Bytes of batches that were refused'],
  ['totalproducerequests', 'produceRequests', 'Produce requests, one for each topic in them'],
  ['totalfetchrequests', 'fetchRequests', 'Fetch requests of consumers, one for each topic in them'],
  ['failedproducerequests', 'failedProduceRequests', 'Produce requests with an error'],
  ['failedfetchrequests', 'failedFetchRequests', 'Fetch requests with an error'],
];

/** Each meter once for all topics (no label) and once for each topic, as JMX has it. */
function topicFamilies(sources: MetricSources): ScalarFamily[] {
  return topicMeters.flatMap(([name, field, help]) =>
    meter({
      stem: `kafka_server_brokertopicmetrics_${name}`,
      help,
      labelNames: ['topic'],
      samples: () => {
        const counts = [...sources.topics()].map((topic) => ({ labels: { topic: topic.topic }, value: Number(topic[field]) }));
        return [{ labels: {}, value: counts.reduce((sum, { value }) => sum + value, 0) }, ...counts];
      },
    }),
  );
}

const replicaGauges: readonly (readonly [string, keyof ReplicaStats, string])[] = [
  ['kafka_server_replicamanager_leadercount', 'leaderCount', 'Partitions that this broker leads'],
  ['kafka_server_replicamanager_partitioncount', 'partitionCount', 'Partitions of which this broker has a replica'],
  ['kafka_server_replicamanager_offlinereplicacount', 'offlineReplicaCount', 'Replicas in log directories that failed'],
  ['kafka_server_replicamanager_underreplicatedpartitions', 'underReplicatedCount', 'Led partitions whose ISR is not whole'],
  [
    'kafka_server_replicamanager_underminisrpartitioncount',
    'underMinIsrCount',
    'Led partitions with an ISR below min.insync.replicas',
  ],
  [
    'kafka_server_replicamanager_atminisrpartitioncount',
    'atMinIsrCount',
    'Led partitions with an ISR of exactly min.insync.replicas',
  ],
  ['kafka_server_replicafetchermanager_maxlag', 'maxLagRecords', 'Records by which the furthest follower here is behind'],
  ['kafka_log_logmanager_offlinelogdirectorycount', 'offlineLogDirCount', 'Log directories that failed'],
];

const replicaMeters: readonly (readonly [string, keyof ReplicaStats, string])[] = [
  ['kafka_server_replicamanager_isrshrinks', 'isrShrinks', 'Times that a follower left an ISR'],
  ['kafka_server_replicamanager_isrexpands', 'isrExpands', 'Times that a follower came back to an ISR'],
  ['kafka_server_replicamanager_failedisrupdates', 'failedIsrUpdates', 'ISR changes that the controller refused'],
  ['kafka_server_brokertopicmetrics_replicationbytesin', 'replicationBytesIn', 'Bytes taken from leaders'],
  ['kafka_server_brokertopicmetrics_replicationbytesout', 'replicationBytesOut', 'Bytes given to followers'],
];

function replicaFamilies(sources: MetricSources): ScalarFamily[] {
  return [
    ...meter({
      stem: 'jackdaw_log_corruptbatches',
      help: 'Damaged batches found on disk, by a read or when a log was opened',
      samples: () => [{ labels: {}, value: sources.replicas().corruptBatches }],
    }),
    ...replicaGauges.map(([name, field, help]) => gauge(name, help, () => sources.replicas()[field])),
    ...replicaMeters.flatMap(([stem, field, help]) =>
      meter({ stem, help, samples: () => [{ labels: {}, value: sources.replicas()[field] }] }),
    ),
  ];
}

const controllerPrefix = 'kafka_controller_kafkacontroller_';
const controllerGauges: readonly (readonly [string, (stats: ControllerStats) => number, string])[] = [
  // Every broker reports this one: the alert is that the sum over the cluster is not 1.
  ['activecontrollercount', (stats) => (stats.isActive ? 1 : 0), 'Whether this broker is the active controller'],
  ['offlinepartitionscount', (stats) => stats.offlinePartitionCount, 'Partitions without a leader'],
  ['activebrokercount', (stats) => stats.activeBrokerCount, 'Brokers that are registered and not fenced'],
  ['fencedbrokercount', (stats) => stats.fencedBrokerCount, 'Brokers that are registered and fenced'],
  ['globaltopiccount', (stats) => stats.topicCount, 'Topics of the cluster'],
  ['globalpartitioncount', (stats) => stats.partitionCount, 'Partitions of the cluster'],
  [
    'preferredreplicaimbalancecount',
    (stats) => stats.preferredReplicaImbalanceCount,
    'Partitions not led by the preferred replica',
  ],
  ['newactivecontrollerscount', (stats) => stats.newActiveControllers, 'Changes of the active controller seen here'],
  ['timedoutbrokerheartbeatcount', (stats) => stats.timedOutHeartbeats, 'Broker sessions that timed out'],
  ['metadataerrorcount', (stats) => stats.metadataErrors, 'Metadata records that could not be used'],
  ['lastappliedrecordoffset', (stats) => stats.lastAppliedOffset, 'Offset of the last metadata record that was used'],
];

function controllerFamilies(sources: MetricSources): ScalarFamily[] {
  return [
    ...controllerGauges.map(([name, read, help]) => gauge(`${controllerPrefix}${name}`, help, () => read(sources.controller()))),
    ...meter({
      stem: 'kafka_controller_controllerstats_uncleanleaderelections',
      help: 'Leaders elected from outside the ISR',
      samples: () => [{ labels: {}, value: sources.controller().uncleanLeaderElections }],
    }),
  ];
}

const raftStates: readonly RaftState[] = ['leader', 'candidate', 'prospective', 'follower', 'observer', 'unattached'];
const raftGauges: readonly (readonly [string, (stats: RaftStats) => number, string])[] = [
  ['current_leader', (stats) => stats.leaderId, 'Node id of the quorum leader, -1 for none'],
  ['current_epoch', (stats) => stats.term, 'Term of the quorum'],
  ['current_vote', (stats) => stats.votedFor, 'Node id that got the vote in this term, -1 for none'],
  ['high_watermark', (stats) => stats.highWatermark, 'Offset up to which the metadata log is committed'],
  ['log_end_offset', (stats) => stats.logEndOffset, "End of this node's metadata log"],
];

function raftFamilies(sources: MetricSources): ScalarFamily[] {
  const withStats = (read: (stats: RaftStats) => Sample[]) => (): Sample[] => {
    const stats = sources.raft();
    return stats === null ? [] : read(stats);
  };
  return [
    ...raftGauges.map(([name, read, help]): ScalarFamily => ({
      name: `kafka_server_raftmetrics_${name}`,
      help,
      type: 'gauge',
      labelNames: [],
      samples: withStats((stats) => [{ labels: {}, value: read(stats) }]),
    })),
    {
      name: 'kafka_server_raftmetrics_current_state',
      help: 'State of this node in the quorum: 1 for the one it is in',
      type: 'gauge',
      labelNames: ['state'],
      samples: withStats((stats) => raftStates.map((state) => ({ labels: { state }, value: state === stats.state ? 1 : 0 }))),
    },
  ];
}

function otherFamilies(sources: MetricSources): ScalarFamily[] {
  const numGroups = 'kafka_coordinator_group_groupmetadatamanager_numgroups';
  return [
    gauge('kafka_server_brokerstate', "Kafka's number of this broker's state; 3 is running", () => sources.brokerState()),
    gauge('kafka_network_requestchannel_requestqueuesize', 'Requests that are not answered yet', () =>
      sources.requestQueueSize(),
    ),
    gauge(numGroups, 'Groups that this broker coordinates', () =>
      [...sources.groups().byState.values()].reduce((a, b) => a + b, 0),
    ),
    ...groupStates.map((state) =>
      gauge(`${numGroups}${state.toLowerCase()}`, `Groups in the state ${state}`, () => sources.groups().byState.get(state) ?? 0),
    ),
    {
      name: 'kafka_server_socket_server_metrics_connection_count',
      help: 'Open connections',
      type: 'gauge',
      labelNames: ['listener'],
      samples: () =>
        [...sources.listeners()].map(({ listener, connectionCount }) => ({ labels: { listener }, value: connectionCount })),
    },
    {
      name: 'kafka_server_socket_server_metrics_connection_creation_total',
      help: 'Connections that were opened',
      type: 'counter',
      labelNames: ['listener'],
      samples: () =>
        [...sources.listeners()].map(({ listener, connectionsCreated }) => ({ labels: { listener }, value: connectionsCreated })),
    },
    {
      name: 'kafka_brokers',
      help: 'Brokers of the cluster, told by the active controller alone',
      type: 'gauge',
      labelNames: [],
      samples: () => {
        const { isActive, activeBrokerCount } = sources.controller();
        return isActive ? [{ labels: {}, value: activeBrokerCount }] : [];
      },
    },
  ];
}

function gauge(name: string, help: string, read: () => number): ScalarFamily {
  return { name, help, type: 'gauge', labelNames: [], samples: () => [{ labels: {}, value: read() }] };
}

interface Meter {
  readonly stem: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  readonly samples: () => Iterable<Sample>;
}

function meter({ stem, help, labelNames = [], samples }: Meter): ScalarFamily[] {
  return [`${stem}_total`, `${stem}persec`].map((name) => ({ name, help, type: 'counter', labelNames, samples }));
}
