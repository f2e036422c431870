/**
 * A finding: an input that breaks an oracle, with what it breaks. Two inputs that fail in the same place are one finding.
 */
import { OracleError } from './target.ts';

export interface Finding {
  readonly target: string;
  /** Where and how it fails; the same for inputs that show the same fault. */
  readonly key: string;
  readonly message: string;
  readonly stack: string;
  readonly input: Uint8Array;
}

/** Files that only throw for others. */
const throwers = /^(assert|records\/record-errors)$/;
const ourFrame = /(?:packages\/([a-z]+)\/dist\/src|dist\/test\/fuzz)\/([\w./-]+)\.js:(\d+)/;

export function findingOf(target: string, input: Uint8Array, error: unknown): Finding {
  const isError = error instanceof Error;
  const message = isError ? error.message : String(error);
  const stack = isError ? (error.stack ?? message) : message;
  return { target, key: `${target}: ${keyOf(error, message, stack)}`, message, stack, input };
}

/** An oracle's word is the same from wherever it comes, but for the numbers in it; other errors are known by their place. */
function keyOf(error: unknown, message: string, stack: string): string {
  const words = message.replaceAll(/\d+/g, '#').slice(0, 60);
  if (error instanceof OracleError) return words;
  const frame = stack
    .split('\n')
    .map((line) => ourFrame.exec(line))
    .find((match) => match !== null && !throwers.test(match[2] ?? ''));
  const name = error instanceof Error ? error.constructor.name : typeof error;
  return frame === undefined || frame === null ? `${name} ${words}` : `${name} in ${frame[1] ?? 'fuzz'}/${frame[2]}:${frame[3]}`;
}
