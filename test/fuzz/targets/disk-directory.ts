/**
 * A log directory in which several things are wrong at once: files lost, cut, changed, under other names (`.swap`, `.cleaned`,
 * `.deleted`, other offsets, other partitions), left by nobody, or directories in their place.
 *
 * What is lost is lost; but the start ends, in a log that serves sound batches in order, takes an append, and is the same
 * after an orderly stop, or in a refusal that says why (B2–B7).
 *
 * An input is one byte of circumstances as in `disk.ts`, then changes: a letter for the kind, the file by its number in the
 * directory, and a name or bytes behind a length of one byte.
 */
import type { Prng } from '@jackdaw/base';
import type { LogManager, MemoryFs } from '@jackdaw/log';
import { pick } from '../../hardening/mutations.ts';
import { expect, type Outcome, type Target } from '../engine/target.ts';
import { fixtures, open, readAll, reopen, use } from './disk.ts';
import { diskOf, partitionDirectory, root, topic, type Files } from './disk-fixture.ts';

const maxChanges = 12;
const kinds = ['lose', 'rename', 'copy', 'write', 'cut', 'flip', 'directory'] as const;

interface Change {
  readonly kind: (typeof kinds)[number];
  readonly file: number;
  readonly bytes: Uint8Array;
}

function changesOf(input: Uint8Array): Change[] {
  const changes: Change[] = [];
  for (let at = 1; at + 3 <= input.length && changes.length < maxChanges;) {
    const [kind, file, length] = [input[at] as number, input[at + 1] as number, input[at + 2] as number];
    changes.push({ kind: kinds[kind % kinds.length] ?? 'lose', file, bytes: input.subarray(at + 3, at + 3 + length) });
    at += 3 + length;
  }
  return changes;
}

function bytesOf(circumstances: number, changes: readonly Change[]): Uint8Array {
  const parts = changes.map(({ kind, file, bytes }) =>
    Buffer.concat([Uint8Array.of(kinds.indexOf(kind), file, Math.min(bytes.length, 255)), bytes.subarray(0, 255)]),
  );
  return Buffer.concat([Uint8Array.of(circumstances), ...parts]);
}

/** The files with one change made to them. */
function change(files: Map<string, Uint8Array | null>, { kind, file, bytes }: Change): void {
  const paths = [...files.keys()].filter((path) => files.get(path) !== null);
  const path = paths[file % Math.max(1, paths.length)];
  if (path === undefined) return;
  const content = files.get(path) ?? new Uint8Array(0);
  const target = `${file < 128 ? partitionDirectory : root}/${nameOf(bytes)}`;
  if (kind === 'lose' || kind === 'rename') files.delete(path);
  if ((kind === 'rename' || kind === 'copy') && files.get(target) !== null) files.set(target, content);
  if (kind === 'write') files.set(path, bytes);
  if (kind === 'cut') files.set(path, content.subarray(0, ((bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)) % (content.length + 1)));
  if (kind === 'flip') files.set(path, overwritten(content, bytes));
  if (kind === 'directory') changeDirectory(files, `${root}/${nameOf(bytes)}`);
}

/**
 * In the root only, and not where a checkpoint is written aside: a directory in a file's place inside a partition, or called
 * `.tmp`, is nothing that a crash or a copy leaves.
 */
function changeDirectory(files: Map<string, Uint8Array | null>, path: string): void {
  if (!files.has(path) && !path.endsWith('.tmp')) files.set(path, null);
}

/** Bytes from some position on replaced: the first two bytes say where. */
function overwritten(content: Uint8Array, bytes: Uint8Array): Uint8Array {
  const result = Uint8Array.from(content);
  const position = ((bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)) % Math.max(1, content.length);
  result.set(bytes.subarray(2, 2 + content.length - position), position);
  return result;
}

/** What the disk takes as a name: no separator, not nothing, not longer than others. */
function nameOf(bytes: Uint8Array): string {
  const name = Buffer.from(bytes).toString('latin1').replaceAll(/[/\0]/g, '_').slice(0, 200);
  return name === '' || name === '.' || name === '..' ? '_' : name;
}

async function start(input: Uint8Array): Promise<Outcome> {
  const fixture = fixtures[(input[0] ?? 0) & 1];
  const files = new Map((fixture?.files ?? new Map()) as Files);
  for (const one of changesOf(input)) change(files, one);
  const fs = diskOf(files);
  const manager = await open(fs);
  if (manager === null) return 'refused';
  try {
    return await live(fs, manager, input.length % 4 === 0);
  } finally {
    manager.abandon();
  }
}

async function live(fs: MemoryFs, manager: LogManager, isStopped: boolean): Promise<Outcome> {
  for (const { error } of manager.unreadable) expect(error.message !== '', 'a log that cannot be read says why');
  const log = manager.get(topic, 0);
  if (log === undefined) return 'refused';
  await readAll(log, { mayBeCorrupt: true });
  await use(log);
  if (isStopped) await reopen(fs, manager, log);
  return 'accepted';
}

const names = [
  '00000000000000000000.log',
  '00000000000000000005.log',
  '00000000000000000010.log',
  '00000000000000000010.log.swap',
  '00000000000000000000.log.swap',
  '00000000000000000000.index.swap',
  '00000000000000000010.timeindex.swap',
  '00000000000000000010.txnindex.cleaned',
  '00000000000000000010.log.cleaned',
  '00000000000000000010.log.deleted',
  '00000000000000000010.snapshot',
  '00000000000000000099.snapshot',
  '00000000000000000010.snapshot.deleted',
  '09007199254740993000.log',
  '99999999999999999999.log',
  '1.log',
  'leader-epoch-checkpoint',
  'leader-epoch-checkpoint.tmp',
  'partition.metadata',
  'partition.metadata.tmp',
  '.lock',
  '.kafka_cleanshutdown',
  '.jackdaw-failed',
  'meta.properties',
  'recovery-point-offset-checkpoint.tmp',
  'orders-1',
  'orders-00',
  'orders-0.abc-delete',
  'orders-0.abc-stray',
  'orders-0.abc-future',
  'orders-99999999999',
  '-0',
  'é-0',
];

function sampleChange(prng: Prng): Change {
  const kind = pick(kinds, prng);
  const isNamed = kind === 'rename' || kind === 'copy' || kind === 'directory';
  const bytes = isNamed ? Buffer.from(pick(names, prng)) : prng.bytes(prng.between(2, 12));
  return { kind, file: prng.below(256), bytes };
}

const mutate: NonNullable<Target['mutate']> = (input, prng, other) => {
  const changes = changesOf(input);
  const index = prng.below(changes.length + 1);
  const theirs = changesOf(other);
  switch (prng.below(5)) {
    case 0:
      changes.splice(index, 1);
      break;
    case 1:
      if (theirs.length > 0) changes.splice(index, 0, pick(theirs, prng));
      break;
    case 2: {
      const one = changes[index];
      if (one !== undefined) changes[index] = { ...one, file: (one.file + prng.between(1, 3)) & 255 };
      break;
    }
    default:
      changes.splice(index, prng.below(2), sampleChange(prng));
  }
  return bytesOf(prng.below(2), changes);
};

export const directoryTargets: readonly Target[] = [
  {
    name: 'disk-directory',
    what: 'a whole log directory with several things wrong: files lost, cut, changed, renamed, left over',
    seeds: (prng) => [
      Uint8Array.of(0),
      Uint8Array.of(1),
      ...names.map((name) => bytesOf(prng.below(2), [{ kind: 'copy', file: prng.below(256), bytes: Buffer.from(name) }])),
      ...Array.from({ length: 40 }, () => bytesOf(prng.below(2), [sampleChange(prng), sampleChange(prng)])),
    ],
    run: start,
    mutate,
    words: names,
    maxInputBytes: 1_024,
    cost: 6,
    maxMs: 1_000,
  },
];
