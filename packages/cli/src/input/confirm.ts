/**
 * Asking before something that cannot be undone.
 *
 * On a terminal the name has to be typed. Elsewhere nobody can answer, so the command fails at once instead of hanging;
 * `--yes` says the answer in advance.
 */
import { createInterface } from 'node:readline/promises';
import type { Context } from '../command.ts';
import { CommandError, UsageError } from '../failure.ts';

/** Returns when the answer is yes; throws otherwise. */
export async function confirmByName(context: Context, warning: string, name: string): Promise<void> {
  if (context.globals.yes) return;
  if (!context.stdin.isTTY || context.out.stderr.isTTY !== true) {
    throw new UsageError(`${warning}; this needs a confirmation, and there is no terminal to ask at`, 'add --yes to go ahead');
  }
  const prompt = createInterface({ input: context.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`${warning}.\nType "${name}" to go ahead: `, { signal: context.signal });
    if (answer.trim() !== name) throw new CommandError('CANCELLED', 'the name does not match; nothing was changed');
  } finally {
    prompt.close();
  }
}
