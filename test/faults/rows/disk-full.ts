/**
 * Row: the disk of one broker is full, to the last byte. Every broker has a small one of its own (tmpfs).
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import assert from 'node:assert/strict';
import type { Prng } from '@jackdaw/base';
import { partitionKey } from '@jackdaw/client';
import { ErrorCode, errorName } from '@jackdaw/protocol';
import { mountTmpfs, whyNoMounts, type Mount } from '../../hardening/mounts.ts';
import type { FaultRun } from '../fault-run.ts';
import { createProbeTopic, Probe } from '../probe.ts';
import type { FaultRow, Figures, PreparedRow, RowOptions, Struck } from '../row.ts';
import { waitFor } from '../wait.ts';
import { changeMetadata } from './metadata-change.ts';
import { leaderNow } from './victims.ts';

const diskMiB = 256;
const refusedWithinMs = 20_000;
const othersWithinMs = 30_000;
const fullMs = 4_000;
const writesAgainMs = 15_000;
/** Leaders wait so long for a follower that cannot write. */
const lagMs = 3_000;

export const diskFullRows: readonly FaultRow[] = [
  {
    name: 'disk-full',
    family: 'disk',
    fault: 'the disk of the leader of a partition is filled to the last byte for some seconds',
    expected:
      'its producers get KAFKA_STORAGE_ERROR, consumers read on, partitions of other leaders are written to; with space again ' +
      'it takes records without a restart; nothing acknowledged is lost, moved, changed, repeated or reordered',
    statements: ['B10'],
    cycles: 3,
    limits: [{ figure: 'againMs', of: 'max', atMost: 10_000 }],
    whyNot: () => whyNoMounts() || undefined,
    prepare: prepareDiskFull,
  },
];

function prepareDiskFull({ brokers }: RowOptions): PreparedRow {
  const mounts = new Map<number, Mount>();
  for (let nodeId = 1; nodeId <= brokers; nodeId++) mounts.set(nodeId, mountTmpfs(diskMiB));
  const mountOf = (nodeId: number): Mount => mounts.get(nodeId) as Mount;
  let pid: number | undefined;
  let isProbeReady = false;
  return {
    cluster: {
      placeData: (nodeId) => join(mountOf(nodeId).path, 'data'),
      settings: [`replica.lag.time.max.ms=${lagMs}`],
    },
    strike: async (run, prng) => {
      if (!isProbeReady) await createProbeTopic(run.cluster);
      isProbeReady = true;
      const struck = await fillDisk(run, mountOf, prng);
      pid = run.cluster.pidOf(struck.victims[0] as number);
      return struck;
    },
    whileStruck: expectRefusals,
    afterwards: async (run, { victims: [victim = 0] }) => {
      assert.equal(run.cluster.pidOf(victim), pid, 'the broker still runs as it was started');
      const beganMs = performance.now();
      await waitFor('the broker takes records again', () => takesRecords(run, victim), writesAgainMs);
      return { againMs: performance.now() - beganMs };
    },
    tearDown: () => {
      for (const mount of mounts.values()) mount.unmount();
    },
  };
}

async function fillDisk(run: FaultRun, mountOf: (nodeId: number) => Mount, prng: Prng): Promise<Struck> {
  const victim = await leaderNow(run, prng);
  mountOf(victim).fill();
  return {
    text: `the disk of broker ${victim} full`,
    victims: [victim],
    heal: () => Promise.resolve(mountOf(victim).free()),
  };
}

async function takesRecords({ cluster }: FaultRun, nodeId: number): Promise<true | undefined> {
  const probe = await Probe.open(cluster, nodeId);
  try {
    return (await probe.write('after')).error === ErrorCode.NONE ? true : undefined;
  } finally {
    probe.close();
  }
}

async function expectRefusals(run: FaultRun, { victims: [victim = 0] }: Struck): Promise<Figures> {
  const { cluster } = run;
  const beganMs = performance.now();
  const probe = await Probe.open(cluster, victim);
  try {
    const isRefused = async (): Promise<true | undefined> => ((await probe.write('full?')).error === 0 ? undefined : true);
    await waitFor('records are refused', isRefused, refusedWithinMs);
    const refusedMs = performance.now() - beganMs;
    await expectOthersGoOn(run, victim);
    const othersMs = performance.now() - beganMs;
    let refusals = 0;
    for (const endMs = performance.now() + fullMs; performance.now() < endMs; refusals++) {
      const { error } = await probe.write('full');
      assert.equal(error, ErrorCode.KAFKA_STORAGE_ERROR, `a record for a full disk is answered with ${errorName(error)}`);
      await probe.expectRecord(0, 'first');
      // All nodes have to write these down, the full one included.
      for (let i = 0; i < 5; i++) await changeMetadata(run);
    }
    return { refusedMs, othersMs, refusals };
  } finally {
    probe.close();
  }
}

/** Partitions that others lead are written to: their leaders do not wait for the full follower for ever. */
async function expectOthersGoOn({ cluster, topic, recorder }: FaultRun, victim: number): Promise<void> {
  const others = (await cluster.partitions(topic)).filter(({ leaderId }) => leaderId !== victim && leaderId >= 0);
  await sleep(1_000);
  const meter = recorder.startMeter(others.map(({ partition }) => partitionKey(topic, partition)));
  const hasSeen = async (): Promise<true | undefined> => (meter.hasSeen(5) ? true : undefined);
  await waitFor('partitions of other leaders are written to', hasSeen, othersWithinMs).finally(() => meter.stop());
}
