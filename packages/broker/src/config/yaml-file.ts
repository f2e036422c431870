/**
 * Reads a YAML configuration file, nested or dotted (`log: { retention: { ms: 1 } }` is `log.retention.ms: 1`), into
 * the same flat entries as a properties file. Every scalar is kept as the text that stands in the file, so that large
 * numbers and version-like ids survive.
 */

import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type Pair } from 'yaml';
import { tooDeepLine } from './yaml-nesting.ts';
import type { ParsedFile, PropertyEntry } from './properties-file.ts';

/** Deeper nesting than any key has parts is a mistake. */
const maxDepth = 16;

export function parseYamlFile(text: string): ParsedFile {
  const lineCounter = new LineCounter();
  const deepLine = tooDeepLine(text);
  if (deepLine !== null) return { ok: false, error: `line ${deepLine}: it is nested too deeply; no key has so many parts` };
  // The library's own description of every error, and its search for equal keys, take minutes for a large enough file.
  const options = { schema: 'failsafe', lineCounter, uniqueKeys: false, prettyErrors: false } as const;
  const document = parseDocument(text, options);
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    return { ok: false, error: `${error.message.split('\n')[0] ?? 'it is not YAML'} at line ${line}, column ${col}` };
  }
  if (document.contents === null) return { ok: true, entries: [] };
  if (!isMap(document.contents)) return { ok: false, error: 'the file must be a map of keys to values' };
  const flattening: Flattening = { entries: [], lineOf: (offset) => lineCounter.linePos(offset).line, error: null };
  flattenMap(document.contents.items, '', flattening);
  if (flattening.error !== null) return { ok: false, error: flattening.error };
  return { ok: true, entries: flattening.entries };
}

interface Flattening {
  readonly entries: PropertyEntry[];
  readonly lineOf: (offset: number) => number;
  error: string | null;
}

function flattenMap(pairs: readonly Pair[], prefix: string, flattening: Flattening): void {
  const seen = new Set<string>();
  for (const { key, value } of pairs) {
    const line = flattening.lineOf((key as Node | null)?.range?.[0] ?? 0);
    if (!isScalar(key)) {
      flattening.error ??= `line ${line}: a key must be a plain name`;
      return;
    }
    const name = prefix === '' ? String(key.value) : `${prefix}.${String(key.value)}`;
    if (seen.has(name)) flattening.error ??= `line ${line}: ${name} comes twice; leave one of them`;
    seen.add(name);
    if (name.split('.').length > maxDepth) {
      flattening.error ??= `line ${line}: ${name} is nested more than ${maxDepth} deep`;
      return;
    }
    flattenValue(value as Node | null, { name, line }, flattening);
  }
}

function flattenValue(value: Node | null, at: { name: string; line: number }, flattening: Flattening): void {
  if (value === null) return;
  if (isMap(value)) {
    flattenMap(value.items, at.name, flattening);
    return;
  }
  if (isSeq(value)) {
    const items = value.items.map((item) => (isScalar(item) ? String(item.value) : null));
    if (items.includes(null)) flattening.error ??= `line ${at.line}: ${at.name} must be a list of plain values`;
    else flattening.entries.push({ ...at, value: items.join(',') });
    return;
  }
  if (!isScalar(value)) {
    flattening.error ??= `line ${at.line}: ${at.name} is an alias, which configuration files may not hold`;
    return;
  }
  // The failsafe schema leaves every scalar the text that it is.
  const text = typeof value.value === 'string' ? value.value : '';
  // A bare `key:`, `~` or `null` leaves the key unset, as YAML means it; '' in quotes is the empty value.
  const isPlain = value.type === 'PLAIN';
  if (isPlain && (text === '' || text === '~' || text === 'null')) return;
  flattening.entries.push({ ...at, value: text });
}
