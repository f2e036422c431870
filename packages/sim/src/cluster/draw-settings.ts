/**
 * Broker configuration of a run: values that make frequent what is rare with the defaults (rolled segments, snapshots of the
 * metadata, checkpoints, followers that lag), each left out in some runs.
 */
import type { Prng } from '@jackdaw/base';
import type { WorldKnobs } from '../world/world.ts';

export interface SettingsInput {
  readonly knobs: WorldKnobs;
  /** That run from the start. */
  readonly brokers: number;
  /** Only what a quiet test needs. */
  readonly isPlain?: boolean;
}

export function drawSettings(prng: Prng, { knobs, brokers, isPlain = false }: SettingsInput): Record<string, string> {
  const replicationFactor = Math.min(3, brokers);
  const settings: Record<string, string | number> = {
    'admin.port': -1,
    // The machines' clocks are an hour wrong, and clients' records must still be taken.
    'log.message.timestamp.after.max.ms': 30 * 24 * 3_600_000,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 500,
    'offsets.topic.replication.factor': replicationFactor,
    'offsets.topic.num.partitions': isPlain ? 2 : prng.between(1, 4),
    'default.replication.factor': replicationFactor,
    'min.insync.replicas': isPlain ? Math.min(2, replicationFactor) : prng.between(1, Math.min(2, replicationFactor)),
    ...drawTimeouts(prng, knobs),
    ...(isPlain ? {} : { ...drawStorage(prng), ...drawReplication(prng), ...drawRest(prng) }),
  };
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]));
}

/** Short, yet long enough for the network of the run. */
function drawTimeouts(prng: Prng, { network, disk }: WorldKnobs): Record<string, number> {
  const roundTripMs = 3 * network.meanDelayMs + 2 * disk.meanSyncMs;
  const electionMs = Math.max(pick(prng, [200, 500, 500, 1_000, 1_000]), Math.ceil(6 * roundTripMs));
  const heartbeatMs = Math.max(pick(prng, [100, 200, 500, 1_000]), Math.ceil(roundTripMs));
  return {
    'controller.quorum.election.timeout.ms': electionMs,
    'broker.heartbeat.interval.ms': heartbeatMs,
    'broker.session.timeout.ms': Math.max(2 * heartbeatMs, pick(prng, [500, 1_000, 2_000, 5_000, 9_000])),
    'broker.disconnect.fencing.ms': pick(prng, [0, 100, 500, 1_000]),
  };
}

function drawStorage(prng: Prng): Record<string, string | number> {
  return {
    ...maybe(prng, 0.6, { 'log.index.interval.bytes': pick(prng, [0, 64, 300, 1_000]) }),
    // A full index closes its segment: the way to small ones, for log.segment.bytes is a mebibyte at least.
    ...maybe(prng, 0.5, { 'log.index.size.max.bytes': pick(prng, [16, 32, 64, 256]) }),
    ...maybe(prng, 0.3, { 'log.roll.ms': pick(prng, [200, 1_000, 3_000]) }),
    ...maybe(prng, 0.5, { 'log.segment.delete.delay.ms': pick(prng, [0, 100, 1_000]) }),
    ...maybe(prng, 0.6, { 'log.flush.offset.checkpoint.interval.ms': pick(prng, [100, 300, 1_000]) }),
    ...maybe(prng, 0.4, { 'log.flush.start.offset.checkpoint.interval.ms': pick(prng, [100, 500]) }),
    ...maybe(prng, 0.6, { 'replica.high.watermark.checkpoint.interval.ms': pick(prng, [100, 300, 1_000]) }),
    ...maybe(prng, 0.5, { 'log.retention.check.interval.ms': pick(prng, [200, 1_000]) }),
    ...maybe(prng, 0.1, { 'jackdaw.durability': 'page-cache' }),
    ...maybe(prng, 0.2, { 'log.message.timestamp.type': 'LogAppendTime' }),
    ...maybe(prng, 0.2, { 'log.flush.interval.messages': prng.between(1, 20) }),
    ...maybe(prng, 0.6, { 'metadata.log.max.record.bytes.between.snapshots': pick(prng, [300, 1_000, 4_000]) }),
    ...maybe(prng, 0.3, { 'metadata.log.max.snapshot.interval.ms': pick(prng, [200, 1_000]) }),
  };
}

function drawReplication(prng: Prng): Record<string, string | number> {
  return {
    ...maybe(prng, 0.7, { 'replica.lag.time.max.ms': pick(prng, [200, 500, 1_000, 3_000]) }),
    ...maybe(prng, 0.3, { 'replica.fetch.max.bytes': pick(prng, [200, 1_000, 10_000]) }),
    ...maybe(prng, 0.3, { 'replica.fetch.response.max.bytes': pick(prng, [500, 5_000]) }),
    ...maybe(prng, 0.4, { 'replica.fetch.backoff.ms': pick(prng, [20, 100]) }),
    ...maybe(prng, 0.5, { 'leader.imbalance.check.interval.seconds': pick(prng, [1, 3]) }),
    ...maybe(prng, 0.2, { 'auto.leader.rebalance.enable': 'false' }),
    ...maybe(prng, 0.03, { 'unclean.leader.election.enable': 'true' }),
  };
}

function drawRest(prng: Prng): Record<string, string | number> {
  return {
    ...maybe(prng, 0.3, { 'max.incremental.fetch.session.cache.slots': pick(prng, [0, 1, 3]) }),
    ...maybe(prng, 0.3, { 'request.timeout.ms': pick(prng, [500, 2_000]) }),
    ...maybe(prng, 0.3, { 'offsets.commit.timeout.ms': pick(prng, [500, 2_000]) }),
    ...maybe(prng, 0.2, { 'controlled.shutdown.enable': 'false' }),
    ...maybe(prng, 0.2, { 'connections.max.idle.ms': pick(prng, [500, 3_000]) }),
    ...maybe(prng, 0.3, { 'offsets.load.buffer.size': pick(prng, [500, 5_000]) }),
    ...maybe(prng, 0.5, { 'auto.create.topics.enable': 'false' }),
  };
}

/** The value, drawn or fixed, is taken with the given probability. */
function maybe(prng: Prng, chance: number, setting: Readonly<Record<string, string | number>>): typeof setting {
  return prng.chance(chance) ? setting : {};
}

function pick<T>(prng: Prng, values: readonly T[]): T {
  return values[prng.below(values.length)] as T;
}
