/**
 * Colours for a terminal, and the decision whether there are any.
 *
 * Order of say: `--no-color`, then NO_COLOR (https://no-color.org), then FORCE_COLOR, then whether the stream is a terminal.
 */
import { styleText } from 'node:util';

export type Tone = 'plain' | 'bold' | 'dim' | 'good' | 'warn' | 'bad' | 'accent';

const formats: Readonly<Record<Exclude<Tone, 'plain'>, Parameters<typeof styleText>[0]>> = {
  bold: 'bold',
  dim: 'dim',
  good: 'green',
  warn: 'yellow',
  bad: 'red',
  accent: 'cyan',
};

export interface ColorChoice {
  /** `--no-color` was given. */
  readonly disabled: boolean;
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function wantsColor(choice: ColorChoice): boolean {
  if (choice.disabled) return false;
  if ((choice.env['NO_COLOR'] ?? '') !== '') return false;
  const forced = choice.env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return choice.isTTY && choice.env['TERM'] !== 'dumb';
}

/** A function that colours text, or leaves it alone. */
export type Paint = (tone: Tone, text: string) => string;

export const paintNothing: Paint = (_tone, text) => text;

export const paintAnsi: Paint = (tone, text) =>
  tone === 'plain' || text === '' ? text : styleText(formats[tone], text, { validateStream: false });
