/**
 * Builds powerfail.c and puts it under a broker: which files it keeps where, and how a power cut is carried out.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Prng } from '@jackdaw/base';
import type { BrokerLayout } from '../cluster.ts';
import type { LaunchCommand } from '../node-process.ts';
import { compileLibrary, withLibrary } from '../preload/compile.ts';
import { readJournal } from './journal.ts';
import { cutPower, type UndoReport } from './undo.ts';

const source = fileURLToPath(new URL('../../../../test/faults/power-cut/powerfail.c', import.meta.url));

/** Compiles the library into the directory. Throws when it does not compile. */
export function buildShim(directory: string): string {
  return compileLibrary(source, directory);
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
  return withLibrary(command, library, {
    POWERFAIL_ROOT: broker.dataDir,
    POWERFAIL_JOURNAL: journal,
    POWERFAIL_STASH: stash,
    ...(isLying ? { POWERFAIL_IGNORE_SYNC: '1' } : {}),
  });
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
