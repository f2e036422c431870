/**
 * `${env:NAME}`, `${file:/path}` and `${file:/path:key}` in values of the configuration file, like Kafka's config
 * providers. Only values of the local file are substituted: never a flag's, never a dynamic configuration's, for those
 * come from clients (CVE-2024-31141).
 */

import { parsePropertiesFile } from './properties-file.ts';

export interface SubstitutionSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Throws when the file cannot be read. */
  readonly readFile: (path: string) => string;
}

export type Substituted = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly error: string };

const reference = /\$\{(env|file):([^}]+)\}/g;

export function substitute(value: string, sources: SubstitutionSources): Substituted {
  let error: string | null = null;
  // Behind the last brace there is no reference; a search that goes on there looks at the rest again from every `${`.
  const end = value.lastIndexOf('}') + 1;
  const result = value.slice(0, end).replace(reference, (whole: string, provider: string, argument: string) => {
    const found = provider === 'env' ? fromEnvironment(argument, sources) : fromFile(argument, sources);
    if (found.ok) return found.value;
    error ??= `${whole}: ${found.error}`;
    return '';
  });
  return error === null ? { ok: true, value: result + value.slice(end) } : { ok: false, error };
}

/** A secret's file, without the newline that editors put at its end. */
export function readSecretFile(path: string, sources: SubstitutionSources): Substituted {
  try {
    return { ok: true, value: sources.readFile(path).replace(/\r?\n$/, '') };
  } catch (cause) {
    return { ok: false, error: `cannot read ${path} (${cause instanceof Error ? cause.message : String(cause)})` };
  }
}

function fromEnvironment(name: string, sources: SubstitutionSources): Substituted {
  const value = sources.env[name];
  return value === undefined ? { ok: false, error: `the environment variable ${name} is not set` } : { ok: true, value };
}

/** `/path` is the whole file; `/path:key` is one entry of a properties file. */
function fromFile(argument: string, sources: SubstitutionSources): Substituted {
  const separator = argument.lastIndexOf(':');
  if (separator <= 1) return readSecretFile(argument, sources);
  const path = argument.slice(0, separator);
  const wanted = argument.slice(separator + 1);
  const text = readSecretFile(path, sources);
  if (!text.ok) return text;
  const parsed = parsePropertiesFile(text.value);
  if (!parsed.ok) return { ok: false, error: `${path}: ${parsed.error}` };
  const entry = parsed.entries.findLast(({ name }) => name === wanted);
  return entry === undefined ? { ok: false, error: `${path} has no entry ${wanted}` } : { ok: true, value: entry.value };
}
