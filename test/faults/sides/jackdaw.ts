/**
 * Jackdaw's brokers: `jackdaw server start`, configured by its command line.
 */
import { fileURLToPath } from 'node:url';
import { cleanEnvironment, nodeSettings, type Side } from './side.ts';

const program = fileURLToPath(new URL('../../../../packages/cli/bin/jackdaw.js', import.meta.url));

export const jackdaw: Side = {
  name: 'jackdaw',
  startTimeoutMs: 60_000,
  whyNot: () => undefined,
  prepare: () => {},
  command(plan) {
    const settings = [...nodeSettings(plan), 'admin.port=-1'];
    const args = [program, 'server', 'start', ...settings.flatMap((setting) => ['--set', setting])];
    return { file: process.execPath, args, env: cleanEnvironment() };
  },
};
