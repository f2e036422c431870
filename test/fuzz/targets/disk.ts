/**
 * Every file of a log directory, with anything in it: the start reads it, repairs or refuses it with StorageError, and what is
 * left of the log is a sound prefix of what was there, that can be appended to, closed and opened again (B2–B7, B13).
 *
 * An input is one byte of circumstances (bit 0: whether the last stop was clean) and then the file's content.
 */
import { Prng } from '@jackdaw/base';
import { LogManager, StorageError, type MemoryFs, type PartitionLog } from '@jackdaw/log';
import { batchBaseOffset, batchLastOffset, batchSizeInBytes, eachBatch, isValidCrc } from '@jackdaw/protocol';
import { tableFields, type Field } from '../engine/fields.ts';
import { partsMutator, type Partition } from '../engine/parts.ts';
import { expect, type Outcome, type Target } from '../engine/target.ts';
import { internal } from '../internals.ts';
import { batchFields, nowMs, repairBatch, sampleBatch, splitBatches } from './batches.ts';
import { diskOf, makeFixture, managerOptions, partitionDirectory, put, root, topic, type Fixture } from './disk-fixture.ts';
import type * as RuntimeLastRegistrationModule from '../../../packages/broker/src/runtime/last-registration.ts';

const { previousBrokerEpoch } = await internal<typeof RuntimeLastRegistrationModule>('broker/runtime/last-registration');

export const fixtures: readonly Fixture[] = [await makeFixture('crashed'), await makeFixture('clean')];
const crashed = fixtures[0] as Fixture;

/** What damage to a file may cost. */
type Cost =
  /** Nothing: the file can be made again from the segments, or only says something about this node. */
  | 'nothing'
  /** Records, from some place on. */
  | 'records'
  /** The whole log: the file says where it begins, or whose it is. */
  | 'log';

interface DiskFile {
  readonly name: string;
  readonly what: string;
  readonly path: string;
  readonly cost: Cost;
  readonly seeds?: readonly (string | Uint8Array)[];
  readonly fieldsOf?: (content: Uint8Array) => readonly Field[];
  readonly partition?: Partition;
  readonly repair?: (content: Uint8Array) => Uint8Array;
  readonly words?: readonly string[];
}

/** The file with this content among its sound neighbours: opened, looked at, used, closed and opened again. */
async function start(file: DiskFile, input: Uint8Array): Promise<Outcome> {
  const circumstances = input[0] ?? 0;
  const fixture = fixtures[circumstances & 1] as Fixture;
  const fs = diskOf(fixture.files);
  const damaged = Uint8Array.from(input.subarray(1));
  put(fs, file.path, damaged);
  const manager = await open(fs);
  if (manager === null) return 'refused';
  expect(Number.isSafeInteger(previousBrokerEpoch(fs, manager, root)), 'the broker epoch to name is a number');
  const log = manager.get(topic, 0);
  if (log === undefined) {
    expect(manager.unreadable.length > 0 && file.cost === 'log', `the log is gone: ${manager.unreadable[0]?.error.message}`);
    manager.abandon();
    return 'refused';
  }
  const isClean = (circumstances & 1) === 1;
  const content = await readAll(log, { mayBeCorrupt: isClean || file.cost !== 'records' });
  expectPrefix(file, { fixture, damaged, content, isClean });
  if (file.cost === 'nothing') {
    expect(log.logEndOffset === fixture.logEndOffset, `the log ends at ${log.logEndOffset}, not ${fixture.logEndOffset}`);
    expect(content.length === fixture.content.length, `${content.length} bytes can be read of ${fixture.content.length}`);
  }
  await use(log);
  if (input.length % 4 === 0) await reopen(fs, manager, log);
  else manager.abandon();
  return 'accepted';
}

/** Null when the start refuses the directory. */
export async function open(fs: MemoryFs): Promise<LogManager | null> {
  try {
    return await LogManager.open(managerOptions(fs));
  } catch (error) {
    if (error instanceof StorageError && error.message !== '') return null;
    throw error;
  }
}

/** All that the log serves; each batch with a right checksum and behind the one before it. */
export async function readAll(log: PartitionLog, { mayBeCorrupt }: { mayBeCorrupt: boolean }): Promise<Buffer> {
  expect(log.logStartOffset >= 0 && log.logStartOffset <= log.logEndOffset, `${log.logStartOffset} to ${log.logEndOffset}`);
  expect(log.durableOffset <= log.logEndOffset && log.recoveryPoint <= log.logEndOffset, 'no more is durable than there is');
  const chunks: Uint8Array[] = [];
  for (let offset = log.logStartOffset; offset < log.logEndOffset;) {
    const read = { fetchOffset: offset, maxOffset: log.logEndOffset, maxBytes: 1_000, minOneBatch: true };
    const result = await log.read(read);
    if (result.kind === 'corrupt' && mayBeCorrupt) break;
    expect(result.kind === 'data', `the log is ${result.kind} at offset ${offset} right after its recovery`);
    if (result.sizeBytes === 0) break;
    let next = offset;
    for (const chunk of result.chunks) {
      chunks.push(chunk);
      for (const position of eachBatch(chunk)) {
        expect(isValidCrc(chunk, position), `a batch with a wrong checksum is served at offset ${next}`);
        expect(batchLastOffset(chunk, position) >= next, `the batch at ${batchBaseOffset(chunk, position)} is before ${next}`);
        next = batchLastOffset(chunk, position) + 1;
      }
    }
    expect(result.nextOffset === next && next > offset, `a read from ${offset} ends at ${next} and says ${result.nextOffset}`);
    offset = next;
  }
  return Buffer.concat(chunks);
}

interface Seen {
  readonly fixture: Fixture;
  readonly damaged: Uint8Array;
  readonly content: Buffer;
  readonly isClean: boolean;
}

/** What can be read is the start of what was there: of the segments one after the other, the damaged one as it is now. */
function expectPrefix(file: DiskFile, { fixture, damaged, content }: Seen): void {
  const whole = Buffer.concat(fixture.segments.map(({ path, bytes }) => (path === file.path ? damaged : bytes)));
  if (content.length === 0) return;
  const at = whole.indexOf(content.subarray(0, batchSizeInBytes(content, 0)));
  expect(at >= 0, 'the first batch that is read was never written');
  // Bytes between the segments' sound parts may be left out, never put in or exchanged.
  let position = at;
  for (const start of eachBatch(content)) {
    const batch = content.subarray(start, start + batchSizeInBytes(content, start));
    position = whole.indexOf(batch, position);
    expect(position >= 0, `the batch at offset ${batchBaseOffset(batch, 0)} was never written there`);
    position += batch.length;
  }
}

/** What a broker asks a log that it has just opened. */
export async function use(log: PartitionLog): Promise<void> {
  const { logStartOffset, logEndOffset } = log;
  for (const epoch of [-1, 0, 2, 4, 9]) {
    const { endOffset } = log.endOffsetForEpoch(epoch);
    expect(endOffset <= logEndOffset, `epoch ${epoch} ends at ${endOffset}, behind the log`);
  }
  log.abortedTransactions(logStartOffset, logEndOffset);
  log.activeProducers();
  log.lastStableOffset(logEndOffset);
  await lookUp(() => log.offsetForTimestamp(nowMs, logEndOffset));
  await lookUp(() => log.maxTimestampOffset());
  const result = log.appendAsLeader(extra, { leaderEpoch: Math.max(log.latestEpoch() ?? 0, 5), nowMs });
  expect(result.kind === 'appended', `an append is refused: ${JSON.stringify(result)}`);
  expect(result.baseOffset === logEndOffset, `an append goes to ${result.baseOffset}, the log ends at ${logEndOffset}`);
  const read = await log.read({ fetchOffset: logEndOffset, maxOffset: log.logEndOffset, maxBytes: 1, minOneBatch: true });
  expect(read.kind === 'data' && read.nextOffset === log.logEndOffset, 'what was appended can be read');
}

/** A lookup may meet damage that the start had no reason to look for. */
async function lookUp(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof StorageError) || error.kind !== 'corrupt') throw error;
  }
}

const extra = sampleBatch(new Prng(4));

/** What is closed in order opens again as it was. */
export async function reopen(fs: MemoryFs, manager: LogManager, log: PartitionLog): Promise<void> {
  const { logStartOffset, logEndOffset } = log;
  const content = await readAll(log, { mayBeCorrupt: true });
  await manager.shutdown({ brokerEpoch: 13 });
  const again = await LogManager.open(managerOptions(fs));
  const reopened = again.get(topic, 0);
  expect(reopened !== undefined, `the log is gone after an orderly stop: ${again.unreadable[0]?.error.message}`);
  const ends = `${reopened.logStartOffset} to ${reopened.logEndOffset}, before ${logStartOffset} to ${logEndOffset}`;
  expect(reopened.logStartOffset === logStartOffset && reopened.logEndOffset === logEndOffset, `after an orderly stop: ${ends}`);
  const contentAgain = await readAll(reopened, { mayBeCorrupt: true });
  expect(
    contentAgain.equals(content),
    `${contentAgain.length} bytes can be read after an orderly stop, before ${content.length}`,
  );
  again.abandon();
}

const segment = (index: number): string => (crashed.segments[index] as Fixture['segments'][number]).path;
const beside = (path: string, suffix: string): string => path.replace(/\.log$/, suffix);
const snapshots = [...crashed.files.keys()].filter((path) => path.endsWith('.snapshot')).toSorted();
const lastSnapshot = snapshots.at(-1) ?? `${partitionDirectory}/00000000000000000010.snapshot`;

const segmentParts: Partition = {
  split: splitBatches,
  join: (parts) => Buffer.concat(parts),
  fieldsOf: batchFields,
  repair: repairBatch,
};

const numbers = [
  '0',
  '1',
  '2',
  '-1',
  '9007199254740993',
  '1e3',
  '0x10',
  ' ',
  '\n',
  '\r\n',
  'NaN',
  `${topic} 0 `,
  '99999999999999999999',
];

const files: readonly DiskFile[] = [
  { name: 'segment', what: 'a segment in the middle', path: segment(1), cost: 'records', partition: segmentParts },
  {
    name: 'last-segment',
    what: 'the last segment',
    path: segment(crashed.segments.length - 1),
    cost: 'records',
    partition: segmentParts,
  },
  {
    name: 'offset-index',
    what: 'an offset index',
    path: beside(segment(1), '.index'),
    cost: 'nothing',
    fieldsOf: (content) => tableFields(content, [4, 4]),
  },
  {
    name: 'time-index',
    what: 'a time index',
    path: beside(segment(1), '.timeindex'),
    cost: 'nothing',
    fieldsOf: (content) => tableFields(content, [8, 4]),
  },
  {
    name: 'transaction-index',
    what: 'an index of aborted transactions',
    path: beside(segment(0), '.txnindex'),
    cost: 'nothing',
    fieldsOf: (content) => tableFields(content, [2, 8, 8, 8, 8]),
  },
  {
    name: 'producer-snapshot',
    what: 'the newest snapshot of producers',
    path: lastSnapshot,
    cost: 'nothing',
    fieldsOf: (content) => tableFields(content, [8, 2, 4, 8, 4, 8, 4, 8], 10),
  },
  {
    name: 'epoch-checkpoint',
    what: 'leader-epoch-checkpoint',
    path: `${partitionDirectory}/leader-epoch-checkpoint`,
    // The batches say their epochs themselves.
    cost: 'nothing',
    seeds: ['0\n3\n0 0\n2 9\n4 18\n', '0\n1\n7 3\n', ''],
    words: numbers,
  },
  {
    name: 'recovery-checkpoint',
    what: 'recovery-point-offset-checkpoint',
    path: `${root}/recovery-point-offset-checkpoint`,
    cost: 'records',
    seeds: [`0\n1\n${topic} 0 12\n`, '0\n0\n', `0\n2\n${topic} 0 5\nother 1 9\n`],
    words: numbers,
  },
  {
    name: 'log-start-checkpoint',
    what: 'log-start-offset-checkpoint',
    path: `${root}/log-start-offset-checkpoint`,
    cost: 'log',
    seeds: [`0\n1\n${topic} 0 12\n`, '0\n0\n', `0\n1\n${topic} 0 1000\n`],
    words: numbers,
  },
  {
    name: 'high-watermark-checkpoint',
    what: 'replication-offset-checkpoint',
    path: `${root}/replication-offset-checkpoint`,
    cost: 'nothing',
    seeds: [`0\n1\n${topic} 0 12\n`],
    words: numbers,
  },
  {
    name: 'partition-metadata',
    what: 'partition.metadata',
    path: `${partitionDirectory}/partition.metadata`,
    cost: 'log',
    words: ['version: 0\n', 'topic_id: ', 'BBBBBBBBBBBBBBBBBBBBBA'],
  },
  {
    name: 'meta-properties',
    what: 'meta.properties',
    path: `${root}/meta.properties`,
    cost: 'nothing',
    words: [
      'version=1\n',
      'version=0\n',
      'node.id=',
      'cluster.id=cluster\n',
      'directory.id=',
      '\\',
      '\\u0041',
      '#',
      '__proto__=',
    ],
  },
  {
    name: 'lock',
    what: '.lock',
    path: `${root}/.lock`,
    cost: 'nothing',
    seeds: [
      '{"processId":7,"startTime":"1","bootId":"boot","token":"t"}',
      '{"processId":8,"startTime":"1","bootId":"boot","token":"t"}',
      '{"processId":1e999}',
      '[[[[[[[',
    ],
  },
  {
    name: 'clean-shutdown',
    what: '.kafka_cleanshutdown',
    path: `${root}/.kafka_cleanshutdown`,
    cost: 'records',
    seeds: ['{"version":0,"brokerEpoch":12}', '{"brokerEpoch":-1}', ''],
    words: ['"brokerEpoch":', '99999999999999999999'],
  },
  {
    name: 'last-registration',
    what: 'last-registration.json',
    path: `${root}/last-registration.json`,
    cost: 'nothing',
    seeds: ['{"brokerEpoch":12,"durability":"fsync"}', '{"brokerEpoch":1e400,"durability":"page-cache"}', 'null'],
  },
];

function seedsOf(file: DiskFile): Uint8Array[] {
  const original = crashed.files.get(file.path) ?? null;
  const contents = [...(file.seeds ?? []), ...(original === null ? [] : [original])];
  return contents.flatMap((content) =>
    [0, 1].map((circumstances) => Buffer.concat([Uint8Array.of(circumstances), Buffer.from(content)])),
  );
}

function mutatorOf({ fieldsOf, partition }: DiskFile): NonNullable<Target['mutate']> | undefined {
  const inner =
    partition ??
    (fieldsOf === undefined ? undefined : { split: one, join: (parts: readonly Uint8Array[]) => Buffer.concat(parts), fieldsOf });
  if (inner === undefined) return undefined;
  const mutate = partsMutator(inner);
  return (input: Uint8Array, prng: Prng, other: Uint8Array) => {
    const content = mutate(input.subarray(1), prng, other.subarray(1));
    return content === null ? null : Buffer.concat([Uint8Array.of(prng.below(2)), content]);
  };
}

function one(content: Uint8Array): Uint8Array[] {
  return [content];
}

export const diskTargets: readonly Target[] = files.map((file) => {
  const mutate = mutatorOf(file);
  return {
    name: `disk-${file.name}`,
    what: `${file.what}, at the start of a broker`,
    seeds: () => seedsOf(file),
    run: (input: Uint8Array) => start(file, input),
    ...(mutate === undefined ? {} : { mutate }),
    ...(file.words === undefined ? {} : { words: file.words }),
    maxInputBytes: 4_096,
    cost: 6,
    maxMs: 1_000,
  };
});
