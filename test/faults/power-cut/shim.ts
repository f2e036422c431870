/**
 * Builds powerfail.c and puts it under a broker: which files it keeps where, and how a power cut is carried out.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Prng } from '@jackdaw/base';
import type { BrokerLayout } from '../cluster.ts';
import type { LaunchCommand } from '../node-process.ts';
import { readJournal } from './journal.ts';
import { cutPower, type UndoReport } from './undo.ts';

const source = fileURLToPath(new URL('../../../../test/faults/power-cut/powerfail.c', import.meta.url));

export function hasCompiler(): boolean {
  return process.platform === 'linux' && compiler() !== undefined;
}

/** Compiles the library into the directory. Throws when it does not compile. */
export function buildShim(directory: string): string {
  const library = join(directory, 'powerfail.so');
  const args = ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl', '-lpthread'];
  const built = spawnSync(compiler() ?? 'cc', args, { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`compiling ${source}: ${built.stderr}`);
  return library;
}

function compiler(): string | undefined {
  return ['cc', 'gcc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0);
}

export interface ShimOptions {
  readonly library: string;
  /** A disk whose syncs do nothing. */
  readonly isLying: boolean;
}

/** The broker's command with the library under it. */
export function underShim({ library, isLying }: ShimOptions, broker: BrokerLayout, command: LaunchCommand): LaunchCommand {
  const { journal, stash } = placesOf(broker);
  mkdirSync(stash, { recursive: true });
  const env = {
    ...command.env,
    LD_PRELOAD: library,
    POWERFAIL_ROOT: broker.dataDir,
    POWERFAIL_JOURNAL: journal,
    POWERFAIL_STASH: stash,
    // What goes through io_uring does not go through libc.
    UV_USE_IO_URING: '0',
    ...(isLying ? { POWERFAIL_IGNORE_SYNC: '1' } : {}),
  };
  return { ...command, env };
}

/** The broker, which has been killed, has lost its power: some of what it had not synced is gone. */
export function cutPowerOf(broker: BrokerLayout, prng: Prng): UndoReport {
  const { journal, stash } = placesOf(broker);
  if (!existsSync(journal)) throw new Error(`${journal} is not there: the library did not get under the broker`);
  const report = cutPower(readJournal(journal), filesBelow(broker.dataDir), prng);
  // What is on the disk now is durable: the next cut begins with an empty journal.
  rmSync(journal);
  rmSync(stash, { recursive: true });
  return report;
}

function placesOf({ dataDir }: BrokerLayout): { readonly journal: string; readonly stash: string } {
  return { journal: join(dirname(dataDir), 'powerfail.journal'), stash: join(dirname(dataDir), 'powerfail.stash') };
}

function filesBelow(directory: string): Map<number, string> {
  const files = readdirSync(directory, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return new Map(files.map(({ parentPath, name }) => [statSync(join(parentPath, name)).ino, join(parentPath, name)]));
}
