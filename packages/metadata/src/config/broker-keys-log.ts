/**
 * Broker keys about logs that Jackdaw honours: most of them are the cluster's default of a topic configuration
 * (`topic-keys.ts` says of which), the others steer the log's housekeeping.
 */

import type { ConfigKey, ConfigSynonym } from './config-key.ts';
import { readKeyTable } from './key-table.ts';

/** Names of one value in several units; Kafka lists the whole chain as synonyms of each (`brokerConfigSynonyms`). */
const chains = [
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
];

const synonyms = new Map<string, readonly ConfigSynonym[]>(
  chains.flatMap((chain) => chain.map((name) => [name, chain.map((link) => ({ name: link, multiplier: 1 }))] as const)),
);
synonyms.set('log.flush.interval.ms', [
  { name: 'log.flush.interval.ms', multiplier: 1 },
  { name: 'log.flush.scheduler.interval.ms', multiplier: 1 },
]);

const table = `
compression.gzip.level int -1 1..9|-1 cluster medium
  Default of the topic configuration of the same name.
compression.type string producer {uncompressed,zstd,lz4,snappy,gzip,producer} cluster high
  Default of the topic configuration of the same name: the codec in which batches are stored.
compression.zstd.level int 3 -131072..22 cluster medium
  Default of the topic configuration of the same name.
log.cleanup.policy list delete [compact,delete] cluster medium
  Default of the topic configuration cleanup.policy.
log.dir list ./data - ro high
  Directory of the data when log.dirs is not set. Kafka's default is /tmp/kafka-logs.
log.dirs list null - ro high
  Directories of the data, separated by commas; one directory for each disk. New partitions go where there are fewest.
log.flush.interval.messages long 9223372036854775807 >=1 cluster high
  Default of the topic configuration flush.messages.
log.flush.interval.ms long null - cluster high
  Default of the topic configuration flush.ms; unset, log.flush.scheduler.interval.ms counts.
log.flush.offset.checkpoint.interval.ms int 60000 >=0 ro high
  How often the recovery points are written: what a start after a crash need not read again.
log.flush.scheduler.interval.ms long 9223372036854775807 - ro high
  How often logs are looked through for records that flush.ms says must go to disk; unset, once a second, where Kafka never
  does. It is also the default of log.flush.interval.ms. Without effect in the fsync mode.
log.flush.start.offset.checkpoint.interval.ms int 60000 >=0 ro high
  How often the log start offsets are written.
log.index.interval.bytes int 4096 >=0 cluster medium
  Default of the topic configuration index.interval.bytes.
log.index.size.max.bytes int 10485760 >=4 cluster medium
  Default of the topic configuration segment.index.bytes.
log.message.timestamp.after.max.ms long 3600000 >=0 cluster medium
  Default of the topic configuration message.timestamp.after.max.ms.
log.message.timestamp.before.max.ms long 9223372036854775807 >=0 cluster medium
  Default of the topic configuration message.timestamp.before.max.ms.
log.message.timestamp.type string CreateTime {CreateTime,LogAppendTime} cluster medium
  Default of the topic configuration message.timestamp.type.
log.retention.bytes long -1 - cluster high
  Default of the topic configuration retention.bytes.
log.retention.check.interval.ms long 300000 >=1 ro medium
  How often segments are looked through for what retention allows to delete.
log.retention.hours int 168 - ro high
  Default of the topic configuration retention.ms, in hours; log.retention.minutes and log.retention.ms go before it.
log.retention.minutes int null - ro high
  Default of the topic configuration retention.ms, in minutes; log.retention.ms goes before it.
log.retention.ms long null - cluster high
  Default of the topic configuration retention.ms; -1 is no limit.
log.roll.hours int 168 >=1 ro high
  Default of the topic configuration segment.ms, in hours; log.roll.ms goes before it.
log.roll.jitter.hours int 0 >=0 ro high
  Default of the topic configuration segment.jitter.ms, in hours; log.roll.jitter.ms goes before it.
log.roll.jitter.ms long null - cluster high
  Default of the topic configuration segment.jitter.ms.
log.roll.ms long null - cluster high
  Default of the topic configuration segment.ms.
log.segment.bytes int 1073741824 >=1048576 cluster high
  Default of the topic configuration segment.bytes.
log.segment.delete.delay.ms long 60000 >=0 cluster high
  Default of the topic configuration file.delete.delay.ms.
message.max.bytes int 1048588 >=0 cluster high
  Default of the topic configuration max.message.bytes: the largest record batch that is taken.
min.insync.replicas int 1 >=1 cluster high
  Default of the topic configuration of the same name.
unclean.leader.election.enable boolean false - cluster high
  Default of the topic configuration of the same name.
`;

export const logBrokerKeys: readonly ConfigKey[] = readKeyTable(table, { status: 'honoured', synonyms });
