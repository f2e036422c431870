/**
 * Profiles of the peer: Java's flight recorder, started and stopped from outside by `jcmd`, which a JDK has and a bare runtime
 * has not. A recording holds samples of the CPU and of allocations; `jfr print` and JDK Mission Control read it.
 */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { BenchError, messageOf } from '../run/bench-error.ts';

const recordingName = 'bench';
const run = promisify(execFile);

export async function beginRecordings(pids: readonly number[]): Promise<void> {
  await Promise.all(pids.map((pid) => jcmd(pid, 'JFR.start', `name=${recordingName}`, 'settings=profile')));
}

/** The files that were written. */
export async function endRecordings(processes: readonly { readonly pid: number; readonly file: string }[]): Promise<string[]> {
  const written = processes.map(async ({ pid, file }) => {
    const path = resolve(`${file}.jfr`);
    await jcmd(pid, 'JFR.stop', `name=${recordingName}`, `filename=${path}`);
    return path;
  });
  return await Promise.all(written);
}

async function jcmd(pid: number, ...args: readonly string[]): Promise<void> {
  try {
    await run('jcmd', [String(pid), ...args]);
  } catch (error) {
    const hint = 'profiles of the peer need jcmd of a JDK in PATH; leave out --peer or --profile without it';
    throw new BenchError(`jcmd ${args[0] ?? ''} failed: ${messageOf(error)}`, hint, { cause: error });
  }
}
