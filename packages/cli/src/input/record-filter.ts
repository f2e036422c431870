/**
 * `--filter` of consume: a JavaScript expression over the record.
 *
 * It is the user's own code on the user's own machine; the separate context only keeps it from tripping over this program's
 * names, and the time limit keeps a loop in it from hanging the command.
 */
import { createContext, Script } from 'node:vm';
import type { ConsumedRecord } from '@jackdaw/client';
import { UsageError } from '../failure.ts';

/** Longest evaluation for one record. */
const timeLimitMs = 1000;

export function recordFilter(expression: string): (record: ConsumedRecord) => boolean {
  let script: Script;
  try {
    script = new Script(`(${expression})`);
  } catch (error) {
    throw new UsageError(`--filter: ${error instanceof Error ? error.message : String(error)}`);
  }
  return (record) => {
    try {
      return Boolean(script.runInContext(createContext(variablesOf(record)), { timeout: timeLimitMs }));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UsageError(`--filter failed at ${record.topic}-${record.partition} offset ${record.offset}: ${reason}`);
    }
  };
}

function variablesOf(record: ConsumedRecord): object {
  const value = textOf(record.value);
  return {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    timestamp: record.timestamp,
    key: textOf(record.key),
    value,
    headers: Object.fromEntries(record.headers.map((header) => [header.key, textOf(header.value)])),
    get json(): unknown {
      return parseJson(value);
    },
  };
}

/** The value as JSON, or null when it is none; then `json?.field` is undefined and the filter goes on. */
function parseJson(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('utf8');
}
