/**
 * Environment variables → configuration keys, by the rule of Apache's image: `KAFKA_` or `JACKDAW_`, then the key in
 * capitals with `_` for `.`, `__` for `_` and `___` for `-`. `KAFKA_CFG_` (Bitnami's prefix) is an alias. A name that
 * ends in `_FILE` names a file that holds the value, for secrets. Names that images and orchestrators use for other
 * things are passed over; any other unknown name is an error of the loader.
 */

import { brokerConfigKeys, isOpenBrokerKey } from '@jackdaw/metadata';

export interface EnvironmentEntry {
  readonly name: string;
  /** The value, or where the file that holds it is. */
  readonly value: string;
  readonly isFile: boolean;
  /** The variable's name, for messages. */
  readonly variable: string;
  /** False when no table knows the key. */
  readonly isKnown: boolean;
}

const prefixes = ['JACKDAW_', 'KAFKA_CFG_', 'KAFKA_'] as const;

/** Variables that mean a key by another name than the rule gives. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['CLUSTER_ID', 'cluster.id'],
  ['KAFKA_KRAFT_CLUSTER_ID', 'cluster.id'],
  ['JACKDAW_DATA_DIR', 'log.dirs'],
]);

/** Names with our prefixes that are no configuration of a broker: launchers', images', clients' and our CLI's. */
const otherNames: readonly RegExp[] = [
  /^(KAFKA|JACKDAW)_((HEAP|JVM_PERFORMANCE|GC_LOG|JMX)_)?OPTS$/,
  /^KAFKA_(JMX_(PORT|HOSTNAME)|HOME|VERSION|MODE|DEBUG|JAVA_.*|LOG4J.*|TOOLS_LOG4J.*|CONFLUENT_.*)$/,
  /^KAFKA_(CREATE_TOPICS|BROKERS?|BOOTSTRAP_SERVERS?|URL|HOST|ENABLE_KRAFT|SKIP_KRAFT_STORAGE_INIT|MOUNTED_CONF_DIR)$/,
  /^KAFKA_(CERTIFICATE|CLIENT|TLS|DAEMON|BASE|VOLUME|DATA|CONF|INITSCRIPTS)_.*$/,
  /^KAFKA_(INTER_BROKER|CONTROLLER|ZOOKEEPER)_(USER|USERS|PASSWORD|PASSWORDS|CLIENT_ID|CLIENT_SECRET|PROTOCOL)$/,
  /^KAFKA_SSL_(KEYSTORE|TRUSTSTORE)_(FILENAME|CREDENTIALS)$|^KAFKA_SSL_KEY_CREDENTIALS$/,
  /^JACKDAW_(BOOTSTRAP_SERVERS?|PROFILE|CONFIG|CONFIG_FILE|HOME|VERSION|TEST_.*)$/,
  // Kubernetes and old docker links describe a service called "kafka" or "jackdaw…" to every pod.
  /^(KAFKA|JACKDAW)(_.*)?_(SERVICE_(HOST|PORT)(_.*)?|PORT_\d+_(TCP|UDP)(_.*)?)$/,
];

/** All entries that the environment holds, lowest priority first: KAFKA_, KAFKA_CFG_ , JACKDAW_. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): EnvironmentEntry[] {
  const entries: { rank: number; entry: EnvironmentEntry }[] = [];
  for (const variable of Object.keys(env).toSorted()) {
    const value = env[variable];
    // Compose writes an empty text for `${UNSET:-}`: empty is unset here. A file can hold an empty value.
    if (value === undefined || value === '') continue;
    const rank = rankOf(variable);
    if (rank < 0 || isOtherName(variable, value)) continue;
    entries.push({ rank, entry: entryOf(variable, value) });
  }
  return entries.toSorted((a, b) => a.rank - b.rank).map(({ entry }) => entry);
}

/** The variable that sets `name`: for error texts and documentation. */
export function environmentName(name: string): string {
  return `JACKDAW_${variableStem(name)}`;
}

export function variableStem(name: string): string {
  return name.replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_').toUpperCase();
}

function rankOf(variable: string): number {
  if (variable === 'CLUSTER_ID') return 0;
  if (variable.startsWith('JACKDAW_')) return 2;
  if (variable.startsWith('KAFKA_CFG_')) return 1;
  return variable.startsWith('KAFKA_') ? 0 : -1;
}

function isOtherName(variable: string, value: string): boolean {
  if (value.startsWith('tcp://') && variable.endsWith('_PORT')) return true;
  if (isKnownKey(keyOf(variable))) return false;
  return otherNames.some((pattern) => pattern.test(variable));
}

function entryOf(variable: string, value: string): EnvironmentEntry {
  const name = keyOf(variable);
  if (isKnownKey(name)) return { name, value, isFile: false, variable, isKnown: true };
  if (variable.endsWith('_FILE')) {
    const base = keyOf(variable.slice(0, -'_FILE'.length));
    if (isKnownKey(base)) return { name: base, value, isFile: true, variable, isKnown: true };
  }
  return { name, value, isFile: false, variable, isKnown: false };
}

function isKnownKey(name: string): boolean {
  return brokerConfigKeys.has(name) || isOpenBrokerKey(name);
}

function keyOf(variable: string): string {
  const alias = aliases.get(variable);
  if (alias !== undefined) return alias;
  const prefix = prefixes.find((candidate) => variable.startsWith(candidate)) ?? '';
  const name = variable
    .slice(prefix.length)
    .toLowerCase()
    .replace(/_{1,3}/g, (run) => (run.length === 1 ? '.' : run.length === 2 ? '_' : '-'));
  // Jackdaw's own keys: JACKDAW_DURABILITY reads better than JACKDAW_JACKDAW_DURABILITY.
  if (prefix === 'JACKDAW_' && !brokerConfigKeys.has(name) && brokerConfigKeys.has(`jackdaw.${name}`)) return `jackdaw.${name}`;
  return name;
}
