/**
 * Libraries that come between a broker and the system (LD_PRELOAD), compiled from C when a row needs them.
 */
import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import type { LaunchCommand } from '../node-process.ts';

/** Why there can be none here; undefined: there can. */
export function whyNoLibraries(): string | undefined {
  const isHere = process.platform === 'linux' && compiler() !== undefined;
  return isHere ? undefined : 'this needs Linux and a C compiler (cc, gcc or clang)';
}

/** Compiles a library into the directory and returns its path. Throws when it does not compile. */
export function compileLibrary(source: string, directory: string): string {
  const library = join(directory, `${basename(source, '.c')}.so`);
  const args = ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl', '-lpthread'];
  const built = spawnSync(compiler() ?? 'cc', args, { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`compiling ${source}: ${built.stderr}`);
  return library;
}

/** The command with the library in front of those that it has already. */
export function withLibrary(command: LaunchCommand, library: string, env: Readonly<Record<string, string>>): LaunchCommand {
  const others = command.env['LD_PRELOAD'];
  return {
    ...command,
    env: {
      ...command.env,
      ...env,
      LD_PRELOAD: others === undefined ? library : `${library}:${others}`,
      // What goes through io_uring does not go through libc.
      UV_USE_IO_URING: '0',
    },
  };
}

function compiler(): string | undefined {
  return ['cc', 'gcc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0);
}
