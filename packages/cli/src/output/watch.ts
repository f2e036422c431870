/**
 * `--watch`: draws a text again and again until Ctrl-C.
 *
 * On a terminal it is drawn in place on the alternate screen, so that the scrollback is as before afterwards; elsewhere a
 * new copy is written whenever the text has changed. A failed round shows its error and the watch goes on: seeing a cluster
 * go away and come back is what watching is for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../command.ts';
import { describeFailure } from '../failure.ts';
import type { Paint } from './style.ts';

const enterAlternateScreen = '\u001b[?1049h\u001b[?25l';
const leaveAlternateScreen = '\u001b[?25h\u001b[?1049l';
const homeAndClear = '\u001b[H\u001b[2J';

export async function watch(
  context: Context,
  intervalMs: number,
  draw: (paint: Paint) => Promise<readonly string[]>,
): Promise<void> {
  const { out, signal } = context;
  const isInPlace = out.isTerminal;
  let last = '';
  if (isInPlace) out.raw(enterAlternateScreen);
  try {
    while (!signal.aborted) {
      const text = (await drawOrExplain(context, draw)).join('\n');
      if (isInPlace)
        out.raw(
          `${homeAndClear}${out.paint('dim', `${new Date().toISOString()}  every ${intervalMs} ms, Ctrl-C ends`)}\n\n${text}\n`,
        );
      else if (text !== last) out.line(`${last === '' ? '' : '\n'}${text}`);
      last = text;
      await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    if (isInPlace) out.raw(leaveAlternateScreen);
  }
}

async function drawOrExplain(context: Context, draw: (paint: Paint) => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await draw(context.out.paint);
  } catch (error) {
    const failure = describeFailure(error, context.bootstrap);
    return [context.out.paint('bad', `error: ${failure.code}: ${failure.message}`)];
  }
}
