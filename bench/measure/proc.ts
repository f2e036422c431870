/**
 * What Linux says of a process: CPU seconds and memory, from /proc. And how busy the whole machine is.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { BenchError } from '../run/bench-error.ts';

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const clockTicksPerSecond = 100;

export interface CpuSeconds {
  readonly user: number;
  readonly system: number;
}

export function expectProc(): void {
  if (existsSync('/proc/self/stat')) return;
  throw new BenchError('there is no /proc here', 'the rows read CPU time and memory from it: run them on Linux');
}

/** Of these processes together, so far. */
export function cpuSeconds(pids: readonly number[]): CpuSeconds {
  let user = 0;
  let system = 0;
  for (const pid of pids) {
    const fields = statFields(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    user += Number(fields[11]);
    system += Number(fields[12]);
  }
  return { user: user / clockTicksPerSecond, system: system / clockTicksPerSecond };
}

/** The fields behind the name, which may hold spaces and parentheses itself. */
export function statFields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Resident now, and the most that was resident since the last reset; in MB of the process. */
export function memoryMb(pid: number): { resident: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kb = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0);
  return { resident: kb('VmRSS') / 1024, peak: kb('VmHWM') / 1024 };
}

/** The peak of the process's memory counts from now on. */
export function resetPeakMemory(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Not ours to reset: then the peak is that of its whole life.
  }
}

/** Cores that the machine kept busy over the next `overMs`, whoever did it. */
export async function busyCores(overMs: number): Promise<number> {
  const before = busySeconds();
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, overMs));
  return ((busySeconds() - before) * 1000) / (performance.now() - began);
}

function busySeconds(): number {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  const [user = 0, nice = 0, system = 0, , , interrupt = 0, softInterrupt = 0, stolen = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + interrupt + softInterrupt + stolen) / clockTicksPerSecond;
}
