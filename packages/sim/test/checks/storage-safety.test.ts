/**
 * A log in which recovery has left what it should have cut is noticed.
 */
import { test } from 'node:test';
import { StorageSafety } from '../../src/checks/storage-safety.ts';
import type { LiveNode } from '../../src/checks/watch.ts';
import type { SimCluster } from '../../src/cluster/sim-cluster.ts';
import { bites } from './fakes.ts';

const batchBytes = 70;
const lengthAt = 8;
const lengthBefore = 12;

/** Broker 1 in its second start, with one log of one batch that has no CRC. */
function afterRestart(logEndOffset: number): () => void {
  const bytes = new Uint8Array(batchBytes);
  new DataView(bytes.buffer).setInt32(lengthAt, batchBytes - lengthBefore);
  const disk = { failedSyncs: [], isNameDurable: () => false, contentOf: () => bytes };
  const log = { name: 't1-0', directory: 'd', segmentBaseOffsets: [0], logEndOffset, isOffline: false };
  const cluster = { damaged: new Set(), world: { loop: { nowMs: 1_000 } } } as unknown as SimCluster;
  const services = { logManager: { logs: () => [log] } };
  const live = { cluster, node: { id: 1, starts: 2, disk }, services, label: 'node 1, start 2' } as unknown as LiveNode;
  const check = new StorageSafety();
  check.onStarted(live);
  return () => check.onTime(cluster);
}

test('B2: a batch without its CRC that recovery has kept is noticed (RecoveredIsSound)', () => {
  bites('RecoveredIsSound', afterRestart(1));
});

test('what is being written behind the end of the log is not looked at', () => {
  afterRestart(0)();
});
