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

/** A value longer than this is cut in messages. */
const maxShownLength = 256;

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
