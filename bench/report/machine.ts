/**
 * The machine that a run ran on, and its class: results of one class can be compared, those of two cannot.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
  /** Empty where no Java took part. */
  readonly java: string;
  readonly class: string;
}

export function thisMachine(java: string): Machine {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown';
  const cores = cpus().length;
  const memoryGib = Math.round(totalmem() / 2 ** 30);
  const node = process.version;
  return { cpu, cores, memoryGib, kernel: kernel(), node, java, class: machineClass({ cpu, cores, memoryGib, node }) };
}

/** Same processor, as many cores, about as much memory, same major version of Node. */
export function machineClass(machine: { cpu: string; cores: number; memoryGib: number; node: string }): string {
  const memory = 2 ** Math.round(Math.log2(Math.max(1, machine.memoryGib)));
  const major = /^v(\d+)/.exec(machine.node)?.[1] ?? '?';
  return `${machine.cpu} × ${machine.cores}, ~${memory} GiB, Node ${major}`;
}

function kernel(): string {
  try {
    return readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
  } catch {
    return process.platform;
  }
}

/** Short name of the commit that the tree stands on, and whether it has other changes. */
export function commitOfTree(): { commit: string; isDirty: boolean } {
  const cwd = fileURLToPath(new URL('../../../', import.meta.url));
  const git = (...args: string[]): string => spawnSync('git', args, { cwd, encoding: 'utf8' }).stdout?.trim() ?? '';
  const changed = git('status', '--porcelain', '--', 'packages', 'protos', 'bench');
  return { commit: git('rev-parse', '--short', 'HEAD') || 'unknown', isDirty: changed !== '' };
}
