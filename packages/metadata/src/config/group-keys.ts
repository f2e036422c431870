/**
 * Configurations of single groups (ConfigResource GROUP) and of client-metrics subscriptions (CLIENT_METRICS), as in
 * Kafka 4.3.1 (`GroupConfig`, `ClientMetricsConfigs`). The broker keys `group.consumer.*`, `group.share.*` and
 * `group.streams.*` supply their defaults.
 */

import type { ConfigSynonym, ConfigTable, ConfigValue } from './config-key.ts';
import { readKeyTable, tableOf, type CustomRule } from './key-table.ts';

const withBrokerSynonym = [
  'consumer.assignment.interval.ms',
  'consumer.heartbeat.interval.ms',
  'consumer.session.timeout.ms',
  'share.assignment.interval.ms',
  'share.delivery.count.limit',
  'share.heartbeat.interval.ms',
  'share.partition.max.record.locks',
  'share.record.lock.duration.ms',
  'share.session.timeout.ms',
  'streams.assignment.interval.ms',
  'streams.heartbeat.interval.ms',
  'streams.initial.rebalance.delay.ms',
  'streams.num.standby.replicas',
  'streams.session.timeout.ms',
];
const withoutSynonym = ['share.auto.offset.reset', 'share.isolation.level', 'share.renew.acknowledge.enable'];

const synonyms: ReadonlyMap<string, readonly ConfigSynonym[]> = new Map([
  ...withBrokerSynonym.map((name): [string, ConfigSynonym[]] => [name, [{ name: `group.${name}`, multiplier: 1 }]]),
  ...withoutSynonym.map((name): [string, ConfigSynonym[]] => [name, []]),
]);

const rules: ReadonlyMap<string, CustomRule> = new Map([
  [
    'share-reset',
    {
      text: 'be earliest, latest or by_duration:<ISO 8601 duration>',
      check: (value: ConfigValue) => checkShareReset(value),
    },
  ],
]);

const table = `
consumer.assignment.interval.ms int 1000 >=0 cluster medium
  Shortest time between two assignments of a group of the consumer protocol.
consumer.heartbeat.interval.ms int 5000 >=1 cluster medium
  Heartbeat interval told to members of a group of the consumer protocol.
consumer.session.timeout.ms int 45000 >=1 cluster medium
  Silence after which a member of a group of the consumer protocol is removed.
share.assignment.interval.ms int 1000 >=0 cluster medium
  Shortest time between two assignments of a share group.
share.auto.offset.reset string latest @share-reset cluster medium
  Where a share group starts in a partition that it has not read.
share.delivery.count.limit int 5 >=2 cluster medium
  Delivery attempts of one record of a share group.
share.heartbeat.interval.ms int 5000 >=1 cluster medium
  Heartbeat interval told to members of a share group.
share.isolation.level string read_uncommitted {read_committed,read_uncommitted} cluster medium
  Whether a share group sees records of open and aborted transactions.
share.partition.max.record.locks int 2000 >=100 cluster medium
  Records of one partition that a share group may hold at once.
share.record.lock.duration.ms int 30000 >=1000 cluster medium
  How long a share consumer holds a record that it was given.
share.renew.acknowledge.enable boolean true - cluster medium
  Whether a share consumer may renew its hold on a record.
share.session.timeout.ms int 45000 >=1 cluster medium
  Silence after which a member of a share group is removed.
streams.assignment.interval.ms int 1000 >=0 cluster medium
  Shortest time between two assignments of a streams group.
streams.heartbeat.interval.ms int 5000 >=1 cluster medium
  Heartbeat interval told to members of a streams group.
streams.initial.rebalance.delay.ms int 3000 >=0 cluster medium
  Wait for further members before a new streams group is assigned.
streams.num.standby.replicas int 0 >=0 cluster medium
  Standby replicas of each task of a streams group.
streams.session.timeout.ms int 45000 >=1 cluster medium
  Silence after which a member of a streams group is removed.
`;

const clientMetrics = `
interval.ms int 300000 100..3600000 cluster medium
  How often clients push the metrics of this subscription.
match list '' - cluster medium
  Which clients the subscription is for: selector=pattern pairs.
metrics list '' - cluster medium
  Prefixes of the metrics that clients push; * is all of them.
`;

export const groupConfigKeys: ConfigTable = tableOf(readKeyTable(table, { status: 'accepted', synonyms, rules }));

/** No broker key stands behind these. */
const clientMetricsSynonyms = new Map(['interval.ms', 'match', 'metrics'].map((name): [string, ConfigSynonym[]] => [name, []]));

export const clientMetricsConfigKeys: ConfigTable = tableOf(
  readKeyTable(clientMetrics, { status: 'accepted', synonyms: clientMetricsSynonyms }),
);

function checkShareReset(value: ConfigValue): string | null {
  const text = String(value).toLowerCase();
  if (text === 'earliest' || text === 'latest' || /^by_duration:p(?=\w)[\dymwdths.]+$/.test(text)) return null;
  return 'The value must be earliest, latest or of the format by_duration:<PnDTnHnMn.nS>.';
}
