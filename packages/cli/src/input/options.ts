/**
 * Small builders for yargs options, so that every command treats values alike.
 *
 * Values are read as strings and converted here: yargs' own numbers would turn a topic called 123 into a number and an
 * unreadable count into NaN. An option that was given twice, but takes one value, is an error instead of a surprise.
 */
import { parseDuration, parseInteger, type IntegerRange } from './quantities.ts';
import { UsageError } from '../failure.ts';

interface TextOption {
  readonly type: 'string';
  readonly requiresArg: true;
  readonly describe: string;
}

/** One string. */
export function text(name: string, describe: string): TextOption & { readonly coerce: (value: unknown) => string | undefined } {
  return { type: 'string', requiresArg: true, describe, coerce: (value) => single(value, name) };
}

/** One whole number. */
export function integer(
  name: string,
  describe: string,
  range: IntegerRange = {},
): TextOption & { readonly coerce: (value: unknown) => number | undefined } {
  const coerce = (value: unknown): number | undefined => {
    const given = single(value, name);
    return given === undefined ? undefined : parseInteger(given, `--${name}`, range);
  };
  return { type: 'string', requiresArg: true, describe, coerce };
}

/** A duration in milliseconds, written like 30s. */
export function duration(
  name: string,
  describe: string,
): TextOption & { readonly coerce: (value: unknown) => number | undefined } {
  const coerce = (value: unknown): number | undefined => {
    const given = single(value, name);
    return given === undefined ? undefined : parseDuration(given, `--${name}`);
  };
  return { type: 'string', requiresArg: true, describe, coerce };
}

/** An option that may be repeated, one value each time. */
export function repeated(describe: string): { type: 'string'; array: true; nargs: 1; requiresArg: true; describe: string } {
  return { type: 'string', array: true, nargs: 1, requiresArg: true, describe };
}

export function flag(describe: string): { type: 'boolean'; default: false; describe: string } {
  return { type: 'boolean', default: false, describe };
}

function single(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) throw new UsageError(`--${name} was given ${value.length} times; it takes one value`);
  throw new UsageError(`--${name} needs a value`);
}

/** Names given as words and, as with Kafka's tools, through an option; each may hold several, separated by commas. */
export function namesFrom(words: readonly string[] | undefined, option: readonly string[] | undefined): string[] {
  const all = [...(words ?? []), ...(option ?? [])].flatMap((name) => name.split(','));
  return [...new Set(all.map((name) => name.trim()).filter((name) => name !== ''))];
}

/** Like {@link namesFrom}, where at least one is needed. */
export function expectNames(kind: string, words: readonly string[] | undefined, option: readonly string[] | undefined): string[] {
  const names = namesFrom(words, option);
  if (names.length === 0) throw new UsageError(`which ${kind}? none was given`);
  return names;
}
