/**
 * Rows: clients that take more than their share: ten thousand idle connections, a hundred consumers that ask and never read,
 * connections that use up a broker's file descriptors. What a well-behaved client feels of it is measured.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createTopics } from '@jackdaw/client';
import { encodeRequestFrame, ErrorCode, fetchRequest } from '@jackdaw/protocol';
import { batchOf, produce } from '../../hardening/broker-probe.ts';
import { RawConnection } from '../../hardening/raw-connection.ts';
import type { FaultCluster } from '../cluster.ts';
import type { FaultRun } from '../fault-run.ts';
import { createProbeTopic, Probe, type Latencies } from '../probe.ts';
import type { FaultRow, Figures, PreparedRow, RowOptions, Struck } from '../row.ts';
import { waitFor } from '../wait.ts';
import { anyBroker } from './victims.ts';

const mebibyte = 1_048_576;
const measureMs = 10_000;
const nothingLost = 'nothing acknowledged is lost, moved, changed, repeated or reordered';
const maxRatio = 2;
/** After the first rush, in which answers are still read from the disk. */
const settleMs = 3_000;
const idleConnections = 10_000;
const connectionsPerHolder = 5_000;
const stalledConsumers = 100;
const largeRecords = 24;
const largeRecordBytes = 900_000;
const openWithinMs = 60_000;
/** Descriptors that a broker has in all, in the row that uses them up. */
const fewDescriptors = 700;
const eaters = 900;

export const connectionRows: readonly FaultRow[] = [
  {
    name: 'connections-10000',
    family: 'resource',
    fault: '10,000 idle connections to one broker (--with connections=N)',
    expected: `${nothingLost}; memory is bounded, and the p99 of a well-behaved client is within 2 × of before`,
    statements: ['F11'],
    cycles: 3,
    limits: [...ratioLimits(), { figure: 'perConnectionKiB', of: 'max', atMost: 32 }],
    whyNot: whyNotHere,
    prepare: (options) => prepareLoad(options, holdIdle),
  },
  {
    name: 'stalled-consumers-100',
    family: 'resource',
    fault: '100 consumers send fifty fetches of up to 50 MiB each to one broker, and read no answer',
    expected: `${nothingLost}; memory is bounded, and the p99 of a well-behaved client is within 2 × of before`,
    statements: ['F3'],
    cycles: 3,
    limits: [...ratioLimits(), { figure: 'grownMiB', of: 'max', atMost: 600 }],
    whyNot: whyNotHere,
    prepare: (options) => prepareLoad(options, stallConsumers),
  },
  {
    name: 'descriptors',
    family: 'resource',
    fault: `clients open ${eaters} connections to a broker that may have ${fewDescriptors} files open`,
    expected: `${nothingLost}; connections are turned away, those that are there are served, logs go on rolling, no send fails`,
    statements: ['F11'],
    cycles: 2,
    limits: [{ figure: 'failed', of: 'max', atMost: 0 }],
    whyNot: whyNotHere,
    prepare: prepareDescriptors,
  },
];

/** Memory and descriptors of another process, and their limit, are had from /proc and prlimit. */
function whyNotHere(): string | undefined {
  return process.platform === 'linux' ? undefined : 'this needs Linux';
}

/** Of the cycle in the middle: between two quiet stretches of one broker the p99 differs by as much as 2 ×, either way. */
function ratioLimits() {
  return ['produceRatio', 'fetchRatio'].map((figure) => ({ figure, of: 'p50' as const, atMost: maxRatio }));
}

/** What is done to the broker; returns how it ends, and what it has measured by then. */
type Load = (
  run: FaultRun,
  victim: number,
  options: RowOptions,
) => Promise<{ readonly text: string; readonly end: () => Promise<void>; readonly figures: (grownBytes: number) => Figures }>;

/** Measures a well-behaved client before and during the load, and the broker's memory. */
function prepareLoad(options: RowOptions, load: Load): PreparedRow {
  let before: Latencies | undefined;
  let memoryBefore = 0;
  let figures: (grownBytes: number) => Figures = () => ({});
  let probe: Probe | undefined;
  return {
    strike: async (run, prng) => {
      const { cluster } = run;
      const victim = anyBroker(run, prng);
      await createProbeTopic(cluster);
      probe?.close();
      probe = await Probe.open(cluster, victim);
      // A broker that has just started compiles its code yet.
      await probe.measure(measureMs);
      before = await probe.measureInStretches(measureMs);
      memoryBefore = residentBytes(cluster, victim);
      const { text, end, figures: measured } = await load(run, victim, options);
      figures = measured;
      return { text, victims: [victim], heal: end };
    },
    whileStruck: async (run, { victims: [victim = 0] }) => {
      const burst = await highestMemory(run.cluster, victim, settleMs);
      const measured = probe?.measureInStretches(measureMs);
      const [during, settled] = await Promise.all([measured, highestMemory(run.cluster, victim, measureMs)]);
      const highest = Math.max(burst, settled);
      if (before === undefined || during === undefined) return {};
      return { ...compared(before, during), ...memory(memoryBefore, highest), ...figures(highest - memoryBefore) };
    },
    afterwards: async (run, { victims: [victim = 0] }) => ({
      memoryAfterMiB: Math.round(residentBytes(run.cluster, victim) / mebibyte),
    }),
    tearDown: () => probe?.close(),
  };
}

function compared(before: Latencies, during: Latencies): Figures {
  return {
    produceP99BeforeMs: before.produceP99Ms,
    produceP99Ms: during.produceP99Ms,
    produceRatio: during.produceP99Ms / before.produceP99Ms,
    fetchP99BeforeMs: before.fetchP99Ms,
    fetchP99Ms: during.fetchP99Ms,
    fetchRatio: during.fetchP99Ms / before.fetchP99Ms,
  };
}

function memory(before: number, highest: number): Figures {
  return { memoryBeforeMiB: Math.round(before / mebibyte), memoryMiB: Math.round(highest / mebibyte) };
}

/** Resident set of the broker's process. */
function residentBytes(cluster: FaultCluster, nodeId: number): number {
  const status = readFileSync(`/proc/${cluster.pidOf(nodeId)}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

async function highestMemory(cluster: FaultCluster, nodeId: number, durationMs: number): Promise<number> {
  let highest = 0;
  for (const endMs = performance.now() + durationMs; performance.now() < endMs; await sleep(100)) {
    highest = Math.max(highest, residentBytes(cluster, nodeId));
  }
  return highest;
}

// Idle connections ---------------------------------------------------------------------------------------------------

const holderProgram = fileURLToPath(new URL('../connection-holder.js', import.meta.url));

async function holdIdle({ cluster }: FaultRun, victim: number, { text }: RowOptions) {
  const count = Number(text('connections', String(idleConnections)));
  const { held, letGo } = await holdConnections(cluster, victim, count);
  assert.equal(held, count, 'the broker has taken every connection');
  const figures = (grownBytes: number): Figures => ({ connections: held, perConnectionKiB: grownBytes / count / 1024 });
  return { text: `${held} connections to broker ${victim}`, end: letGo, figures };
}

/** Opens connections from processes of their own; tells how many of them the broker has kept. */
async function holdConnections(cluster: FaultCluster, nodeId: number, count: number) {
  const { host, port } = cluster.layoutOf(nodeId);
  const holders: ChildProcess[] = [];
  for (let left = count; left > 0; left -= connectionsPerHolder) {
    // Each from an address of its own, or the ports of one run out.
    const source = host === '127.0.0.1' ? `127.0.0.${holders.length + 2}` : '0.0.0.0';
    const args = [holderProgram, host, String(port), String(Math.min(left, connectionsPerHolder)), source];
    holders.push(spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
  }
  const held = (await Promise.all(holders.map(heldBy))).reduce((sum, one) => sum + one, 0);
  const end = async (holder: ChildProcess): Promise<void> => {
    const ended = once(holder, 'exit');
    holder.disconnect();
    await ended;
  };
  const letGo = async (): Promise<void> => void (await Promise.all(holders.map(end)));
  return { held, letGo };
}

async function heldBy(holder: ChildProcess): Promise<number> {
  const ended = once(holder, 'exit').then(() => Promise.reject(new Error('a holder of connections ended')));
  const [message] = (await Promise.race([once(holder, 'message'), ended])) as [{ held: number }];
  ended.catch(() => {});
  return message.held;
}

// Stalled consumers --------------------------------------------------------------------------------------------------

let largeTopics = 0;

async function stallConsumers({ cluster }: FaultRun, victim: number) {
  const { host, port } = cluster.layoutOf(victim);
  const topic = `large-${++largeTopics}`;
  await createTopics(await cluster.client(), [{ name: topic, assignments: [[victim]] }]);
  const writer = await RawConnection.open(port, host);
  for (let written = 0; written < largeRecords;) {
    const { errorCode } = await produce(writer, { topic, records: batchOf('x'.repeat(largeRecordBytes)) });
    if (errorCode === ErrorCode.NONE) written++;
    else await sleep(50);
  }
  writer.close();
  const stalled = await Promise.all(Array.from({ length: stalledConsumers }, () => RawConnection.open(port, host)));
  for (const connection of stalled) {
    connection.stall();
    connection.send(...Array.from({ length: 50 }, (_, i) => fetchFrame(topic, i)));
  }
  const end = (): Promise<void> => {
    for (const connection of stalled) connection.close();
    return Promise.resolve();
  };
  const figures = (grownBytes: number): Figures => ({ grownMiB: Math.round(grownBytes / mebibyte) });
  return { text: `${stalled.length} stalled consumers of broker ${victim}`, end, figures };
}

function fetchFrame(topic: string, correlationId: number): Uint8Array {
  const maxBytes = 50 * mebibyte;
  const partition = { partition: 0, currentLeaderEpoch: -1, fetchOffset: 0, logStartOffset: -1, partitionMaxBytes: maxBytes };
  const body = { maxWaitMs: 0, minBytes: 1, maxBytes, topics: [{ topic, partitions: [partition] }] };
  const header = { apiKey: 1, apiVersion: 12, correlationId, clientId: 'stalled' };
  return Buffer.concat(encodeRequestFrame({ schema: fetchRequest, header, body }));
}

// Descriptors --------------------------------------------------------------------------------------------------------

function prepareDescriptors(_options: RowOptions): PreparedRow {
  let held = 0;
  return {
    cluster: {
      launch: (_broker, { file, args, env }) => ({ file: 'prlimit', args: [`--nofile=${fewDescriptors}`, file, ...args], env }),
      topicConfigs: { 'min.insync.replicas': '2', 'segment.ms': '1000' },
    },
    strike: async ({ cluster }, prng) => {
      await createProbeTopic(cluster);
      const victim = cluster.nodeIds[prng.below(cluster.nodeIds.length)] as number;
      const early = await Probe.open(cluster, victim);
      const before = descriptorsOf(cluster, victim);
      const { held: kept, letGo } = await holdConnections(cluster, victim, eaters);
      held = kept;
      await early.measure(1_000).finally(() => early.close());
      const text = `broker ${victim}, ${before} of ${fewDescriptors} files open, gets ${eaters} connections`;
      return { text, victims: [victim], heal: letGo };
    },
    whileStruck: (run, struck) => expectServed(run, struck, held),
    afterwards: async ({ cluster }, { victims: [victim = 0] }) => {
      const isServed = async (): Promise<true | undefined> => {
        const probe = await Probe.open(cluster, victim);
        const { error } = await probe.write('after').finally(() => probe.close());
        return error === ErrorCode.NONE ? true : undefined;
      };
      await waitFor('new connections are served again', isServed, openWithinMs);
      return { descriptorsAfter: descriptorsOf(cluster, victim) };
    },
  };
}

function descriptorsOf(cluster: FaultCluster, nodeId: number): number {
  return readdirSync(`/proc/${cluster.pidOf(nodeId)}/fd`).length;
}

/** The load's own connections are served all the while, and the broker's logs roll. */
async function expectServed({ cluster, topic }: FaultRun, { victims: [victim = 0] }: Struck, held: number): Promise<Figures> {
  const before = segmentsOf(cluster, topic, victim);
  await sleep(measureMs);
  const rolled = segmentsOf(cluster, topic, victim) - before;
  assert.ok(cluster.isRunning(victim), 'the broker goes on');
  assert.ok(rolled > 0, 'logs roll');
  assert.ok(held > 0 && held < eaters, `${held} of ${eaters} connections were kept`);
  return { held, turnedAway: eaters - held, descriptors: descriptorsOf(cluster, victim), rolled };
}

function segmentsOf(cluster: FaultCluster, topic: string, nodeId: number): number {
  const { dataDir } = cluster.layoutOf(nodeId);
  const names = readdirSync(dataDir, { recursive: true }).map(String);
  return names.filter((name) => name.startsWith(`${topic}-`) && name.endsWith('.log')).length;
}
