/**
 * Every topic configuration of Kafka 4.3.1, with the broker keys that supply its default. Defaults, ranges and the
 * order of synonyms are Kafka's (`LogConfig`, `ServerTopicConfigSynonyms`), for tools and Terraform files compare them.
 */

import type { ConfigSynonym, ConfigTable, ConfigValue } from './config-key.ts';
import { readKeyTable, tableOf, type CustomRule } from './key-table.ts';

const hourMs = 3_600_000;
const minuteMs = 60_000;

const same = (name: string): readonly ConfigSynonym[] => [{ name, multiplier: 1 }];

/** Topic configuration → broker keys, highest priority first: the first one that is set supplies the default. */
const synonyms: ReadonlyMap<string, readonly ConfigSynonym[]> = new Map([
  ['cleanup.policy', same('log.cleanup.policy')],
  ['compression.gzip.level', same('compression.gzip.level')],
  ['compression.lz4.level', same('compression.lz4.level')],
  ['compression.type', same('compression.type')],
  ['compression.zstd.level', same('compression.zstd.level')],
  ['delete.retention.ms', same('log.cleaner.delete.retention.ms')],
  ['file.delete.delay.ms', same('log.segment.delete.delay.ms')],
  ['flush.messages', same('log.flush.interval.messages')],
  ['flush.ms', [...same('log.flush.interval.ms'), ...same('log.flush.scheduler.interval.ms')]],
  ['follower.replication.throttled.replicas', []],
  ['index.interval.bytes', same('log.index.interval.bytes')],
  ['leader.replication.throttled.replicas', []],
  ['local.retention.bytes', same('log.local.retention.bytes')],
  ['local.retention.ms', same('log.local.retention.ms')],
  ['max.compaction.lag.ms', same('log.cleaner.max.compaction.lag.ms')],
  ['max.message.bytes', same('message.max.bytes')],
  ['message.timestamp.after.max.ms', same('log.message.timestamp.after.max.ms')],
  ['message.timestamp.before.max.ms', same('log.message.timestamp.before.max.ms')],
  ['message.timestamp.type', same('log.message.timestamp.type')],
  ['min.cleanable.dirty.ratio', same('log.cleaner.min.cleanable.ratio')],
  ['min.compaction.lag.ms', same('log.cleaner.min.compaction.lag.ms')],
  ['min.insync.replicas', same('min.insync.replicas')],
  ['preallocate', same('log.preallocate')],
  ['remote.log.copy.disable', []],
  ['remote.log.delete.on.disable', []],
  ['remote.storage.enable', []],
  ['retention.bytes', same('log.retention.bytes')],
  [
    'retention.ms',
    [
      ...same('log.retention.ms'),
      { name: 'log.retention.minutes', multiplier: minuteMs },
      { name: 'log.retention.hours', multiplier: hourMs },
    ],
  ],
  ['segment.bytes', same('log.segment.bytes')],
  ['segment.index.bytes', same('log.index.size.max.bytes')],
  ['segment.jitter.ms', [...same('log.roll.jitter.ms'), { name: 'log.roll.jitter.hours', multiplier: hourMs }]],
  ['segment.ms', [...same('log.roll.ms'), { name: 'log.roll.hours', multiplier: hourMs }]],
  ['unclean.leader.election.enable', same('unclean.leader.election.enable')],
]);

const rules: ReadonlyMap<string, CustomRule> = new Map([
  [
    'throttled-replicas',
    { text: "be '*' or a list of partition:broker pairs", check: (value: ConfigValue) => checkThrottledReplicas(value) },
  ],
  ['no-remote', { text: 'be false: there is no tiered storage', check: (value: ConfigValue) => checkRemoteStorage(value) }],
]);

const honoured = `
cleanup.policy list delete [compact,delete] cluster medium
  What happens to old segments: delete deletes them by age and size; compact is taken (and records without a key are
  refused, as in Kafka), but topics are not compacted in this version: with compact alone, or with neither, every record is
  kept for ever.
compression.gzip.level int -1 1..9|-1 cluster medium
  Level with which the broker compresses again when compression.type is gzip.
compression.type string producer {uncompressed,zstd,lz4,snappy,gzip,producer} cluster medium
  Codec in which batches are stored; producer keeps what the producer chose, without touching the bytes.
compression.zstd.level int 3 -131072..22 cluster medium
  Level with which the broker compresses again when compression.type is zstd.
file.delete.delay.ms long 60000 >=0 cluster medium
  Wait between taking a segment out of the log and removing its files.
flush.messages long 9223372036854775807 >=1 cluster medium
  Records after which a log is forced to disk in any case; in the fsync mode every acknowledged record already is.
flush.ms long 9223372036854775807 >=0 cluster medium
  Longest time that a record may wait before its log is forced to disk; in the fsync mode every acknowledged record already is.
index.interval.bytes int 4096 >=0 cluster medium
  Bytes of log between two entries of the offset index.
max.message.bytes int 1048588 >=0 cluster medium
  Largest record batch (as sent, compressed) that a partition takes, its header of 12 log-overhead bytes included.
message.timestamp.after.max.ms long 3600000 >=0 cluster medium
  How far ahead of the broker's clock a record's CreateTime may be before the batch is refused.
message.timestamp.before.max.ms long 9223372036854775807 >=0 cluster medium
  How far behind the broker's clock a record's CreateTime may be before the batch is refused.
message.timestamp.type string CreateTime {CreateTime,LogAppendTime} cluster medium
  Whether records keep the producer's timestamp or get the broker's when they are appended.
min.insync.replicas int 1 >=1 cluster medium
  In-sync replicas without which a write with acks=all is refused (NOT_ENOUGH_REPLICAS).
retention.bytes long -1 - cluster medium
  Size of one partition beyond which its oldest segments are deleted; -1 is no limit.
retention.ms long 604800000 >=-1 cluster medium
  Age beyond which segments are deleted; -1 is no limit.
segment.bytes int 1073741824 >=1048576 cluster medium
  Size at which a segment is closed and a new one is begun.
segment.index.bytes int 10485760 >=4 cluster medium
  Largest size of a segment's offset index; a full index also closes the segment.
segment.jitter.ms long 0 >=0 cluster medium
  Up to this much is taken off segment.ms at random, so that segments do not all roll at once.
segment.ms long 604800000 >=1 cluster medium
  Age at which a segment is closed even when it is not full.
unclean.leader.election.enable boolean false - cluster medium
  Whether a replica outside the ISR may become leader when no other is left, losing acknowledged records.
`;

const accepted = `
compression.lz4.level int 9 1..17 cluster medium
  Level with which the broker compresses again when compression.type is lz4; there is one level here.
delete.retention.ms long 86400000 >=0 cluster medium
  How long a tombstone stays readable in a compacted topic; topics are not compacted in this version.
max.compaction.lag.ms long 9223372036854775807 >=1 cluster medium
  Longest time that a record of a compacted topic may stay out of compaction; topics are not compacted in this version.
min.cleanable.dirty.ratio double 0.5 0..1 cluster medium
  Share of uncompacted bytes from which on a log is worth compacting; topics are not compacted in this version.
min.compaction.lag.ms long 0 >=0 cluster medium
  Shortest time that a record stays out of compaction; topics are not compacted in this version.
follower.replication.throttled.replicas list '' @throttled-replicas cluster medium
  Replicas whose incoming replication Kafka throttles; there is no replication throttle here.
leader.replication.throttled.replicas list '' @throttled-replicas cluster medium
  Replicas whose outgoing replication Kafka throttles; there is no replication throttle here.
local.retention.bytes long -2 >=-2 cluster medium
  Size kept locally by tiered storage; there is no tiered storage here.
local.retention.ms long -2 >=-2 cluster medium
  Age kept locally by tiered storage; there is no tiered storage here.
preallocate boolean false - cluster medium
  Kafka reserves a new segment's full size on disk; segments grow as they are written here.
remote.log.copy.disable boolean false - cluster medium
  A switch of tiered storage, which is not there.
remote.log.delete.on.disable boolean false - cluster medium
  A switch of tiered storage, which is not there.
remote.storage.enable boolean false @no-remote cluster medium
  Tiered storage, which is not there: true is refused.
`;

export const topicConfigKeys: ConfigTable = tableOf(
  readKeyTable(honoured, { status: 'honoured', synonyms, rules }),
  readKeyTable(accepted, { status: 'accepted', synonyms, rules }),
);

function checkThrottledReplicas(value: ConfigValue): string | null {
  const items: readonly string[] = Array.isArray(value) ? value : [];
  if (items.join('') === '*' || items.every((item) => /^([0-9]+:[0-9]+)?$/.test(item))) return null;
  return "it must be the literal '*' or a list of replicas in the format [partitionId]:[brokerId],[partitionId]:[brokerId],...";
}

/** Kafka's answer when the cluster has no tiered storage. */
function checkRemoteStorage(value: ConfigValue): string | null {
  if (value !== true) return null;
  return 'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.';
}
