/**
 * Small disks for tests: tmpfs mounts that can be filled and made read-only. Needs root; without it the tests say so.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Mount {
  readonly path: string;
  /** Takes what is free, but for some bytes. */
  fill(): void;
  /** Gives back what `fill` took. */
  free(): void;
  remount(mode: 'ro' | 'rw'): void;
  unmount(): void;
}

let answer: string | false | undefined;

/** Why tests that mount must be skipped, or false. */
export function whyNoMounts(): string | false {
  answer ??= tryMount();
  return answer;
}

function tryMount(): string | false {
  try {
    mountTmpfs(1).unmount();
    return false;
  } catch (error) {
    return `tmpfs cannot be mounted here (root is needed): ${error instanceof Error ? error.message.split('\n')[0] : ''}`;
  }
}

const mounted = new Set<Mount>();
process.on('exit', () => {
  for (const mount of mounted) mount.unmount();
});

export function mountTmpfs(mebibytes: number): Mount {
  const path = mkdtempSync(join(tmpdir(), 'jackdaw-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'jackdaw-test', path], { stdio: 'pipe' });
  } catch (error) {
    rmdirSync(path);
    throw error;
  }
  const ballast = join(path, 'ballast');
  const mount: Mount = {
    path,
    fill: () => fillFile(ballast),
    free: () => rmSync(ballast, { force: true }),
    remount: (mode) => void execFileSync('mount', ['-o', `remount,${mode}`, path], { stdio: 'pipe' }),
    unmount: () => {
      mounted.delete(mount);
      // Lazily, for a broker that hangs must not keep the test from its end.
      execFileSync('umount', ['-l', path], { stdio: 'pipe' });
      rmdirSync(path);
    },
  };
  mounted.add(mount);
  return mount;
}

function fillFile(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (const size of [65_536, 4_096, 1]) {
      for (;;) if (!tryWrite(file, Buffer.alloc(size))) break;
    }
  } finally {
    closeSync(file);
  }
}

function tryWrite(file: number, bytes: Buffer): boolean {
  try {
    return writeSync(file, bytes) === bytes.length;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
}
