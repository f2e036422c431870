/**
 * Text → value by a key's type and rule, with Kafka's meaning and Kafka's error texts (`ConfigDef.parseType`,
 * `Range`, `ValidString`, `ValidList`). Used by the start-up loader, by CreateTopics, by AlterConfigs and by whoever
 * reads a stored override.
 */

import type { ConfigKey, ConfigRule, ConfigType, ConfigValue } from './config-key.ts';

export type ParsedConfigValue =
  | { readonly ok: true; readonly value: ConfigValue }
  | { readonly ok: false; readonly error: string };

/** Longest value that any key takes; a peer's longer one is refused before it is parsed. */
export const maxConfigValueLength = 32_767;

const integerLimits: ReadonlyMap<ConfigType, readonly [bigint, bigint]> = new Map([
  ['short', [-(2n ** 15n), 2n ** 15n - 1n]],
  ['int', [-(2n ** 31n), 2n ** 31n - 1n]],
  ['long', [-(2n ** 63n), 2n ** 63n - 1n]],
]);

/** Parses and checks `text`; null is "no value", which only keys without a default take. */
export function parseConfigValue(key: ConfigKey, text: string | null): ParsedConfigValue {
  if (text === null) return key.defaultValue === null ? { ok: true, value: null } : wrong(key, text, 'Value must be non-null');
  if (text.length > maxConfigValueLength)
    return wrong(key, text, `Value must be at most ${maxConfigValueLength} characters long`);
  const parsed = parseByType(key, text.trim());
  if (!parsed.ok) return parsed;
  const complaint = key.rule === null ? null : breaksRule(key, key.rule, parsed.value);
  return complaint === null ? parsed : { ok: false, error: complaint };
}

/** The value's one spelling, as Kafka's `convertToString` writes it: trimmed, lists joined by bare commas. */
export function canonicalConfigText(key: ConfigKey, text: string): string {
  const trimmed = text.trim();
  if (key.type === 'list') return splitList(trimmed).join(',');
  if (key.type === 'boolean') return trimmed.toLowerCase();
  if (integerLimits.has(key.type)) return parseInteger(trimmed)?.toString() ?? trimmed;
  if (key.type === 'double') return javaDoubleText(trimmed);
  return trimmed;
}

export function splitList(text: string): string[] {
  const trimmed = text.trim();
  return trimmed === '' ? [] : trimmed.split(/\s*,\s*/);
}

function parseByType(key: ConfigKey, text: string): ParsedConfigValue {
  switch (key.type) {
    case 'boolean': {
      const lower = text.toLowerCase();
      if (lower === 'true' || lower === 'false') return { ok: true, value: lower === 'true' };
      return wrong(key, text, 'Expected value to be either true or false');
    }
    case 'short':
    case 'int':
    case 'long':
      return parseIntegerValue(key, text);
    case 'double': {
      const value = parseDouble(text);
      return value === null ? wrong(key, text, 'Not a number of type DOUBLE') : { ok: true, value };
    }
    case 'list':
      return { ok: true, value: splitList(text) };
    case 'string':
    case 'password':
    case 'class':
      return { ok: true, value: text };
  }
}

function parseIntegerValue(key: ConfigKey, text: string): ParsedConfigValue {
  const value = parseInteger(text);
  const limits = integerLimits.get(key.type);
  if (value === null || limits === undefined || value < limits[0] || value > limits[1]) {
    return wrong(key, text, `Not a number of type ${key.type.toUpperCase()}`);
  }
  return { ok: true, value: clampToSafe(value) };
}

/** Offsets and durations beyond 2^53 − 1 mean "never": clamping keeps them so without bigint arithmetic. */
function clampToSafe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return Number.MAX_SAFE_INTEGER;
  if (value < BigInt(Number.MIN_SAFE_INTEGER)) return Number.MIN_SAFE_INTEGER;
  return Number(value);
}

function parseInteger(text: string): bigint | null {
  return /^[+-]?\d{1,20}$/.test(text) ? BigInt(text.startsWith('+') ? text.slice(1) : text) : null;
}

function parseDouble(text: string): number | null {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : null;
}

/** Java writes a whole double with ".0". */
function javaDoubleText(text: string): string {
  const value = parseDouble(text);
  if (value === null) return text;
  return Number.isInteger(value) && Math.abs(value) < 1e7 ? `${value}.0` : text;
}

function breaksRule(key: ConfigKey, rule: ConfigRule, value: ConfigValue): string | null {
  switch (rule.kind) {
    case 'range':
      return breaksRange(key, rule, value);
    case 'one-of': {
      const fold = (text: string): string => (rule.ignoreCase ? text.toLowerCase() : text);
      if (typeof value === 'string' && rule.values.some((allowed) => fold(allowed) === fold(value))) return null;
      const label = rule.ignoreCase ? ' (case insensitive)' : '';
      return complaint(key, String(value), `String must be one of${label}: ${rule.values.join(', ')}`);
    }
    case 'list-of':
      return breaksListRule(key, rule.values, Array.isArray(value) ? value : []);
    case 'custom': {
      const text = rule.check(value);
      return text === null ? null : complaint(key, displayed(value), text);
    }
  }
}

function breaksRange(key: ConfigKey, rule: ConfigRule & { kind: 'range' }, value: ConfigValue): string | null {
  if (typeof value !== 'number' || value === rule.also) return null;
  if (rule.also !== null && (value < (rule.min ?? value) || value > (rule.max ?? value))) {
    return complaint(key, String(value), `Value must be between ${rule.min} and ${rule.max} or equal to ${rule.also}`);
  }
  if (rule.min !== null && value < rule.min) return complaint(key, String(value), `Value must be at least ${rule.min}`);
  if (rule.max !== null && value > rule.max) return complaint(key, String(value), `Value must be no more than ${rule.max}`);
  return null;
}

function breaksListRule(key: ConfigKey, allowed: readonly string[], value: readonly string[]): string | null {
  if (new Set(value).size !== value.length) return `Configuration '${key.name}' values must not be duplicated.`;
  for (const item of value) {
    if (item === '') return `Configuration '${key.name}' values must not be empty.`;
    if (allowed.length > 0 && !allowed.includes(item))
      return complaint(key, item, `String must be one of: ${allowed.join(', ')}`);
  }
  return null;
}

function displayed(value: ConfigValue): string {
  return Array.isArray(value) ? value.join(',') : String(value);
}

function wrong(key: ConfigKey, text: string | null, reason: string): ParsedConfigValue {
  return { ok: false, error: complaint(key, text ?? 'null', reason) };
}

/** Kafka's sentence; a password's value is not repeated, a long one is cut. */
function complaint(key: ConfigKey, text: string, reason: string): string {
  const shown = key.sensitive ? '[hidden]' : text.length > 256 ? `${text.slice(0, 256)}…` : text;
  return `Invalid value ${shown} for configuration ${key.name}: ${reason}`;
}
