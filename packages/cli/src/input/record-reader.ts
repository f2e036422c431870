/**
 * A line of text into a record to produce: plain value, key and value with a separator, or by a format like `%k %v`.
 */
import { UsageError } from '../failure.ts';

export interface LineRecord {
  readonly key: string | null;
  /** Null is a tombstone. */
  readonly value: string | null;
}

export interface LineFormat {
  /** Splits key from value at its first occurrence. */
  readonly keySeparator?: string | undefined;
  /** Pieces %k and %v with fixed text around them. */
  readonly format?: string | undefined;
  /** This text means null, in key and value. */
  readonly nullMarker?: string | undefined;
}

export function lineParser(options: LineFormat): (line: string) => LineRecord {
  const toNull = (text: string): string | null => (text === options.nullMarker ? null : text);
  if (options.format !== undefined) return formatParser(options.format, toNull);
  const separator = options.keySeparator;
  if (separator === undefined) return (line) => ({ key: null, value: toNull(line) });
  return (line) => {
    const at = line.indexOf(separator);
    if (at < 0)
      throw new UsageError(
        `a line has no key separator "${separator}": ${line.slice(0, 80)}`,
        'set another with --key-separator',
      );
    return { key: toNull(line.slice(0, at)), value: toNull(line.slice(at + separator.length)) };
  };
}

function formatParser(format: string, toNull: (text: string) => string | null): (line: string) => LineRecord {
  const pieces = unescapeText(format)
    .replace(/\r?\n$/, '')
    .split(/(%[kv%])/);
  const names: string[] = pieces.filter((piece) => piece === '%k' || piece === '%v');
  if (!names.includes('%v') || new Set(names).size !== names.length)
    throw new UsageError('--format needs one %v, and %k at most once');
  const source = pieces
    .map((piece) => (piece === '%k' ? '(.*?)' : piece === '%v' ? '(.*)' : literal(piece === '%%' ? '%' : piece)))
    .join('');
  const pattern = new RegExp(`^${source}$`, 's');
  return (line) => {
    const match = pattern.exec(line);
    if (match === null) throw new UsageError(`a line does not fit --format: ${line.slice(0, 80)}`);
    const part = (name: string): string | null =>
      names.includes(name) ? toNull(match[names.indexOf(name) + 1] as string) : null;
    return { key: part('%k'), value: part('%v') };
  };
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** \n, \t, \r, \0, \\ as people type them in a shell. */
export function unescapeText(text: string): string {
  const characters: ReadonlyMap<string, string> = new Map([
    ['n', '\n'],
    ['t', '\t'],
    ['r', '\r'],
    ['0', '\0'],
  ]);
  return text.replace(/\\(.)/gs, (_whole, character: string) => characters.get(character) ?? character);
}

/** "name:value", as `-H` takes it. */
export function parseHeader(text: string): { key: string; value: string } {
  const at = text.search(/[:=]/);
  if (at <= 0) throw new UsageError(`--header: "${text}" is not name:value`);
  return { key: text.slice(0, at), value: text.slice(at + 1) };
}
