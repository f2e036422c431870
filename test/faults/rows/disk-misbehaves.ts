/**
 * Rows: a disk that is slow, and one that fails once. The calls of one broker are delayed or fail by a library that is in front
 * of the system's (misbehave.c).
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import type { Prng } from '@jackdaw/base';
import { Consumer, electLeaders } from '@jackdaw/client';
import { steadyLoad, waitForIsrFull, type FaultRun } from '../fault-run.ts';
import { whyNoLibraries } from '../preload/compile.ts';
import { buildMisbehaviour, misbehave, struckOf, underMisbehaviour, type Rule } from '../preload/misbehave.ts';
import type { FaultRow, Figures, PreparedRow, RowOptions, Struck } from '../row.ts';
import { HopelessError, waitFor } from '../wait.ts';
import { changeMetadata } from './metadata-change.ts';
import { anyBroker, leaderNow } from './victims.ts';
import { rate, timeToProgress, watchFenced } from './watching.ts';

const nothingLost = 'nothing acknowledged is lost, moved, changed, repeated or reordered';
const slowMs = [50, 500] as const;
/** A write goes to memory; only now and then it has to wait for the disk. */
const slowWriteShare = 0.02;
const slowForMs = 10_000;
const rateForMs = 4_000;
const endsWithinMs = 20_000;
const progressWithinMs = 40_000;

/** Which file's call fails, by a part of its path, in turn. */
const places = { segment: '/faults-', quorum: '/raft/', checkpoint: 'checkpoint' } as const;
type Place = keyof typeof places;

interface Failure {
  readonly name: string;
  readonly call: Rule['call'];
  readonly what: string;
  readonly places: readonly Place[];
}

const failures: readonly Failure[] = [
  { name: 'eio-sync', call: 'sync', what: 'a sync', places: ['segment', 'quorum', 'checkpoint'] },
  { name: 'eio-write', call: 'write', what: 'a write', places: ['segment', 'quorum', 'checkpoint'] },
  { name: 'eio-read', call: 'read', what: 'a read', places: ['segment'] },
];

export const diskMisbehavesRows: readonly FaultRow[] = [
  {
    name: 'disk-slow',
    family: 'disk',
    fault: 'every sync of one broker takes 50 to 500 ms longer, and so does one write in fifty',
    expected: `${nothingLost}; no broker is fenced, no send fails`,
    statements: ['B11', 'F10'],
    cycles: 3,
    limits: [
      { figure: 'fenced', of: 'max', atMost: 0 },
      { figure: 'failed', of: 'max', atMost: 0 },
    ],
    whyNot: whyNoLibraries,
    prepare: prepareSlow,
  },
  ...failures.map(failureRow),
];

function withLibraryUnder() {
  const directory = mkdtempSync(join(tmpdir(), 'jackdaw-misbehave-'));
  return {
    cluster: { launch: underMisbehaviour.bind(undefined, buildMisbehaviour(directory)) },
    tearDown: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function prepareSlow(_options: RowOptions): PreparedRow {
  let ratedBefore = 0;
  return {
    ...withLibraryUnder(),
    scope: 'files',
    strike: async (run, prng) => {
      ratedBefore = await rate(run, rateForMs);
      return slowDown(run, prng);
    },
    whileStruck: async (run, { victims: [victim = 0] }) => {
      const untilMs = performance.now() + slowForMs;
      const [rated, fenced] = await Promise.all([rate(run, slowForMs), watchFenced(run, untilMs)]);
      return { ratedBefore, rated, fenced, slowed: struckOf(run.cluster.layoutOf(victim)) };
    },
  };
}

function slowDown({ cluster }: FaultRun, prng: Prng): Struck {
  const victim = cluster.nodeIds[prng.below(cluster.nodeIds.length)] as number;
  const broker = cluster.layoutOf(victim);
  misbehave(broker, [
    { call: 'sync', delayMs: slowMs },
    { call: 'write', delayMs: slowMs, chance: slowWriteShare },
  ]);
  return { text: `the disk of broker ${victim} slow`, victims: [victim], heal: () => Promise.resolve(misbehave(broker, [])) };
}

function failureRow({ name, call, what, places: turns }: Failure): FaultRow {
  return {
    name,
    family: 'disk',
    fault: `EIO, once, for ${what} of a broker: ${turns.join(', ')}${turns.length > 1 ? ' in turn' : ''}`,
    expected: `${nothingLost}; it ends and trusts the file no more, and every partition is written to meanwhile`,
    statements: ['B9'],
    cycles: 2 * turns.length,
    limits: [{ figure: 'endMs', of: 'max', atMost: 10_000 }],
    whyNot: whyNoLibraries,
    prepare: () => prepareFailure(call, turns),
  };
}

function prepareFailure(call: Rule['call'], turns: readonly Place[]): PreparedRow {
  let next = 0;
  let outputBefore = 0;
  let place: Place = 'segment';
  const { cluster, tearDown } = withLibraryUnder();
  return {
    cluster: { ...cluster, settings: ['log.flush.offset.checkpoint.interval.ms=2000'] },
    tearDown,
    strike: async (run, prng) => {
      place = turns[next++ % turns.length] as Place;
      const victim = place === 'segment' ? await leaderNow(run, prng) : anyBroker(run, prng);
      // What a broker keeps in memory does not come from the disk.
      if (call === 'read') await startAnew(run, victim);
      outputBefore = statSync(run.cluster.layoutOf(victim).outputFile).size;
      return failOnce(run, victim, { call, error: 'EIO', times: 1, part: places[place] });
    },
    whileStruck: (run, struck) =>
      expectEnd(run, struck, { isReading: call === 'read', isOfQuorum: place === 'quorum', outputBefore }),
  };
}

async function startAnew(run: FaultRun, nodeId: number): Promise<void> {
  const { cluster } = run;
  await cluster.terminate(nodeId);
  cluster.start(nodeId);
  await steadyLoad(run);
  await waitForIsrFull(run);
  await electLeaders(await cluster.client(), 'preferred', null);
}

function failOnce({ cluster }: FaultRun, victim: number, rule: Rule): Struck {
  const broker = cluster.layoutOf(victim);
  cluster.allowEnd(victim, true);
  misbehave(broker, [rule]);
  const heal = (): Promise<void> => {
    misbehave(broker, []);
    cluster.start(victim);
    cluster.allowEnd(victim, false);
    return Promise.resolve();
  };
  return { text: `a ${rule.call} of ${rule.part} of broker ${victim} failed`, victims: [victim], heal };
}

/** The process ends by itself with a message about the disk, and the others go on. */
async function expectEnd(
  run: FaultRun,
  { victims: [victim = 0] }: Struck,
  { isReading, isOfQuorum, outputBefore }: { isReading: boolean; isOfQuorum: boolean; outputBefore: number },
): Promise<Figures> {
  const { cluster } = run;
  const broker = cluster.layoutOf(victim);
  const isStruck = async (): Promise<true | undefined> => {
    if (isReading) await readFromBeginning(run);
    // The quorum writes when something changes.
    else if (isOfQuorum) await changeMetadata(run);
    return struckOf(broker) > 0 ? true : undefined;
  };
  await waitFor('the call fails', isStruck, endsWithinMs);
  const struckMs = performance.now();
  const hasEnded = async (): Promise<true | undefined> => (cluster.isRunning(victim) ? undefined : true);
  await waitFor(`broker ${victim} ends`, hasEnded, endsWithinMs);
  const endMs = performance.now() - struckMs;
  const said = readFileSync(broker.outputFile).subarray(outputBefore).toString();
  assert.match(said, /EIO|(i\/o|input\/output) error/i, `broker ${victim} says why it ends`);
  return { endMs, progressMs: await timeToProgress(run, progressWithinMs) };
}

/** Old records come from the disk, not from what brokers keep in memory. */
async function readFromBeginning({ cluster, topic, partitions }: FaultRun): Promise<void> {
  const consumer = new Consumer(await cluster.client(), { autoOffsetReset: 'none', maxWaitMs: 100 });
  try {
    consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ topic, partition, start: 'earliest' as const })));
    for (let i = 0; i < 3; i++) await consumer.poll(300);
  } catch (error) {
    if (error instanceof HopelessError) throw error;
  } finally {
    await consumer.close();
  }
}
