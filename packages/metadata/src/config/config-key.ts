/**
 * The shape of one configuration key. Every table of keys (topic, broker, group) is a Map of these, and everything
 * that speaks of configuration is derived from them: validation, start-up loading, DescribeConfigs, the generated
 * documentation. Kafka's counterpart is `ConfigDef.ConfigKey`.
 */

export type ConfigType = 'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list' | 'password' | 'class';

/** Who may change a key while the broker runs: nobody, one broker's override, or also the cluster's default. */
export type ConfigUpdateMode = 'read-only' | 'per-broker' | 'cluster-wide';

export type ConfigImportance = 'high' | 'medium' | 'low';

/** `honoured`: it changes what Jackdaw does. `accepted`: Kafka's files may hold it; it is ignored and logged once. */
export type ConfigStatus = 'honoured' | 'accepted';

export type ConfigUnit = 'ms' | 'seconds' | 'minutes' | 'hours' | 'bytes' | 'ratio';

/**
 * A parsed value. `long` values above 2^53 − 1 are clamped to `Number.MAX_SAFE_INTEGER` ("no limit" in practice);
 * their text keeps every digit.
 */
export type ConfigValue = boolean | number | string | readonly string[] | null;

/** What a parsed value must satisfy; `text` completes "… must …" in the documentation. */
export type ConfigRule =
  | { readonly kind: 'range'; readonly min: number | null; readonly max: number | null; readonly also: number | null }
  | { readonly kind: 'one-of'; readonly values: readonly string[]; readonly ignoreCase: boolean }
  | { readonly kind: 'list-of'; readonly values: readonly string[] }
  | { readonly kind: 'custom'; readonly text: string; readonly check: (value: ConfigValue) => string | null };

/** A broker key that supplies a topic's or group's default; its value times `multiplier` is the key's value. */
export interface ConfigSynonym {
  readonly name: string;
  readonly multiplier: number;
}

export interface ConfigKey {
  readonly name: string;
  readonly type: ConfigType;
  /** Text of the default; null is "no value". */
  readonly defaultValue: string | null;
  readonly rule: ConfigRule | null;
  readonly unit: ConfigUnit | null;
  readonly doc: string;
  readonly updateMode: ConfigUpdateMode;
  /** Keys that stand for this one, highest priority first. A broker key's list starts with its own name. */
  readonly synonyms: readonly ConfigSynonym[];
  readonly importance: ConfigImportance;
  /** Passwords: the value never leaves the broker, in no log and no response. */
  readonly sensitive: boolean;
  readonly status: ConfigStatus;
}

export type ConfigTable = ReadonlyMap<string, ConfigKey>;
