/**
 * Whether a process that was started earlier is still that process: its pid and the moment it began, together.
 *
 * Pids are used again, so a pid in a file proves nothing. On Linux the start time in clock ticks and the state come from
 * /proc/PID/stat; elsewhere `ps` tells both.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal for the same process only. */
  readonly startedAt: string;
}

export type ProcessState = 'running' | 'paused' | 'stopped';

interface Observed {
  readonly startedAt: string;
  /** First letter as `ps` and /proc show it. */
  readonly letter: string;
}

/** The identity of a live process, or undefined when there is none of that pid. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const observed = observe(pid);
  return observed === undefined || observed.letter === 'Z' ? undefined : { pid, startedAt: observed.startedAt };
}

/** `stopped` also when the pid now belongs to another process. */
export function stateOf(identity: ProcessIdentity | null): ProcessState {
  if (identity === null) return 'stopped';
  const observed = observe(identity.pid);
  if (observed === undefined || observed.startedAt !== identity.startedAt || 'ZX'.includes(observed.letter)) return 'stopped';
  return observed.letter === 'T' || observed.letter === 't' ? 'paused' : 'running';
}

/** Sends a signal if the process is still the one that is meant; false when it is gone. */
export function signalProcess(identity: ProcessIdentity | null, signal: NodeJS.Signals): boolean {
  if (identity === null || stateOf(identity) === 'stopped') return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

function observe(pid: number): Observed | undefined {
  return existsSync('/proc/self/stat') ? observeProc(pid) : observePs(pid);
}

function observeProc(pid: number): Observed | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return parseProcStat(stat);
  } catch {
    // No such process, or it ended while we looked.
    return undefined;
  }
}

/** The name in field 2 may hold blanks and parentheses; the fields after its last ")" are state (3) … start time (22). */
export function parseProcStat(stat: string): Observed | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const letter = fields[0];
  const startTicks = fields[19];
  return letter === undefined || startTicks === undefined ? undefined : { letter, startedAt: startTicks };
}

function observePs(pid: number): Observed | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    const at = text.indexOf(' ');
    return at < 0 ? undefined : { letter: text.slice(0, 1), startedAt: text.slice(at).trim() };
  } catch {
    return undefined;
  }
}
