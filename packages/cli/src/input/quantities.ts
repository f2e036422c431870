/**
 * Text into quantities: durations, times, counts, key=value pairs; and quantities into text for people.
 *
 * Every parser throws UsageError with the option's name in it, so that the message says what to correct.
 */
import { UsageError } from '../failure.ts';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** "30s", "500ms", "1h30m", "2d", or a bare number of milliseconds. */
export function parseDuration(text: string, option: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text) {
    throw new UsageError(`${option}: "${text}" is not a duration`, 'write for example 30s, 500ms, 1h30m');
  }
  return parts.reduce((sum, part) => sum + Number(part[1]) * (unitMs[part[2] as string] as number), 0);
}

/** An ISO-8601 duration such as PT1H30M or P2DT3H, as kafka-consumer-groups takes it, or one of {@link parseDuration}. */
export function parseIsoDuration(text: string, option: string): number {
  if (!/^p/i.test(text)) return parseDuration(text, option);
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i.exec(text);
  if (match === null || /T$|^P$/i.test(text))
    throw new UsageError(`${option}: "${text}" is not an ISO-8601 duration`, 'write for example PT1H30M');
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0)) as [number, number, number, number];
  return days * 86_400_000 + hours * 3_600_000 + minutes * 60_000 + Math.round(seconds * 1000);
}

/** Milliseconds since the epoch from a number, or from an ISO-8601 time; without a zone it is UTC, as in Kafka's tools. */
export function parseTimestamp(text: string, option: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const iso = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/.exec(text);
  const zoned = iso === null ? '' : iso[1] === undefined && text.length > 10 ? `${text}Z` : text;
  const time = Date.parse(zoned.replace(' ', 'T').replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  if (Number.isNaN(time))
    throw new UsageError(`${option}: "${text}" is not a time`, 'write for example 2026-11-22T08:00:00 (UTC) or milliseconds');
  return time;
}

export interface IntegerRange {
  readonly min?: number;
  readonly max?: number;
}

export function parseInteger(text: string, option: string, range: IntegerRange = {}): number {
  const min = range.min ?? Number.MIN_SAFE_INTEGER;
  const max = range.max ?? Number.MAX_SAFE_INTEGER;
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw new UsageError(`${option}: "${text}" is not a whole number`);
  if (value < min || value > max) throw new UsageError(`${option}: ${text} is outside ${min}..${max}`);
  return value;
}

/** "a=b" pairs in order; the value may contain "=" and be empty. */
export function parsePairs(pairs: readonly string[], option: string): Map<string, string> {
  const result = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at <= 0) throw new UsageError(`${option}: "${pair}" is not key=value`);
    result.set(pair.slice(0, at).trim(), pair.slice(at + 1));
  }
  return result;
}

/** 1536 → "1.5 KiB". */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${bytes} B` : `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

/** 93_784_000 → "1d2h"; the two largest units that count. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)}ms`;
  const units: readonly (readonly [string, number])[] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ];
  let rest = Math.floor(durationMs / 1000) * 1000;
  const parts: string[] = [];
  for (const [name, sizeMs] of units) {
    const count = Math.floor(rest / sizeMs);
    rest -= count * sizeMs;
    if (count > 0 || parts.length > 0) parts.push(`${count}${name}`);
    if (parts.length === 2) break;
  }
  return parts.filter((part, i) => i === 0 || !part.startsWith('0')).join('');
}
