/**
 * Jackdaw's brokers, twice: as it ships, with every acknowledged record on disk, and in page-cache mode, as Kafka ships.
 */
import { fileURLToPath } from 'node:url';
import { probeFile } from '../measure/probe-link.ts';
import { nodeSettings, type Side } from './side.ts';

const binaries = new URL('../../../packages/cli/bin/', import.meta.url);
export const jackdawProgram = fileURLToPath(new URL('jackdaw.js', binaries));
/** The same from its single modules. */
const profiledProgram = fileURLToPath(new URL('modules.js', binaries));

export const jackdaw: Side = {
  ...jackdawSide('fsync'),
  id: 'jackdaw',
  title: 'Jackdaw, fsync',
  syncs:
    'every record by every in-sync replica before it is acknowledged (one fdatasync for all that waits), ' +
    'and the metadata log at every commit',
};

export const jackdawPageCache: Side = {
  ...jackdawSide('page-cache'),
  id: 'page-cache',
  title: 'Jackdaw, page cache',
  syncs: 'records when a segment is sealed, after they are acknowledged; the metadata log at every commit',
};

function jackdawSide(durability: string): Omit<Side, 'id' | 'title' | 'syncs'> {
  return {
    isPeer: false,
    startTimeoutMs: 60_000,
    install: () => Promise.resolve(),
    format: () => Promise.resolve(),
    command(node, plan) {
      const settings = [...nodeSettings(node, plan), 'admin.port=-1', `jackdaw.durability=${durability}`];
      const program = [...(plan.hasProbe ? ['--import', probeFile] : []), plan.isProfiled ? profiledProgram : jackdawProgram];
      const args = [...program, 'server', 'start', ...settings.flatMap((setting) => ['--set', setting])];
      return { file: process.execPath, args, hasProbe: plan.hasProbe };
    },
  };
}
