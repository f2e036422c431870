/**
 * Nothing is advertised that does not work: every key that counts as honoured is read somewhere, and every key that counts
 * as ignored is read nowhere. Goes through the sources as text, without comments; the tables of keys do not count.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brokerConfigKeys, topicConfigKeys, type ConfigKey } from '@jackdaw/metadata';

/** From packages/broker/dist/test/config up to packages/. */
const packages = new URL('../../../../', import.meta.url);

/** Tables of keys, and what only compares or documents values: a key that stands nowhere else has no effect. */
const notReaders = [
  /^metadata\/src\/config\/(broker-keys|topic-keys|group-keys|key-table|describe-configs|validate)/,
  /^broker\/src\/config\/(cross-checks|docs|environment)/,
];

const sources = new Map(
  ['broker', 'metadata'].flatMap((name) =>
    readdirSync(new URL(`${name}/src/`, packages), { recursive: true, encoding: 'utf8' })
      .map((path) => `${name}/src/${path.replaceAll('\\', '/')}`)
      .filter((path) => path.endsWith('.ts') && !notReaders.some((pattern) => pattern.test(path)))
      .map((path): [string, string] => [path, withoutComments(readFileSync(new URL(path, packages), 'utf8'))]),
  ),
);

/** Refused at start where ignoring them would open what the file closes; nothing else reads them. */
const refusedAtStart = new Set(['authorizer.class.name', 'security.inter.broker.protocol']);

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}

function readersOf(name: string): string[] {
  return [...sources].filter(([, text]) => text.includes(`'${name}'`)).map(([path]) => path);
}

/** The topic configurations of which a broker key is the default. */
function topicKeysBehind(name: string): ConfigKey[] {
  return [...topicConfigKeys.values()].filter(({ synonyms }) => synonyms.some((synonym) => synonym.name === name));
}

function isRead(key: ConfigKey): boolean {
  return readersOf(key.name).length > 0 || topicKeysBehind(key.name).some((topicKey) => topicKey.status === 'honoured');
}

/** Fields of TopicConfig by the configuration that they hold. */
function fieldsOfTopicConfig(): Map<string, string[]> {
  const text = sources.get('metadata/src/config/topic-config.ts') ?? '';
  const fields = new Map<string, string[]>();
  for (const [, field = '', name = ''] of text.matchAll(/^ {4}(\w+): (?:number|value)\('([a-z.]+)'\)/gm)) {
    fields.set(name, [...(fields.get(name) ?? []), field]);
  }
  return fields;
}

test('every broker key that is honoured is read by the broker or its controller', () => {
  const unread = [...brokerConfigKeys.values()].filter((key) => key.status === 'honoured' && !isRead(key));
  assert.deepEqual(
    unread.map(({ name }) => name),
    [],
    'wire them, or move them to broker-keys-accepted.ts',
  );
});

test('no broker key that is taken and ignored is read', () => {
  const ignored = [...brokerConfigKeys.values()].filter(({ status, name }) => status === 'accepted' && !refusedAtStart.has(name));
  const read = ignored.filter(({ name }) => !topicConfigKeys.has(name) && readersOf(name).length > 0);
  assert.deepEqual(
    read.map(({ name }) => `${name}: ${readersOf(name).join(', ')}`),
    [],
  );
});

test('a broker key is honoured exactly when the topic configuration whose default it is is', () => {
  for (const key of brokerConfigKeys.values()) {
    for (const topicKey of topicKeysBehind(key.name)) assert.equal(key.status, topicKey.status, `${key.name}, ${topicKey.name}`);
  }
});

test('every topic configuration that is honoured is used by something besides the table', () => {
  const fields = fieldsOfTopicConfig();
  assert.ok(fields.size > 15, 'the pattern no longer finds the fields of TopicConfig');
  const others = [...sources].filter(([path]) => path !== 'metadata/src/config/topic-config.ts').map(([, text]) => text);
  const isUsed = (field: string): boolean => others.some((text) => new RegExp(`\\b${field}\\b`).test(text));
  for (const { name, status } of topicConfigKeys.values()) {
    if (name === 'cleanup.policy') continue;
    const uses = [...(fields.get(name) ?? []).filter(isUsed), ...readersOf(name)].filter(
      (use) => !use.endsWith('topic-config.ts'),
    );
    assert.equal(uses.length > 0, status === 'honoured', `${name} is ${status}; used: ${uses.join(', ') || 'nowhere'}`);
  }
});
