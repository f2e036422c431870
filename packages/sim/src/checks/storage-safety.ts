/**
 * What a broker owes to its disk, by what is on it.
 *
 *   MarkerIsTaken         while a broker runs, the marker of its last clean stop is not on its disk, durably (B7, A18)
 *   FailedSyncIsFinal     a log one of whose syncs has failed is offline (B9)
 *   RecoveryPointIsTrue   recovery, by the recovery point on disk, begins at a segment before which all is synced (B2, B7)
 *   RecoveredIsSound      what recovery has left in a log are batches with the right CRC, whose epochs never fall (B2, B3, B7)
 */
import type { MemoryFs, PartitionLog } from '@jackdaw/log';
import { batchBaseOffset, batchLeaderEpoch, batchSizeInBytes, isValidCrc } from '@jackdaw/protocol';
import { dataDirectory } from '../node/sim-node.ts';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import { fail } from './check.ts';
import { nameOf, RecoveryPoints, segmentOf } from './recovery-points.ts';
import { segmentPath } from './segment-path.ts';
import type { Family, LiveNode } from './watch.ts';

const markerPath = `${dataDirectory}/.kafka_cleanshutdown`;

interface Seen {
  /** Failed syncs that were looked at. */
  failedSyncs: number;
  readonly points: RecoveryPoints;
}

const lookEveryMs = 50;

export class StorageSafety implements Family {
  readonly #seen = new Map<LiveNode, Seen>();
  readonly #recovered = new WeakSet<PartitionLog>();
  #nextLookMs = 0;

  onStarted(live: LiveNode): void {
    const { disk } = live.node;
    this.#seen.set(live, { failedSyncs: disk.failedSyncs.length, points: new RecoveryPoints(live.node) });
    if (disk.isNameDurable(markerPath)) fail('MarkerIsTaken', `${live.label} runs, and its last stop is marked as clean`);
  }

  onEvent(live: LiveNode): void {
    const seen = this.#seen.get(live);
    if (seen === undefined) return;
    const { disk } = live.node;
    for (; seen.failedSyncs < disk.failedSyncs.length; seen.failedSyncs++) {
      expectOffline(live, disk.failedSyncs[seen.failedSyncs] ?? '');
    }
    if (seen.points.refresh()) expectTrueRecoveryPoints(live, seen.points);
  }

  onTime(cluster: SimCluster): void {
    const { nowMs } = cluster.world.loop;
    if (nowMs < this.#nextLookMs) return;
    this.#nextLookMs = nowMs + lookEveryMs;
    for (const [live, seen] of this.#seen) {
      // The event that has just been may have lowered them.
      seen.points.refresh();
      expectTrueRecoveryPoints(live, seen.points);
      this.#expectSoundLogs(live);
    }
  }

  /** Of a start, each log once. */
  #expectSoundLogs({ cluster, node, services, label }: LiveNode): void {
    if (node.starts === 1 || cluster.damaged.has(node.id)) return;
    for (const log of services.logManager.logs()) {
      if (this.#recovered.has(log) || log.isOffline) continue;
      this.#recovered.add(log);
      const unsound = whatIsUnsound(log, node.disk);
      if (unsound !== null) fail('RecoveredIsSound', `${label}: ${log.name} holds ${unsound}`);
    }
  }

  onDied(live: LiveNode): void {
    this.#seen.delete(live);
  }
}

function expectOffline(live: LiveNode, path: string): void {
  if (!path.endsWith('.log')) return;
  for (const log of live.services.logManager.logs()) {
    if (!path.startsWith(`${log.directory}/`) || log.isOffline) continue;
    fail('FailedSyncIsFinal', `${live.label}: a sync of ${path} has failed, and its log goes on`);
  }
}

function expectTrueRecoveryPoints({ cluster, node, services, label }: LiveNode, points: RecoveryPoints): void {
  if (cluster.damaged.has(node.id)) return;
  for (const log of services.logManager.logs()) {
    const point = points.of(log);
    if (point === undefined || log.isOffline || segmentOf(log, point) <= segmentOf(log, log.recoveryPoint)) continue;
    fail(
      'RecoveryPointIsTrue',
      `${label}: ${nameOf(log)} is recovered from ${point} on, and has to be from ${log.recoveryPoint} on`,
    );
  }
}

/** Least size of a batch. */
const headerBytes = 61;

function whatIsUnsound(log: PartitionLog, disk: MemoryFs): string | null {
  let epoch = -1;
  for (const segment of log.segmentBaseOffsets) {
    const bytes = disk.contentOf(segmentPath(log.directory, segment));
    for (let at = 0; bytes !== null && bytes.length - at >= headerBytes; at += batchSizeInBytes(bytes, at)) {
      const baseOffset = batchBaseOffset(bytes, at);
      // It may just be written.
      if (baseOffset >= log.logEndOffset) return null;
      if (batchSizeInBytes(bytes, at) < headerBytes || !isValidCrc(bytes, at)) return `a damaged batch at ${baseOffset}`;
      const its = batchLeaderEpoch(bytes, at);
      if (its < epoch) return `a batch of epoch ${its} at ${baseOffset}, behind one of epoch ${epoch}`;
      epoch = its;
    }
  }
  return null;
}
