/**
 * Rows: the files of a stopped broker are not what it left: a bit has flipped, indexes are gone, the whole directory is one
 * from some seconds ago. Then it is started again.
 *
 * It must repair what it has from the others, or refuse to start with a message that names the place; then the remedy is
 * applied, which is an empty directory. A repaired broker is made the leader of the damaged partition where it can be, and
 * everything is read from it: by offset, and by time.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Prng } from '@jackdaw/base';
import { steadyLoad, waitForIsrFull, type FaultRun } from '../fault-run.ts';
import type { FaultRow, Figures, PreparedRow, RowOptions, Struck } from '../row.ts';
import { waitFor } from '../wait.ts';
import { expectReadable } from './reading.ts';
import { anyBroker } from './victims.ts';

const nothingWrong = 'nothing acknowledged is lost, moved, changed, repeated or reordered, no wrong byte is served';
/** Segments are small, so that there are old ones with their indexes and snapshots. */
const smallSegments = { 'min.insync.replicas': '2', 'segment.ms': '3000' };
const settings = ['log.flush.offset.checkpoint.interval.ms=1000'];
const loadMs = [3_000, 6_000] as const;
const startsWithinMs = 40_000;
const shortTiming = ['broker.session.timeout.ms=3000', 'broker.heartbeat.interval.ms=500', 'replica.lag.time.max.ms=3000'];

/** Files whose names, below the data directory, say what they are; `--with target=NAME` takes one kind only. */
const targets = {
  segment: /^faults-\d+\/\d+\.log$/,
  'offset-index': /^faults-\d+\/\d+\.index$/,
  'time-index': /^faults-\d+\/\d+\.timeindex$/,
  'producer-snapshot': /^faults-\d+\/\d+\.snapshot$/,
  'leader-epochs': /^faults-\d+\/leader-epoch-checkpoint$/,
  'partition-metadata': /^faults-\d+\/partition\.metadata$/,
  'group-segment': /^__consumer_offsets-\d+\/\d+\.log$/,
  'recovery-points': /^recovery-point-offset-checkpoint$/,
  'log-starts': /^log-start-offset-checkpoint$/,
  'high-watermarks': /^replication-offset-checkpoint$/,
  'meta-properties': /^meta\.properties$/,
  'shutdown-marker': /^\.kafka_cleanshutdown$/,
  'last-registration': /^last-registration\.json$/,
  'quorum-log': /^raft\/\d+\.log$/,
  'quorum-table': /^raft\/\d+\.ldb$/,
  'quorum-manifest': /^raft\/(MANIFEST-\d+|CURRENT)$/,
} as const;
type Target = keyof typeof targets;
const targetNames = Object.keys(targets) as Target[];

export const damageRows: readonly FaultRow[] = [
  {
    name: 'byte-flip',
    family: 'disk',
    fault: `a bit flips in a file of a stopped broker, which is then started: ${targetNames.join(', ')} in turn`,
    expected: `${nothingWrong}; the broker repairs it from the others, or refuses to start with the place and a remedy`,
    statements: ['B3', 'B4', 'B5', 'B6', 'B16'],
    cycles: targetNames.length,
    sides: ['jackdaw'],
    prepare: prepareFlip,
  },
  {
    name: 'index-deleted',
    family: 'disk',
    fault: 'indexes, or producer snapshots, of a stopped broker are deleted, all of its partitions at once',
    expected: `${nothingWrong}; they are made anew`,
    statements: ['B4', 'B5'],
    cycles: 3,
    sides: ['jackdaw'],
    prepare: prepareDeletion,
  },
  {
    name: 'old-directory',
    family: 'disk',
    fault: 'the directory of a broker is replaced by a copy from some seconds ago',
    expected: `${nothingWrong}; it catches up before it counts again`,
    statements: ['A18', 'E9', 'B16'],
    cycles: 4,
    sides: ['jackdaw'],
    prepare: prepareOldDirectory,
  },
];

/** The directory of the partition that was damaged: "faults-3"; undefined for other files. */
function partitionOf(file: string): number | undefined {
  const number = /^faults-(\d+)\//.exec(file)?.[1];
  return number === undefined ? undefined : Number(number);
}

function prepareFlip({ text }: RowOptions): PreparedRow {
  const only = targetNames.filter((name) => name === text('target', name));
  if (only.length === 0) throw new RangeError(`--with target=${text('target', '')}: ${targetNames.join(', ')} are possible`);
  let next = 0;
  let damaged: number | undefined;
  return {
    cluster: { topicConfigs: smallSegments, settings: [...settings, ...shortTiming] },
    strike: async (run, prng) => {
      const target = only[next++ % only.length] as Target;
      const victim = anyBroker(run, prng);
      const partitions = await leadsByPreference(run, victim);
      const isClean = target === 'shutdown-marker' || prng.chance(0.5);
      await stopSomehow(run, victim, isClean);
      const files = (): string[] => filesOf(run, victim, targets[target]).filter((file) => isAmong(partitions, file));
      if (files().length === 0) {
        // LevelDB makes a table of its log at a start, and a broker some files only at its end.
        run.cluster.start(victim);
        await steadyLoad(run);
        await waitForIsrFull(run);
        await stopSomehow(run, victim, isClean);
      }
      const flipped = flipBit(run, victim, { files: files(), target, prng });
      damaged = flipped.partition;
      return stopped(run, victim, `a bit of ${flipped.text} of broker ${victim}`);
    },
    whileStruck: startOrRefuse,
    afterwards: async (run, { victims: [victim = 0] }) => expectReadable(run, victim, damaged),
  };
}

function prepareDeletion(_options: RowOptions): PreparedRow {
  const kinds = [/\.(index|timeindex)$/, /\.snapshot$/, /\.(index|timeindex|txnindex|snapshot)$|leader-epoch-checkpoint$/];
  let next = 0;
  return {
    cluster: { topicConfigs: smallSegments, settings: [...settings, ...shortTiming] },
    strike: async (run, prng) => {
      const kind = kinds[next++ % kinds.length] as RegExp;
      const victim = anyBroker(run, prng);
      await stopSomehow(run, victim, prng.chance(0.5));
      const { dataDir } = run.cluster.layoutOf(victim);
      const files = filesBelow(dataDir).filter((file) => kind.test(file));
      for (const file of files) rmSync(join(dataDir, file));
      return stopped(run, victim, `${files.length} files of broker ${victim} gone`);
    },
    whileStruck: startOrRefuse,
    afterwards: async (run, { victims: [victim = 0] }) => expectReadable(run, victim, undefined),
  };
}

function prepareOldDirectory(_options: RowOptions): PreparedRow {
  return {
    cluster: { topicConfigs: smallSegments, settings: [...settings, ...shortTiming] },
    strike: async (run, prng) => {
      const { cluster } = run;
      const victim = anyBroker(run, prng);
      const { dataDir } = cluster.layoutOf(victim);
      const copy = `${dataDir}-copy`;
      await stopSomehow(run, victim, prng.chance(0.5));
      cpSync(dataDir, copy, { recursive: true });
      cluster.start(victim);
      await steadyLoad(run);
      await waitForIsrFull(run);
      const beganMs = performance.now();
      const ageMs = prng.between(...loadMs);
      while (performance.now() - beganMs < ageMs) await steadyLoad(run);
      await stopSomehow(run, victim, prng.chance(0.5));
      rmSync(dataDir, { recursive: true });
      renameSync(copy, dataDir);
      return stopped(run, victim, `broker ${victim} has its directory of ${Math.round(ageMs / 1_000)} s ago`);
    },
    whileStruck: startOrRefuse,
    afterwards: async (run, { victims: [victim = 0] }) => expectReadable(run, victim, undefined),
  };
}

async function stopSomehow({ cluster }: FaultRun, victim: number, isClean: boolean): Promise<void> {
  if (isClean) await cluster.terminate(victim);
  else await cluster.kill(victim);
}

function stopped(run: FaultRun, victim: number, text: string): Struck {
  const heal = (): Promise<void> => {
    run.cluster.start(victim);
    return Promise.resolve();
  };
  return { text, victims: [victim], heal };
}

/** Starts the broker; when it refuses, expects a good message, and gives it an empty directory. */
async function startOrRefuse({ cluster }: FaultRun, { victims: [victim = 0] }: Struck): Promise<Figures> {
  const { dataDir, outputFile } = cluster.layoutOf(victim);
  const outputBefore = statSync(outputFile).size;
  cluster.allowEnd(victim, true);
  cluster.start(victim);
  const said = (): string => readFileSync(outputFile).subarray(outputBefore).toString();
  const decide = async (): Promise<boolean | undefined> => {
    if (!cluster.isRunning(victim)) return true;
    return said().includes('clients are served') ? false : undefined;
  };
  const isRefused = await waitFor(`broker ${victim} starts or refuses to`, decide, startsWithinMs);
  cluster.allowEnd(victim, false);
  if (!isRefused) return { refused: 0 };
  const [error = '', hint = ''] = [/^error: .*$/m.exec(said())?.[0], /^hint: .*$/m.exec(said())?.[0]];
  assert.match(error, /^error: [A-Z_]+: /, `broker ${victim} says why it does not start: ${said().slice(-2_000)}`);
  assert.ok(error.includes(dataDir), `the message names the place: ${error}`);
  assert.doesNotMatch(error, /INTERNAL|bug/, 'damage is no bug');
  assert.match(hint, /remove this directory|empty directory/, `a remedy follows: ${hint}`);
  console.log(`  refused: ${error}; ${hint}`);
  // Of the quorum's database the message says that it alone must go.
  const damaged = error.includes(join(dataDir, 'raft')) ? join(dataDir, 'raft') : dataDir;
  rmSync(damaged, { recursive: true });
  mkdirSync(damaged);
  return { refused: 1 };
}

interface Flipped {
  readonly text: string;
  readonly partition: number | undefined;
}

/** In one of these files; where there is none, nothing happens. */
function flipBit(run: FaultRun, victim: number, kind: { files: readonly string[]; target: Target; prng: Prng }): Flipped {
  const { files, target, prng } = kind;
  const { dataDir } = run.cluster.layoutOf(victim);
  const file = files[prng.below(Math.max(1, files.length))];
  if (file === undefined) return { text: `nothing (no ${target})`, partition: undefined };
  const bytes = readFileSync(join(dataDir, file));
  const [at, bit] = [prng.below(bytes.length), prng.below(8)];
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
  writeFileSync(join(dataDir, file), bytes);
  return { text: `${file} (${at} of ${bytes.length} bytes)`, partition: partitionOf(file) };
}

/** Partitions that this broker can be made the leader of: rot in another replica may lie there unseen until it leads. */
async function leadsByPreference({ cluster, topic }: FaultRun, nodeId: number): Promise<ReadonlySet<number>> {
  const led = (await cluster.partitions(topic)).filter(({ replicas }) => replicas[0] === nodeId);
  return new Set(led.map(({ partition }) => partition));
}

/** Of files that belong to no partition of the topic, all are. */
function isAmong(partitions: ReadonlySet<number>, file: string): boolean {
  const partition = partitionOf(file);
  return partition === undefined || partitions.has(partition);
}

/** Those with content. */
function filesOf({ cluster }: FaultRun, victim: number, pattern: RegExp): string[] {
  const { dataDir } = cluster.layoutOf(victim);
  return filesBelow(dataDir).filter((file) => pattern.test(file) && statSync(join(dataDir, file)).size > 0);
}

function filesBelow(directory: string): string[] {
  const entries = readdirSync(directory, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return entries.map(({ parentPath, name }) => relative(directory, join(parentPath, name))).sort();
}
