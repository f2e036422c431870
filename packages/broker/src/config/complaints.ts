/**
 * Collects what is wrong with a configuration, so that a start names every mistake at once. Each sentence says the
 * key, its value, where it was set, what is wrong and what to do.
 */

import { brokerConfigKeys, type ConfigView } from '@jackdaw/metadata';

export type SettingSource = 'flag' | 'env' | 'file' | 'default';

/** Where a key's value comes from. */
export interface SettingOrigin {
  readonly source: SettingSource;
  /** A flag, a variable's name, or `file line n`. */
  readonly place: string;
}

/** A value longer than this is cut in messages, and so is a name that is no key and longer than any. */
const maxShownLength = 256;
const maxShownNameLength = 100;
const maxMessageLength = 2_000;
/** A file that is no configuration at all has a mistake in every line. */
export const maxListedErrors = 100;

export class Complaints {
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  readonly #view: ConfigView;
  readonly #origins: ReadonlyMap<string, SettingOrigin>;

  constructor(view: ConfigView, origins: ReadonlyMap<string, SettingOrigin>) {
    this.#view = view;
    this.#origins = origins;
  }

  /** `problem` says what is wrong and what to do about it. */
  error(key: string, problem: string): void {
    this.errors.push(`${settingText(key, this.#view.text(key), this.#origins.get(key))}: ${problem}`);
  }

  warn(sentence: string): void {
    this.warnings.push(sentence);
  }
}

/** `key=value (from place)`, a secret's value hidden. */
export function settingText(key: string, value: string | null, origin: SettingOrigin | undefined): string {
  const from = origin === undefined || origin.source === 'default' ? 'the default' : `from ${origin.place}`;
  return `${key}=${shownValue(key, value)} (${from})`;
}

export function shownValue(key: string, value: string | null): string {
  if (value === null) return '';
  if (brokerConfigKeys.get(key)?.sensitive ?? true) return '[hidden]';
  return value.length > maxShownLength ? `${value.slice(0, maxShownLength)}…` : value;
}

/** A name that no table has, as far as anybody wants to read it. */
export function shownName(name: string): string {
  return name.length > maxShownNameLength ? `${name.slice(0, maxShownNameLength)}…` : name;
}

/** The sentences as they may go to a terminal: each on one line, without control characters, and not without end. */
export function listed(errors: readonly string[]): string[] {
  const shown = errors.slice(0, maxListedErrors).map(printable);
  const rest = errors.length - shown.length;
  return rest > 0 ? [...shown, `… and ${rest} more of the same kind: is this a configuration of Jackdaw?`] : shown;
}

export function printable(sentence: string): string {
  const escaped = sentence.slice(0, maxMessageLength + 1).replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, escapeOf);
  return escaped.length > maxMessageLength ? `${escaped.slice(0, maxMessageLength)}…` : escaped;
}

function escapeOf(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
