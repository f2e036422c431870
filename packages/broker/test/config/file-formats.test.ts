/** The readers of properties files, YAML files, environment variables, endpoints and references in values. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerConfigKeys } from '@jackdaw/metadata';
import { parseEndpoints, parseProtocolMap, parseVoters } from '../../src/config/endpoints.ts';
import { environmentName, readEnvironment } from '../../src/config/environment.ts';
import { parsePropertiesFile, type ParsedFile } from '../../src/config/properties-file.ts';
import { substitute } from '../../src/config/substitution.ts';
import { parseYamlFile } from '../../src/config/yaml-file.ts';

function pairs(parsed: ParsedFile): [string, string][] {
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error);
  return parsed.entries.map(({ name, value }) => [name, value]);
}

test('a properties file is read as java.util.Properties reads it', () => {
  const text = [
    '\uFEFF# a comment',
    '! another one',
    'a=1',
    '  b : 2  ',
    'c 3',
    'd',
    'list=x,\\',
    '   y,\\',
    '   z',
    'path=C\\:\\\\dir\\tend',
    'key\\ with\\=signs = v',
    'unicode=\\u00e9',
    'even=1\\\\',
    'last=#not a comment',
  ].join('\r\n');
  assert.deepEqual(pairs(parsePropertiesFile(text)), [
    ['a', '1'],
    ['b', '2  '],
    ['c', '3'],
    ['d', ''],
    ['list', 'x,y,z'],
    ['path', 'C:\\dir\tend'],
    ['key with=signs', 'v'],
    ['unicode', 'é'],
    ['even', '1\\'],
    ['last', '#not a comment'],
  ]);
});

test('an entry of a properties file knows its line, a broken escape is an error', () => {
  const parsed = parsePropertiesFile('a=1\\\n2\nb=3');
  assert.ok(parsed.ok);
  assert.deepEqual(
    parsed.entries.map(({ line }) => line),
    [1, 3],
  );
  assert.equal(parsePropertiesFile('a=\\u12').ok, false);
});

test('YAML may be nested or dotted, and keeps the text of its scalars', () => {
  const text = [
    'node.id: 7',
    'log:',
    '  dirs: [/a, /b]',
    '  retention.ms: 9223372036854775807',
    'cluster.id: 1.10',
    'broker.rack:',
    "controller.quorum.voters: ''",
    'auto.create.topics.enable: true',
  ].join('\n');
  assert.deepEqual(pairs(parseYamlFile(text)), [
    ['node.id', '7'],
    ['log.dirs', '/a,/b'],
    ['log.retention.ms', '9223372036854775807'],
    ['cluster.id', '1.10'],
    ['controller.quorum.voters', ''],
    ['auto.create.topics.enable', 'true'],
  ]);
  assert.deepEqual(pairs(parseYamlFile('')), []);
});

test('YAML that is no plain map of keys is refused with its line', () => {
  for (const text of ['- a', 'a: &x 1\nb: *x', 'a: [{b: 1}]', 'a: 1\na: 2', '? [x]\n: 1', 'a: [', 'x']) {
    assert.equal(parseYamlFile(text).ok, false, text);
  }
  let deep = 'x: 1';
  for (let level = 0; level < 20; level++) deep = `k${level}: {${deep}}`;
  assert.equal(parseYamlFile(deep).ok, false);
});

test('every key has a variable by the rule of the image, which leads back to the key', () => {
  for (const name of brokerConfigKeys.keys()) {
    const [entry] = readEnvironment({ [environmentName(name)]: 'x' });
    assert.equal(entry?.name, name);
    assert.equal(entry.isKnown, true);
  }
});

test('JACKDAW_ variables go before KAFKA_CFG_, before KAFKA_', () => {
  const entries = readEnvironment({
    JACKDAW_NODE_ID: '3',
    KAFKA_CFG_NODE_ID: '2',
    KAFKA_NODE_ID: '1',
    OTHER: 'x',
    KAFKA_BROKER_RACK: '',
  });
  assert.deepEqual(
    entries.map(({ variable, value }) => [variable, value]),
    [
      ['KAFKA_NODE_ID', '1'],
      ['KAFKA_CFG_NODE_ID', '2'],
      ['JACKDAW_NODE_ID', '3'],
    ],
  );
});

test('variables of launchers, images, clients and orchestrators are passed over', () => {
  const others = {
    KAFKA_HEAP_OPTS: '-Xmx1G',
    KAFKA_OPTS: 'x',
    KAFKA_JMX_PORT: '9101',
    KAFKA_LOG4J_ROOT_LOGLEVEL: 'INFO',
    KAFKA_TOOLS_LOG4J_LOGLEVEL: 'INFO',
    KAFKA_CREATE_TOPICS: 'a:1:1',
    KAFKA_SERVICE_HOST: '10.0.0.1',
    KAFKA_SERVICE_PORT_CLIENT: '9092',
    KAFKA_PORT: 'tcp://10.0.0.1:9092',
    KAFKA_PORT_9092_TCP_ADDR: '10.0.0.1',
    KAFKA_BROKER_1_SERVICE_HOST: '10.0.0.1',
    KAFKA_SSL_KEYSTORE_FILENAME: 'x',
    JACKDAW_BOOTSTRAP_SERVER: 'localhost:9092',
    JACKDAW_CONFIG: '/etc/jackdaw/jackdaw.yaml',
  };
  assert.deepEqual(readEnvironment(others), []);
});

test('aliases, short names and files of secrets lead to their keys', () => {
  const entries = readEnvironment({
    CLUSTER_ID: 'abc',
    JACKDAW_DURABILITY: 'page-cache',
    KAFKA_SSL_KEYSTORE_PASSWORD_FILE: '/run/secrets/p',
    KAFKA_NUM_PARTITONS: '1',
  });
  assert.deepEqual(
    entries.map(({ name, isFile, isKnown }) => [name, isFile, isKnown]),
    [
      ['cluster.id', false, true],
      ['num.partitons', false, false],
      ['ssl.keystore.password', true, true],
      ['jackdaw.durability', false, true],
    ],
  );
});

test('references to variables and files are put into values of the file', () => {
  const sources = {
    env: { HOST: 'b1' },
    readFile: (path: string): string => {
      if (path === '/s') return 'secret\n';
      if (path === '/p') return 'user=me\npassword=pw\n';
      throw new Error('ENOENT');
    },
  };
  const value = (text: string): string => {
    const result = substitute(text, sources);
    assert.ok(result.ok, result.ok ? '' : result.error);
    return result.value;
  };
  assert.equal(value('EXTERNAL://${env:HOST}:9092'), 'EXTERNAL://b1:9092');
  assert.equal(value('${file:/s}'), 'secret');
  assert.equal(value('${file:/p:password}'), 'pw');
  assert.equal(value('${other:x} $HOST'), '${other:x} $HOST');
  for (const wrong of ['${env:NONE}', '${file:/none}', '${file:/p:none}']) assert.equal(substitute(wrong, sources).ok, false);
});

test('endpoints are read with their names in capitals, IPv6 in brackets and empty hosts', () => {
  const parsed = parseEndpoints(['plaintext://:9092', 'EXTERNAL://[::1]:0', 'A_B://host-1.example:65535']);
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value, [
    { name: 'PLAINTEXT', host: '', port: 9092 },
    { name: 'EXTERNAL', host: '::1', port: 0 },
    { name: 'A_B', host: 'host-1.example', port: 65535 },
  ]);
});

test('endpoints and voters that are wrong say which and why', () => {
  const endpoints: [string[], RegExp][] = [
    [['localhost:9092'], /not of the form NAME:\/\/host:port/],
    [['A://localhost'], /"localhost" is not host:port/],
    [['A://::1:9092'], /brackets/],
    [['A://h:70000'], /70000 is not between 0 and 65535/],
    [['A://h:1', 'a://h:2'], /A comes twice/],
  ];
  for (const [texts, pattern] of endpoints) {
    const parsed = parseEndpoints(texts);
    assert.ok(!parsed.ok);
    assert.match(parsed.error, pattern);
  }
  const voters: [string[], RegExp][] = [
    [['h:1'], /id@host:port/],
    [['1@h:0'], /0 is not between 1/],
    [['1@0.0.0.0:1'], /cannot connect/],
    [['1@h:1', '1@g:1'], /id 1 comes twice/],
    [['1@h:1', '2@h:1'], /h:1 comes twice/],
    [['9999999999@h:1'], /at most 2147483647/],
  ];
  for (const [texts, pattern] of voters) {
    const parsed = parseVoters(texts);
    assert.ok(!parsed.ok);
    assert.match(parsed.error, pattern);
  }
  assert.equal(parseProtocolMap('A:PLAINTEXT,B').ok, false);
});
