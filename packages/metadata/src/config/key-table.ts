/**
 * Reads the tables of keys, which are kept as text because a row of text stays readable at 400 rows.
 *
 * A row is `name type default rule mode importance`; the indented lines below it are its documentation. Columns:
 * default `null` = no value, `''` = empty; rule `-` = none, `>=1`, `0..1`, `1..9|-1`, `{a,b}` one of (`i{a,b}` in any
 * case), `[a,b]` a list of, `[]` a list without duplicates, `@name` a function given by the table's owner; mode `ro` = read-only,
 * `broker` = per-broker, `cluster` = cluster-wide. A malformed row is a bug, hence the assertions.
 */

import { assert, expectDefined } from '@jackdaw/base';
import type {
  ConfigImportance,
  ConfigKey,
  ConfigRule,
  ConfigStatus,
  ConfigSynonym,
  ConfigTable,
  ConfigType,
  ConfigUnit,
  ConfigUpdateMode,
  ConfigValue,
} from './config-key.ts';

export interface KeyTableOptions {
  readonly status: ConfigStatus;
  /** Documentation of the rows that have none of their own. */
  readonly doc?: string;
  readonly rules?: ReadonlyMap<string, CustomRule>;
  /** Synonyms of a key, highest priority first; a key that is absent has only itself. */
  readonly synonyms?: ReadonlyMap<string, readonly ConfigSynonym[]>;
}

export interface CustomRule {
  readonly text: string;
  readonly check: (value: ConfigValue) => string | null;
}

const types: ReadonlySet<string> = new Set(['boolean', 'string', 'int', 'short', 'long', 'double', 'list', 'password', 'class']);
const modes: ReadonlyMap<string, ConfigUpdateMode> = new Map([
  ['ro', 'read-only'],
  ['broker', 'per-broker'],
  ['cluster', 'cluster-wide'],
]);
const importances: ReadonlySet<string> = new Set(['high', 'medium', 'low']);
const unitBySuffix: readonly (readonly [RegExp, ConfigUnit])[] = [
  [/\.(ms|millis)$/, 'ms'],
  [/\.(secs|seconds)$/, 'seconds'],
  [/\.minutes$/, 'minutes'],
  [/\.hours$/, 'hours'],
  [/\.(bytes|size)$|\.bytes\./, 'bytes'],
  [/\.(ratio|factor)$/, 'ratio'],
];
const countedNotMeasured = /(replication\.factor|pool\.size|group\..*max\.size|backlog\.size|max\.partition.*size)$/;

export function readKeyTable(text: string, options: KeyTableOptions): ConfigKey[] {
  const keys: ConfigKey[] = [];
  let row: string | null = null;
  let docLines: string[] = [];
  const flush = (): void => {
    if (row !== null) keys.push(readRow(row, docLines.join(' '), options));
    docLines = [];
  };
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    if (line.startsWith(' ')) {
      docLines.push(line.trim());
      continue;
    }
    flush();
    row = line;
  }
  flush();
  return keys;
}

/** One table of several lists; a name that comes twice is a bug. */
export function tableOf(...lists: readonly (readonly ConfigKey[])[]): ConfigTable {
  const table = new Map<string, ConfigKey>();
  for (const key of lists.flat().toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    assert(!table.has(key.name), `configuration key ${key.name} is declared twice`);
    table.set(key.name, key);
  }
  return table;
}

function readRow(row: string, doc: string, options: KeyTableOptions): ConfigKey {
  const columns = row.trim().split(/\s+/);
  assert(columns.length === 6, `row of a key table has ${columns.length} columns, not 6: ${row}`);
  const [name = '', type = '', defaultText = '', rule = '', mode = '', importance = ''] = columns;
  assert(types.has(type), `unknown type in row: ${row}`);
  assert(importances.has(importance), `unknown importance in row: ${row}`);
  const text = doc === '' ? (options.doc ?? '') : doc;
  assert(text !== '', `row without documentation: ${row}`);
  return {
    name,
    type: type as ConfigType,
    defaultValue: defaultText === 'null' ? null : defaultText === "''" ? '' : defaultText,
    rule: readRule(rule, options.rules ?? new Map()),
    unit: unitOf(name, type),
    doc: text,
    updateMode: expectDefined(modes.get(mode), `unknown mode in row: ${row}`),
    synonyms: options.synonyms?.get(name) ?? [{ name, multiplier: 1 }],
    importance: importance as ConfigImportance,
    sensitive: type === 'password',
    status: options.status,
  };
}

function readRule(text: string, custom: ReadonlyMap<string, CustomRule>): ConfigRule | null {
  if (text === '-') return null;
  if (text.startsWith('>=')) return { kind: 'range', min: numberIn(text.slice(2)), max: null, also: null };
  if (text.startsWith('@')) {
    return { kind: 'custom', ...expectDefined(custom.get(text.slice(1)), `no rule called ${text}`) };
  }
  const choice = /^(i?)([{[])(.*)[}\]]$/.exec(text);
  if (choice !== null) {
    const values = choice[3] === '' ? [] : (choice[3] ?? '').split(',');
    return choice[2] === '[' ? { kind: 'list-of', values } : { kind: 'one-of', values, ignoreCase: choice[1] === 'i' };
  }
  const [range = '', also] = text.split('|');
  const [min = '', max = ''] = range.split('..');
  return { kind: 'range', min: numberIn(min), max: numberIn(max), also: also === undefined ? null : numberIn(also) };
}

function numberIn(text: string): number {
  const value = Number(text);
  assert(text !== '' && Number.isFinite(value), `not a number in a key table's rule: ${text}`);
  return value;
}

function unitOf(name: string, type: string): ConfigUnit | null {
  if (!['int', 'short', 'long', 'double'].includes(type) || countedNotMeasured.test(name)) return null;
  return unitBySuffix.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}
