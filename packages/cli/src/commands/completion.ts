/**
 * `jackdaw completion SHELL`: prints the script; without a shell, the one that $SHELL names.
 */
import { basename } from 'node:path';
import { defineCommand } from '../command.ts';
import { completionScript, shells } from '../completion/scripts.ts';
import { UsageError } from '../failure.ts';

export const command = defineCommand({
  build: (yargs) => yargs.positional('shell', { type: 'string', describe: 'bash, zsh or fish; default what $SHELL says' }),
  run: async (args, context) => {
    const name = args.shell ?? basename(context.env['SHELL'] ?? 'bash');
    const shell = shells.find((candidate) => candidate === name);
    if (shell === undefined) throw new UsageError(`no completion for "${name}"`, `one of ${shells.join(', ')}`);
    context.out.raw(completionScript(shell));
  },
});
