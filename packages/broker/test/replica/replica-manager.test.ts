/**
 * What a broker does with directories that do not fit the metadata that it has, and with a disk that has no room for a log.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError, ManualClock, Prng } from '@jackdaw/base';
import { defaultLogConfig, makeDirectoryDurable, MemoryFs, type LogManager, type PartitionLog } from '@jackdaw/log';
import { batchLeaderEpoch, batchSizeInBytes, encodeBatch, uuidOf } from '@jackdaw/protocol';
import type { DesiredPartition } from '../../src/replica/hosted-partition.ts';
import { ReplicaManager } from '../../src/replica/replica-manager.ts';
import { openTestLogs } from '../test-logs.ts';

const formerId = uuidOf(new Uint8Array(16).fill(1));
const laterId = uuidOf(new Uint8Array(16).fill(2));
const topicName = 'phoenix';
const nodeId = 1;

interface Disk {
  readonly fs: MemoryFs;
  readonly clock: ManualClock;
}

function newDisk(): Disk {
  const fs = new MemoryFs();
  makeDirectoryDurable(fs, '/data');
  return { fs, clock: new ManualClock(0, 1_760_000_000_000) };
}

interface Broker {
  readonly logs: LogManager;
  readonly replicas: ReplicaManager;
  readonly quarantined: string[];
  readonly failures: unknown[];
  /** Offsets from which on a log was found damaged. */
  readonly damage: number[];
  /** Offsets from which on batches have been given their leader's epoch. */
  readonly mended: number[];
  /** Damage for which there is no other replica. */
  readonly unmended: (number | null)[];
}

/** A broker that starts on the disk, with the locks of those before it broken. */
async function start({ fs, clock }: Disk): Promise<Broker> {
  const logs = await openTestLogs({ fs, clock });
  const quarantined: string[] = [];
  const failures: unknown[] = [];
  const damage: number[] = [];
  const mended: number[] = [];
  const unmended: (number | null)[] = [];
  const replicas = new ReplicaManager({
    nodeId,
    logManager: logs,
    clock,
    logConfig: () => defaultLogConfig,
    minInsyncReplicas: () => 1,
    replicaLagTimeMaxMs: () => 1_000,
    broker: () => ({ brokerEpoch: 1, isFenced: false, isShuttingDown: false }),
    follow: () => undefined,
    unfollow: () => undefined,
    followerDurable: () => undefined,
    isrMayChange: () => undefined,
    isrUnsettled: () => undefined,
    onRole: () => undefined,
    directoryMayDiffer: () => undefined,
    events: {
      onBecameLeader: () => undefined,
      onBecameFollower: () => undefined,
      onTruncated: () => undefined,
      onFailure: (_, error) => void failures.push(error),
      onCorrupt: (_, offset) => void damage.push(offset),
      onLastCopy: ({ damagedFrom }) => void unmended.push(damagedFrom),
      onEpochsMended: (_, offset) => void mended.push(offset),
      onRefetching: () => undefined,
      onRemoved: () => undefined,
      onQuarantined: (name) => void quarantined.push(name),
    },
  });
  return { logs, replicas, quarantined, failures, damage, mended, unmended };
}

function keyOf(topicId: string): { topicName: string; topicId: string; partition: number } {
  return { topicName, topicId, partition: 0 };
}

function leading(leaderEpoch: number): DesiredPartition {
  const state = { leader: nodeId, leaderEpoch, partitionEpoch: 0, replicas: [nodeId], isr: [nodeId] };
  return { state, isRecovering: false, isLost: false, isOnlyCandidate: true, directoryId: null };
}

/** Waits until what was begun has come to its end; nothing here takes longer than some turns of the event loop. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The disk of a broker that had records of the later topic when it was killed. */
async function diskOfLaterTopic(): Promise<Disk> {
  const disk = newDisk();
  const { logs } = await start(disk);
  const log = await logs.getOrCreate(keyOf(laterId), defaultLogConfig);
  log.appendAsFollower(encodeBatch({ records: [{ key: null, value: Buffer.from('acknowledged') }], leaderEpoch: 0 }));
  await settle();
  disk.fs.crash('processOnly', new Prng(1));
  return disk;
}

test('A25: metadata older than the disk does not cost the records of a topic that was made anew since', async () => {
  const { replicas, quarantined } = await start(await diskOfLaterTopic());
  replicas.update(keyOf(formerId), leading(3));
  await settle();
  assert.deepEqual(quarantined, []);
  // The controller tells what happened since.
  replicas.remove(formerId, 0);
  replicas.update(keyOf(laterId), leading(1));
  await settle();
  const log = replicas.getById(laterId, 0)?.log;
  assert.equal(log?.logEndOffset, 1);
  assert.deepEqual(quarantined, []);
});

test('A25: a directory of another topic is put aside when the metadata is up to date', async () => {
  const { replicas, quarantined } = await start(await diskOfLaterTopic());
  replicas.update(keyOf(formerId), leading(3));
  await settle();
  await replicas.onMetadataCurrent();
  await settle();
  assert.deepEqual(quarantined, [`${topicName}-0`]);
  assert.equal(replicas.getById(formerId, 0)?.log?.logEndOffset, 0);
});

test('B10: a partition that a full disk had no room for is opened when there is some, and nothing is left over', async () => {
  const disk = newDisk();
  const { replicas, failures } = await start(disk);
  disk.fs.capacityBytes = 0;
  replicas.update(keyOf(formerId), leading(0));
  await settle();
  assert.equal(failures.length, 1);
  replicas.openAgain();
  await settle();
  assert.equal(replicas.getById(formerId, 0)?.log, null, 'it waits a moment before the next try');
  disk.fs.capacityBytes = Infinity;
  disk.clock.advance(1_000);
  replicas.openAgain();
  await settle();
  assert.equal(replicas.getById(formerId, 0)?.role.kind, 'leader');
  assert.deepEqual(
    disk.fs.list('/data').filter((name) => name.startsWith(topicName)),
    [`${topicName}-0`],
  );
});

/** A disk with batches of one record each, of such epochs, on which a broker was killed; and the log as it was. */
async function diskWithEpochs(epochs: readonly number[]): Promise<Disk & { readonly log: PartitionLog }> {
  const disk = newDisk();
  const { logs } = await start(disk);
  const log = await logs.getOrCreate(keyOf(laterId), defaultLogConfig);
  for (const leaderEpoch of epochs) {
    const records = [{ key: null, value: Buffer.from(`in ${leaderEpoch}`) }];
    log.appendAsFollower(encodeBatch({ records, leaderEpoch, baseOffset: log.logEndOffset }));
  }
  await settle();
  disk.fs.crash('processOnly', new Prng(1));
  return { ...disk, log };
}

test('B3: an epoch that no leader has been given is damage, once the metadata is up to date', async () => {
  const { log, ...disk } = await diskWithEpochs([0, 0, 512]);
  const { replicas, damage } = await start(disk);
  replicas.update(keyOf(laterId), leading(3));
  await settle();
  assert.equal(replicas.getById(laterId, 0)?.role.kind, 'none', 'it does not lead in an epoch that its log is past');
  assert.deepEqual(damage, [], 'metadata that is older than the disk proves nothing');
  await replicas.onMetadataCurrent();
  assert.deepEqual(damage, [2]);
  const state = { leader: 2, leaderEpoch: 4, partitionEpoch: 1, replicas: [nodeId, 2], isr: [2] };
  replicas.update(keyOf(laterId), { ...leading(4), state });
  assert.equal(replicas.getById(laterId, 0)?.role.kind, 'none', 'nor does it follow before it was cut');
  replicas.update(keyOf(laterId), { ...leading(4), state: { ...state, partitionEpoch: 2 }, isLost: true });
  assert.equal(replicas.getById(laterId, 0)?.role.kind, 'follower');
  assert.equal(log.logEndOffset, 3);
  assert.equal(replicas.getById(laterId, 0)?.log?.logEndOffset, 2);
});

test('B3: where nobody else can lead, records with a rotten epoch are led with in the new one', async () => {
  const { log: former, ...disk } = await diskWithEpochs([0, 1, 512, 513]);
  const { replicas, damage, mended, failures, unmended } = await start(disk);
  const another = { ...leading(3), isOnlyCandidate: false };
  replicas.update(keyOf(laterId), another);
  await settle();
  await replicas.onMetadataCurrent();
  const hosted = replicas.getById(laterId, 0);
  const log = hosted?.log;
  assert.ok(hosted && log);
  assert.deepEqual([hosted.role.kind, damage], ['none', [2]]);
  failures.length = 0;
  // The controller has refused to let another replica lead, because the one that could is away.
  replicas.onLastCopy(hosted, true);
  replicas.onLastCopy(hosted, false);
  assert.deepEqual([hosted.role.kind, mended, unmended], ['none', [], [2]], 'another one that was in sync is waited for');
  replicas.update(keyOf(laterId), leading(3));
  replicas.onLastCopy(hosted, false);
  assert.deepEqual([hosted.role.kind, mended, hosted.damagedFrom, failures], ['leader', [2], null, []]);
  assert.deepEqual([log.logEndOffset, log.latestEpoch(), log.epochForOffset(1)], [former.logEndOffset, 3, 1]);
  assert.deepEqual(log.endOffsetForEpoch(1), { leaderEpoch: 1, endOffset: 2 }, 'others fetch again what was mended');
  assert.deepEqual(await epochsOf(log), [0, 1, 3, 3]);
  await settle();
  assert.equal(log.durableOffset, 4);
  replicas.onLastCopy(hosted, false);
  assert.deepEqual(mended, [2], 'once');
  disk.fs.crash('loseUnsynced', new Prng(2));
  const again = await start(disk);
  again.replicas.update(keyOf(laterId), leading(4));
  await settle();
  await again.replicas.onMetadataCurrent();
  assert.equal(again.replicas.getById(laterId, 0)?.role.kind, 'leader');
  assert.deepEqual(await epochsOf(again.replicas.getById(laterId, 0)?.log ?? log), [0, 1, 3, 3]);
});

async function epochsOf(log: PartitionLog): Promise<number[]> {
  const read = await log.read({ fetchOffset: 0, maxOffset: log.logEndOffset, maxBytes: 1 << 20, minOneBatch: true });
  assert.equal(read.kind, 'data');
  const bytes = Buffer.concat(read.kind === 'data' ? read.chunks : []);
  const epochs: number[] = [];
  for (let at = 0; at < bytes.length; at += batchSizeInBytes(bytes, at)) epochs.push(batchLeaderEpoch(bytes, at));
  return epochs;
}

test('A4: a log that begins anew in the middle of a batch takes the whole batch', async () => {
  const { replicas } = await start(newDisk());
  const state = { leader: 2, leaderEpoch: 4, partitionEpoch: 1, replicas: [nodeId, 2], isr: [2] };
  replicas.update(keyOf(laterId), { ...leading(4), state });
  await settle();
  const hosted = replicas.getById(laterId, 0);
  assert.ok(hosted !== undefined && hosted.log !== null);
  // The leader has deleted the first of three records, which are one batch.
  hosted.log.truncateFullyAndStartAt(1);
  const records = ['a', 'b', 'c'].map((value) => ({ key: null, value: Buffer.from(value) }));
  replicas.appendAsFollower(hosted, encodeBatch({ records, leaderEpoch: 4 }));
  assert.equal(hosted.log.logEndOffset, 3);
  assert.throws(() => replicas.appendAsFollower(hosted, encodeBatch({ records, leaderEpoch: 4 })), /cannot follow/);
  assert.equal(hosted.log.logEndOffset, 3);
});

test('A5: when a full disk refuses the batch with which a log was to begin anew, the log stays where it was', async () => {
  const disk = newDisk();
  const { replicas } = await start(disk);
  const state = { leader: 2, leaderEpoch: 4, partitionEpoch: 1, replicas: [nodeId, 2], isr: [2] };
  replicas.update(keyOf(laterId), { ...leading(4), state });
  await settle();
  const hosted = replicas.getById(laterId, 0);
  assert.ok(hosted !== undefined && hosted.role.kind === 'follower');
  hosted.role.follower.truncate({ offset: 1, isFull: true, isBelowHighWatermark: false });
  assert.equal(hosted.highWatermark, 1);
  disk.fs.capacityBytes = 0;
  const records = ['a', 'b', 'c'].map((value) => ({ key: null, value: Buffer.from(value) }));
  assert.throws(() => replicas.appendAsFollower(hosted, encodeBatch({ records, leaderEpoch: 4 })), { kind: 'noSpace' });
  assert.deepEqual([hosted.log?.logStartOffset, hosted.log?.logEndOffset, hosted.highWatermark], [1, 1, 1]);
  disk.fs.capacityBytes = Number.POSITIVE_INFINITY;
  replicas.appendAsFollower(hosted, encodeBatch({ records, leaderEpoch: 4 }));
  assert.equal(hosted.log?.logEndOffset, 3);
});

test('A9: metadata in which a leader epoch falls is a broken invariant, not another role', async () => {
  const { replicas } = await start(newDisk());
  replicas.update(keyOf(formerId), leading(3));
  await settle();
  assert.throws(() => replicas.update(keyOf(formerId), leading(2)), InvariantError);
  assert.equal(replicas.getById(formerId, 0)?.leader?.leaderEpoch, 3);
});
