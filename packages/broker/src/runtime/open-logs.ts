/**
 * Opens the log directories of a broker, and turns what can go wrong into a text for its user.
 */
import {
  defaultOpenSegmentsLimits,
  LogManager,
  makeDirectoryDurable,
  readMetaProperties,
  StorageError,
  type Fs,
  type LogConfig,
  type PartitionLog,
} from '@jackdaw/log';
import { buggify } from '@jackdaw/base';
import { effectiveTopicConfig } from '@jackdaw/metadata';
import { uuidBytes, uuidOf } from '@jackdaw/protocol';
import { nodeCodecs } from '../codecs/codecs.ts';
import type { BrokerConfig } from '../config/broker-config.ts';
import { clusterIdOf } from '../quorum/voters.ts';
import { offsetsTopic } from '../groups/group-service.ts';
import { logConfigOf } from '../replica/topic-configs.ts';
import { idleSegmentLimit } from '../platform/descriptors.ts';
import type { Platform } from '../platform/platform.ts';
import type { BrokerLog } from './broker-log.ts';
import { forgetLastRegistration, wasRegisteredHere } from './last-registration.ts';

export interface OpenLogsOptions {
  readonly platform: Platform;
  readonly log: BrokerLog;
  readonly onDurable: (log: PartitionLog) => void;
  /** A group commit took so long. */
  readonly onSynced: (durationMs: number) => void;
  readonly onOffline: (directory: string, error: Error) => void;
  /** Where the last registration is kept. */
  readonly registrationDirectory: string;
}

/** Recent batches kept in memory for followers and tailing consumers. */
const tailCache = { maxTotalBytes: 16 * 1024 * 1024, maxBytesPerLog: 1024 * 1024 };

export async function openLogs(config: BrokerConfig, options: OpenLogsOptions): Promise<LogManager> {
  for (const directory of config.logDirs) makeDirectoryDurable(options.platform.fs, directory);
  const manager = await openDirectories(config, options);
  for (const { directory, error } of manager.unreadable)
    options.log.error(error, 'a partition could not be opened', { directory });
  for (const directory of manager.missing)
    options.log.warn({ directory }, 'a partition is gone from the disk: this broker has to catch up before it may lead');
  for (const log of manager.logs()) reportRecovery(options.log, log);
  // Of a partition that is gone altogether a later start may know nothing any more.
  if (manager.missing.length > 0) forgetLastRegistration(options.platform.fs, options.registrationDirectory);
  return manager;
}

async function openDirectories(config: BrokerConfig, options: OpenLogsOptions): Promise<LogManager> {
  const { fs, clock, processes, random, scheduler } = options.platform;
  const opening = LogManager.open({
    fs,
    clock,
    directories: config.logDirs,
    clusterId: clusterIdFor(config, fs),
    nodeId: config.nodeId,
    configOf: configsAtStart(config, !wasRegisteredHere(fs, config.logDirs)),
    maxProducerIdExpirationMs: () => config.view.number('producer.id.expiration.ms'),
    openSegments: { ...defaultOpenSegmentsLimits, maxOpenSegments: idleSegmentLimit(options.platform.maxDescriptors) },
    tailCache: buggify('broker: no tail cache') ? { maxTotalBytes: 0, maxBytesPerLog: 0 } : tailCache,
    codecs: nodeCodecs,
    processes,
    newUuid: () => uuidOf(random.bytes(uuidBytes)),
    onDamage: () => forgetLastRegistration(fs, options.registrationDirectory),
    minFreeBytes: () => config.view.number('jackdaw.log.min.free.bytes'),
    defer: (callback) => scheduler.defer(callback),
    onDurable: options.onDurable,
    onSynced: options.onSynced,
    onDirectoryOffline: (directory, error) => options.onOffline(directory.path, error),
  });
  return opening.catch((error: unknown) => {
    // A failure of an open file knows no path; the user must at least know where to look.
    if (!(error instanceof StorageError) || error.path !== '') throw error;
    const where = config.logDirs.join(',');
    throw new StorageError(error.kind, where, `${error.message}: log.dirs=${where}`, error);
  });
}

/** Configured, or what the directories say, or what follows from the voters that all nodes are told; null makes a new one. */
function clusterIdFor(config: BrokerConfig, fs: Fs): string | null {
  if (config.clusterId !== null) return config.clusterId;
  for (const directory of config.logDirs) {
    const found = readMetaProperties(fs, directory)?.clusterId;
    if (found !== undefined) return found;
  }
  return config.view.list('controller.quorum.voters').length > 0 ? clusterIdOf(config.voters) : null;
}

/**
 * Before the metadata is there, a topic is opened with the broker's defaults; the metadata corrects it. Offsets are missing
 * in the middle of a log only where Kafka has compacted it: what we wrote ourselves has none, and a gap there is a lost
 * tail that a crash has left (B2).
 */
function configsAtStart(config: BrokerConfig, mayBeOfKafka: boolean): (topicName: string) => LogConfig {
  // Worked out once: there may be thousands of partitions.
  const topic = effectiveTopicConfig(new Map(), config.view);
  const ordinary = logConfigOf(topic, config.durability);
  const offsets = logConfigOf({ ...topic, isDeleting: false, isCompacting: mayBeOfKafka }, config.durability);
  return (topicName) => (topicName === offsetsTopic ? offsets : ordinary);
}

function reportRecovery(log: BrokerLog, { name, recovery }: PartitionLog): void {
  const { truncatedBytes, deletedSegments, lostDurableRecords, wasCutInTheMiddle } = recovery;
  if (truncatedBytes === 0 && deletedSegments === 0 && !lostDurableRecords) return;
  const isDamaged = lostDurableRecords || wasCutInTheMiddle;
  const what = isDamaged ? 'log was damaged on disk: cut before the damage' : 'log repaired after an unclean stop';
  log.warn({ partition: name, truncatedBytes, deletedSegments, lostDurableRecords, wasCutInTheMiddle }, what);
}
