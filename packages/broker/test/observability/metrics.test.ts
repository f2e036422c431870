/** The metrics page: names that dashboards know, one number under both names of a meter, histograms that add up. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyHistogram } from '../../src/observability/latency-histogram.ts';
import type { MetricSources, PartitionStats } from '../../src/observability/metric-sources.ts';
import { BrokerMetrics, maxAutoPartitions, type MetricsOptions } from '../../src/observability/metrics.ts';
import { familyText } from '../../src/observability/text-format.ts';

function partitionStats(partition: number, isLeader: boolean): PartitionStats {
  return {
    topic: 'orders',
    partition,
    isLeader,
    sizeBytes: 1000,
    logStartOffset: 5,
    logEndOffset: 25,
    segmentCount: 2,
    lagRecords: isLeader ? -1 : 4,
    replicaCount: 3,
    inSyncCount: 2,
    minInsyncReplicas: 2,
    leaderId: 1,
    isPreferredLeader: true,
    lastStableLagRecords: 0,
  };
}

const sources: MetricSources = {
  brokerState: () => 3,
  topics: () => [
    {
      topic: 'orders',
      messagesIn: 10,
      bytesIn: 100,
      bytesOut: 50,
      bytesRejected: 1,
      produceRequests: 2,
      fetchRequests: 3,
      failedProduceRequests: 0,
      failedFetchRequests: 0,
    },
    {
      topic: 'bills',
      messagesIn: 5,
      bytesIn: 20,
      bytesOut: 0,
      bytesRejected: 0,
      produceRequests: 1,
      fetchRequests: 0,
      failedProduceRequests: 1,
      failedFetchRequests: 0,
    },
  ],
  replicas: () => ({
    leaderCount: 1,
    partitionCount: 2,
    offlineReplicaCount: 0,
    underReplicatedCount: 1,
    underMinIsrCount: 0,
    atMinIsrCount: 1,
    isrShrinks: 4,
    corruptBatches: 2,
    isrExpands: 3,
    failedIsrUpdates: 0,
    replicationBytesIn: 7,
    replicationBytesOut: 8,
    maxLagRecords: 4,
    offlineLogDirCount: 0,
  }),
  partitions: () => [partitionStats(0, true), partitionStats(1, false)],
  controller: () => ({
    isActive: false,
    activeBrokerCount: 3,
    fencedBrokerCount: 0,
    topicCount: 2,
    partitionCount: 3,
    offlinePartitionCount: 0,
    preferredReplicaImbalanceCount: 0,
    newActiveControllers: 1,
    timedOutHeartbeats: 0,
    metadataErrors: 0,
    uncleanLeaderElections: 0,
    lastAppliedOffset: 99,
  }),
  raft: () => ({ state: 'follower', leaderId: 2, term: 6, votedFor: -1, highWatermark: 99, logEndOffset: 100 }),
  groups: () => ({ byState: new Map([['Stable', 2]]) }),
  groupOffsets: () => [{ group: 'g"1', topic: 'orders', partition: 0, committedOffset: 20, lagRecords: 5 }],
  listeners: () => [{ listener: 'PLAINTEXT', connectionCount: 3, connectionsCreated: 30 }],
  requestQueueSize: () => 1,
};

async function pageOf(options: Partial<MetricsOptions> = {}, feed: (metrics: BrokerMetrics) => void = () => {}): Promise<string> {
  const metrics = new BrokerMetrics({ sources, perPartition: 'auto', includeProcess: false, ...options });
  try {
    feed(metrics);
    return await metrics.text();
  } finally {
    metrics.close();
  }
}

test('the page has the names of the dashboards with the numbers of the sources', async () => {
  const lines = new Set((await pageOf()).split('\n'));
  for (const line of [
    'kafka_server_brokertopicmetrics_messagesin_total 15',
    'kafka_server_brokertopicmetrics_messagesin_total{topic="orders"} 10',
    'kafka_server_brokertopicmetrics_messagesinpersec{topic="bills"} 5',
    'kafka_server_brokertopicmetrics_replicationbytesout_total 8',
    'kafka_server_replicamanager_underreplicatedpartitions 1',
    'kafka_server_replicamanager_isrshrinks_total 4',
    'kafka_server_replicamanager_isrshrinkspersec 4',
    'kafka_controller_kafkacontroller_activecontrollercount 0',
    'kafka_controller_kafkacontroller_globalpartitioncount 3',
    'kafka_controller_controllerstats_uncleanleaderelections_total 0',
    'kafka_cluster_partition_underreplicated{topic="orders",partition="0"} 1',
    'kafka_cluster_partition_atminisr{topic="orders",partition="0"} 1',
    'kafka_log_log_logendoffset{topic="orders",partition="1"} 25',
    'kafka_server_fetcherlagmetrics_consumerlag{topic="orders",partition="1"} 4',
    'kafka_server_raftmetrics_current_leader 2',
    'kafka_server_raftmetrics_current_state{state="follower"} 1',
    'kafka_server_raftmetrics_current_state{state="leader"} 0',
    'kafka_coordinator_group_groupmetadatamanager_numgroups 2',
    'kafka_coordinator_group_groupmetadatamanager_numgroupsstable 2',
    'kafka_consumergroup_lag{consumergroup="g\\"1",topic="orders",partition="0"} 5',
    'kafka_server_socket_server_metrics_connection_count{listener="PLAINTEXT"} 3',
    'kafka_server_brokerstate 3',
  ]) {
    assert.ok(lines.has(line), line);
  }
});

test('series of the whole cluster and of a leader come from one broker only', async () => {
  const page = await pageOf();
  assert.ok(!/^kafka_brokers /m.test(page));
  assert.ok(!page.includes('kafka_cluster_partition_replicascount{topic="orders",partition="1"}'));
});

test('every line of the page is a comment or a sample, and no family comes twice', async () => {
  const page = await pageOf({ includeProcess: true }, (metrics) => metrics.fsyncDuration.observe(0.002));
  const families: string[] = [];
  for (const line of page.split('\n')) {
    if (line === '') continue;
    const type = /^# TYPE (\S+) (gauge|counter|histogram|summary)$/.exec(line);
    if (type !== null) families.push(type[1] ?? '');
    else assert.match(line, /^# HELP |^[a-z_:][a-z0-9_:]*(\{[^\n]*\})? (-?[0-9.e+-]+|NaN|[+-]Inf)$/i, line);
  }
  assert.equal(new Set(families).size, families.length);
  assert.ok(page.endsWith('\n'));
  assert.ok(page.includes('process_cpu_seconds_total'));
});

test('a scrape does not count twice what it reads again, and soon after it gets the same page', async () => {
  let messagesIn = 10;
  const growing: MetricSources = {
    ...sources,
    topics: () => [...sources.topics()].map((topic) => ({ ...topic, messagesIn })),
  };
  const messages = async (metrics: BrokerMetrics): Promise<string | undefined> =>
    /messagesin_total\{topic="orders"\} (\d+)/.exec(await metrics.text())?.[1];
  const uncached = new BrokerMetrics({ sources: growing, perPartition: 'off', includeProcess: false, cacheMs: 0 });
  const cached = new BrokerMetrics({ sources: growing, perPartition: 'off', includeProcess: false, cacheMs: 60_000 });
  assert.deepEqual([await messages(uncached), await messages(cached)], ['10', '10']);
  messagesIn = 12;
  assert.deepEqual([await messages(uncached), await messages(cached)], ['12', '10']);
  uncached.close();
  cached.close();
});

test('what a source does not know is not told as 0', async () => {
  const page = await pageOf({ sources: { ...sources, raft: () => null } });
  assert.ok(!/^kafka_server_raftmetrics_current_leader /m.test(page));
});

test('requests are counted by version and error, with their quantiles in milliseconds', async () => {
  const page = await pageOf({}, ({ requests }) => {
    for (let index = 0; index < 99; index++) {
      requests.observe({ api: 'Produce', version: 12, errorCode: 0, localSeconds: 0.0002, remoteSeconds: 0.0006 });
    }
    requests.observe({ api: 'Produce', version: 9, errorCode: 6, localSeconds: 0, remoteSeconds: 4 });
  });
  assert.match(page, /kafka_network_requestmetrics_requests_total\{request="Produce",version="12"\} 99\n/);
  assert.match(page, /kafka_network_requestmetrics_errors_total\{request="Produce",error="6"\} 1\n/);
  assert.match(page, /kafka_network_requestmetrics_totaltimems\{request="Produce",quantile="0\.5"\} 0\.7/);
  assert.match(page, /kafka_network_requestmetrics_totaltimems\{request="Produce",quantile="0\.999"\} [234]\d{3}/);
  assert.match(page, /kafka_network_requestmetrics_localtimems\{request="Produce",quantile="0\.5"\} 0\.1/);
  assert.match(page, /kafka_network_requestmetrics_remotetimems\{request="Produce",quantile="0\.5"\} 0\.7/);
  assert.match(page, /jackdaw_request_duration_seconds_bucket\{api="Produce",le="0\.001"\} 99\n/);
  assert.match(page, /jackdaw_request_duration_seconds_bucket\{api="Produce",le="\+Inf"\} 100\n/);
  assert.match(page, /jackdaw_request_duration_seconds_count\{api="Produce"\} 100\n/);
});

test('auto stops telling of single partitions above its limit, on does not', async () => {
  const many = Array.from({ length: maxAutoPartitions + 1 }, (_, partition) => partitionStats(partition, true));
  const crowded = { ...sources, partitions: () => many };
  assert.ok(!(await pageOf({ sources: crowded })).includes('kafka_log_log_size{'));
  assert.ok((await pageOf({ sources: crowded, perPartition: 'on' })).includes('kafka_log_log_size{'));
});

test('a histogram puts each duration into the first bucket that holds it', () => {
  const histogram = new LatencyHistogram();
  for (const seconds of [0, 0.0001, 0.00011, 0.05, 100]) histogram.observe(seconds);
  const counts = histogram.cumulativeCounts();
  assert.equal(counts[0], 2);
  assert.equal(counts[1], 3);
  assert.equal(counts.at(-1), 4);
  assert.equal(histogram.count, 5);
  assert.equal(histogram.quantile(1), 30);
  assert.equal(new LatencyHistogram().quantile(0.99), 0);
});

test('label values cannot break out of their quotes', () => {
  const text = familyText({ name: 'x', help: 'h', type: 'gauge', samples: [{ labels: { a: 'q"\\\n}' }, value: 1 }] });
  assert.equal(text, '# HELP x h\n# TYPE x gauge\nx{a="q\\"\\\\\\n}"} 1\n');
});
