/**
 * A broker's configuration as it stands now: what the metadata log says dynamically laid over what the broker was
 * started with. Kafka's order (`DynamicBrokerConfig`): this broker's override, the cluster's default, the static
 * value, the table's default. A key's update mode decides which layers may speak of it.
 *
 * The broker makes one at start and calls `replaceDynamic` whenever the metadata image changes its BROKER resources.
 */

import { assert, expectDefined } from '@jackdaw/base';
import { brokerConfigKeys } from './broker-keys.ts';
import type { ConfigKey, ConfigValue } from './config-key.ts';
import { parseConfigValue } from './parse-value.ts';

export type ConfigMap = ReadonlyMap<string, string>;

/** The layers above the defaults, highest priority first. */
export interface ConfigLayers {
  /** Overrides of this broker (resource BROKER, its id). */
  readonly dynamicBroker: ConfigMap;
  /** Overrides of all brokers (resource BROKER, empty name). */
  readonly dynamicDefault: ConfigMap;
  /** Flags, environment and file, as merged at start. */
  readonly staticBroker: ConfigMap;
}

export class ConfigView {
  #layers: ConfigLayers;
  /** Parsed effective values; emptied whenever a layer changes. Bounded by the table of keys. */
  readonly #parsed = new Map<string, ConfigValue>();

  /** `staticBroker` holds only keys that were set, with values that the loader has found valid. */
  constructor(staticBroker: ConfigMap) {
    this.#layers = { dynamicBroker: new Map(), dynamicDefault: new Map(), staticBroker };
  }

  get layers(): ConfigLayers {
    return this.#layers;
  }

  /**
   * Puts new dynamic layers in place of the old ones. What a layer may not say, or says wrongly, is left out; the
   * result lists it, a sentence each, for the log.
   */
  replaceDynamic(layers: { readonly dynamicBroker: ConfigMap; readonly dynamicDefault: ConfigMap }): string[] {
    const complaints: string[] = [];
    const keep = (layer: ConfigMap, isAllowed: (key: ConfigKey) => boolean): ConfigMap =>
      new Map([...layer].filter(([name, text]) => isUsable({ name, text, isAllowed, complaints })));
    this.#layers = {
      dynamicBroker: keep(layers.dynamicBroker, (key) => key.updateMode !== 'read-only'),
      dynamicDefault: keep(layers.dynamicDefault, (key) => key.updateMode === 'cluster-wide'),
      staticBroker: this.#layers.staticBroker,
    };
    this.#parsed.clear();
    return complaints;
  }

  /** The effective text of a key of the broker table; null is "no value". */
  text(name: string): string | null {
    const { dynamicBroker, dynamicDefault, staticBroker } = this.#layers;
    const set = dynamicBroker.get(name) ?? dynamicDefault.get(name) ?? staticBroker.get(name);
    return set ?? keyNamed(name).defaultValue;
  }

  /** Whether any layer sets the key, be it to its default. */
  isSet(name: string): boolean {
    const { dynamicBroker, dynamicDefault, staticBroker } = this.#layers;
    return dynamicBroker.has(name) || dynamicDefault.has(name) || staticBroker.has(name);
  }

  value(name: string): ConfigValue {
    const known = this.#parsed.get(name);
    if (known !== undefined) return known;
    const parsed = parseConfigValue(keyNamed(name), this.text(name));
    assert(parsed.ok, `the configuration holds a value that was never validated: ${name}`);
    this.#parsed.set(name, parsed.value);
    return parsed.value;
  }

  /** The value of a numeric key that always has one. */
  number(name: string): number {
    const value = this.value(name);
    assert(typeof value === 'number', `${name} has no numeric value`);
    return value;
  }

  boolean(name: string): boolean {
    const value = this.value(name);
    assert(typeof value === 'boolean', `${name} is not a boolean`);
    return value;
  }

  string(name: string): string | null {
    const value = this.value(name);
    assert(value === null || typeof value === 'string', `${name} is not a string`);
    return value;
  }

  list(name: string): readonly string[] {
    const value = this.value(name);
    assert(value === null || Array.isArray(value), `${name} is not a list`);
    const items: readonly string[] = value ?? [];
    return items;
  }
}

function keyNamed(name: string): ConfigKey {
  return expectDefined(brokerConfigKeys.get(name), `no broker configuration is called ${name}`);
}

interface DynamicEntry {
  readonly name: string;
  readonly text: string;
  readonly isAllowed: (key: ConfigKey) => boolean;
  readonly complaints: string[];
}

function isUsable(entry: DynamicEntry): boolean {
  const key = brokerConfigKeys.get(entry.name);
  if (key === undefined || !entry.isAllowed(key)) {
    entry.complaints.push(`dynamic configuration ${entry.name} is ignored: it cannot be changed at this level`);
    return false;
  }
  const parsed = parseConfigValue(key, entry.text);
  if (!parsed.ok) entry.complaints.push(`dynamic configuration ${entry.name} is ignored: ${parsed.error}`);
  return parsed.ok;
}
