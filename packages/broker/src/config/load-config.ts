/**
 * The start-up loader: flags over environment over file over defaults, every key checked against the table, then the
 * keys against each other. It names all mistakes at once and starts nothing; the caller prints them and ends.
 */

import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { extname, resolve } from 'node:path';
import { brokerConfigKeys, ConfigView, isOpenBrokerKey, nearestName, parseConfigValue } from '@jackdaw/metadata';
import { brokerConfigOf, type BrokerConfig } from './broker-config.ts';
import {
  Complaints,
  listed,
  maxListedErrors,
  printable,
  settingText,
  shownName,
  shownValue,
  type SettingOrigin,
  type SettingSource,
} from './complaints.ts';
import { checkValues, warnOfChoices } from './cross-checks.ts';
import { readEnvironment, variableStem } from './environment.ts';
import { networkConfig } from './network-config.ts';
import { parsePropertiesFile } from './properties-file.ts';
import { readSecretFile, substitute } from './substitution.ts';
import { parseYamlFile } from './yaml-file.ts';

/** Configuration and secret files are small; a larger one is a wrong path. */
export const maxConfigFileBytes = 1024 * 1024;

export interface LoadOptions {
  /** `.yaml`/`.yml` is YAML, everything else Java properties. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--set key=value`, in order; later ones win. */
  readonly sets?: readonly string[];
  /** Keys that the command line sets by flags of their own (`node.id` from `--node-id`). */
  readonly flags?: ReadonlyMap<string, string>;
  /** For tests; by default the file system. */
  readonly readFile?: (path: string) => string;
  /** For tests; by default the machine's. */
  readonly hostname?: string;
}

export type LoadedConfig =
  | {
      readonly ok: true;
      readonly config: BrokerConfig;
      /** Of every key that was set; others have their default. */
      readonly sources: ReadonlyMap<string, SettingOrigin>;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly errors: readonly string[] };

export function loadConfig(options: LoadOptions): LoadedConfig {
  const settings = new Settings(options);
  readFileInto(settings, options);
  readEnvironmentInto(settings, options);
  readFlagsInto(settings, options);
  if (settings.errors.length > 0) return { ok: false, errors: listed(settings.errors) };

  const view = new ConfigView(settings.values);
  const complaints = new Complaints(view, settings.origins);
  const nodeId = nodeIdOf(view, complaints);
  const roleNames = view.list('process.roles');
  const roles = { broker: roleNames.includes('broker'), controller: roleNames.includes('controller') };
  if (roleNames.length === 0) complaints.error('process.roles', 'it must name broker, controller or both');
  checkValues(view, complaints);
  const logDirs = logDirsOf(view, complaints);
  const network = networkConfig({ view, nodeId, roles, hostname: options.hostname ?? hostname(), complaints });
  if (network === null || complaints.errors.length > 0) return { ok: false, errors: listed(complaints.errors) };
  warnOfChoices(view, network, complaints);
  const metadataLogDir = resolve(view.string('metadata.log.dir') ?? logDirs[0] ?? '.');
  const config = brokerConfigOf({ view, nodeId, roles, network, logDirs, metadataLogDir });
  const warnings = [...settings.warnings, ...complaints.warnings].map(printable);
  return { ok: true, config, sources: settings.origins, warnings };
}

/** One row of `print-config`: every key of the table with its effective value and where that comes from. */
export interface EffectiveSetting {
  readonly name: string;
  /** Secrets are hidden; null is "no value". */
  readonly value: string | null;
  readonly source: SettingSource;
  readonly place: string;
}

export function effectiveSettings(view: ConfigView, sources: ReadonlyMap<string, SettingOrigin>): EffectiveSetting[] {
  return [...brokerConfigKeys.keys()].map((name) => {
    const text = view.text(name);
    const origin = sources.get(name) ?? { source: 'default', place: '' };
    return { name, value: text === null ? null : shownValue(name, text), ...origin };
  });
}

interface Setting {
  readonly name: string;
  readonly value: string;
  readonly origin: SettingOrigin;
}

/** What was set so far; a later setting of the same key replaces an earlier one. */
class Settings {
  readonly values = new Map<string, string>();
  readonly origins = new Map<string, SettingOrigin>();
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  readonly readFile: (path: string) => string;

  constructor(options: LoadOptions) {
    this.readFile = options.readFile ?? readSmallFile;
  }

  /** Checks the key and its value; what is wrong goes to `errors`. */
  add(setting: Setting): void {
    const { name, value, origin } = setting;
    const key = brokerConfigKeys.get(name);
    if (key === undefined) {
      if (isOpenBrokerKey(name)) this.#put(setting);
      else this.errors.push(this.#unknown(setting));
      return;
    }
    const parsed = parseConfigValue(key, value);
    if (parsed.ok) {
      this.#put(setting);
      return;
    }
    const remedy = key.defaultValue === null ? 'correct it or remove the key' : `the default is ${key.defaultValue || 'empty'}`;
    this.errors.push(`${settingText(name, value, origin)}: ${parsed.error}; ${remedy}`);
  }

  #unknown({ name, origin }: Setting): string {
    // A suggestion is a comparison with every key.
    const hint = this.errors.length < maxListedErrors ? suggestion(name) : '';
    return `${shownName(name)} (from ${origin.place}): no such key${hint}; docs/configuration.md lists all`;
  }

  #put({ name, value, origin }: Setting): void {
    const earlier = this.origins.get(name);
    if (earlier?.source === origin.source && this.values.get(name) !== value) {
      this.warnings.push(`${name} is set twice: ${origin.place} goes before ${earlier.place}`);
    }
    this.values.set(name, value);
    this.origins.set(name, origin);
  }
}

function readFileInto(settings: Settings, options: LoadOptions): void {
  const { file, env } = options;
  if (file === undefined) return;
  const text = readSecretFile(file, { env, readFile: settings.readFile });
  if (!text.ok) {
    settings.errors.push(`configuration file: ${text.error}`);
    return;
  }
  const isYaml = ['.yaml', '.yml'].includes(extname(file).toLowerCase());
  const parsed = isYaml ? parseYamlFile(text.value) : parsePropertiesFile(text.value);
  if (!parsed.ok) {
    settings.errors.push(`configuration file ${file}: ${parsed.error}`);
    return;
  }
  for (const { name, value, line } of parsed.entries) {
    const origin: SettingOrigin = { source: 'file', place: `${file} line ${line}` };
    const substituted = substitute(value, { env, readFile: settings.readFile });
    if (substituted.ok) settings.add({ name, value: substituted.value, origin });
    else settings.errors.push(`${shownName(name)} (from ${origin.place}): ${substituted.error}`);
  }
}

function readEnvironmentInto(settings: Settings, options: LoadOptions): void {
  const aliased: string[] = [];
  for (const { name, value, isFile, variable, isKnown } of readEnvironment(options.env)) {
    const origin: SettingOrigin = { source: 'env', place: variable };
    if (!isKnown) {
      settings.errors.push(unknownVariable(variable, name));
      continue;
    }
    if (variable.startsWith('KAFKA_CFG_')) aliased.push(variable);
    const text = isFile ? readSecretFile(value, { env: options.env, readFile: settings.readFile }) : { ok: true as const, value };
    if (text.ok) settings.add({ name, value: text.value, origin });
    else settings.errors.push(`${name} (from ${variable}): ${text.error}`);
  }
  if (aliased.length > 0) {
    settings.warnings.push(`KAFKA_CFG_ is taken for KAFKA_ (an alias, for Bitnami's files): ${aliased.join(', ')}`);
  }
}

function unknownVariable(variable: string, name: string): string {
  const nearest = nearestName(name, brokerConfigKeys.keys());
  const prefix = /^(JACKDAW|KAFKA_CFG|KAFKA)_/.exec(variable)?.[0] ?? '';
  const hint = nearest === null ? '' : `; did you mean ${prefix}${variableStem(nearest)}?`;
  return `${shownName(variable)}: no such key ${shownName(name)}${hint} (unset it if it is not meant for the broker)`;
}

function readFlagsInto(settings: Settings, options: LoadOptions): void {
  for (const [name, value] of options.flags ?? []) {
    settings.add({ name, value, origin: { source: 'flag', place: `--${name.replaceAll('.', '-')}` } });
  }
  for (const set of options.sets ?? []) {
    const separator = set.indexOf('=');
    if (separator < 1) {
      settings.errors.push(`--set ${set.slice(0, 64)}: it must be key=value`);
      continue;
    }
    const name = set.slice(0, separator).trim();
    settings.add({ name, value: set.slice(separator + 1), origin: { source: 'flag', place: `--set ${name}` } });
  }
}

function suggestion(name: string): string {
  const nearest = nearestName(name, brokerConfigKeys.keys());
  return nearest === null ? '' : `; did you mean ${nearest}?`;
}

/** `node.id`, or `broker.id` where an older file has only that. */
function nodeIdOf(view: ConfigView, complaints: Complaints): number {
  const brokerId = view.number('broker.id');
  if (brokerId < 0) return view.number('node.id');
  if (!view.isSet('node.id')) return brokerId;
  const nodeId = view.number('node.id');
  if (nodeId !== brokerId) complaints.error('broker.id', `it must equal node.id=${nodeId}; remove it`);
  return nodeId;
}

function logDirsOf(view: ConfigView, complaints: Complaints): string[] {
  const key = view.isSet('log.dirs') ? 'log.dirs' : 'log.dir';
  const dirs = view.list(key);
  if (dirs.length === 0 || dirs.includes('')) complaints.error(key, 'it must name at least one directory, and no empty one');
  const resolved = dirs.map((dir) => resolve(dir));
  if (new Set(resolved).size !== resolved.length) complaints.error(key, 'a directory comes twice; name each once');
  return resolved;
}

function readSmallFile(path: string): string {
  const { size } = statSync(path);
  if (size > maxConfigFileBytes) throw new Error(`it has ${size} bytes, more than ${maxConfigFileBytes}`);
  return readFileSync(path, 'utf8');
}
