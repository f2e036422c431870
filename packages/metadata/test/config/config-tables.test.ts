/** The tables of keys and what follows from them: parsing, validation, effective values, DescribeConfigs entries. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  brokerConfigKeys,
  canonicalConfigText,
  clientMetricsConfigKeys,
  configSources,
  ConfigView,
  describeConfigs,
  effectiveTopicConfig,
  effectiveTopicConfigText,
  groupConfigKeys,
  nearestName,
  parseConfigValue,
  topicConfigKeys,
  validateBrokerConfigChange,
  validateGroupConfig,
  validateTopicConfig,
  validateTopicConfigs,
  type ConfigKey,
  type ConfigMap,
} from '../../src/config/exports.ts';
import { readKeyTable } from '../../src/config/key-table.ts';
import { editDistance } from '../../src/config/nearest-name.ts';

const none: ConfigMap = new Map();

function keyOf(table: ReadonlyMap<string, ConfigKey>, name: string): ConfigKey {
  const key = table.get(name);
  assert.ok(key, name);
  return key;
}

function viewOf(entries: Record<string, string> = {}): ConfigView {
  return new ConfigView(new Map(Object.entries(entries)));
}

test('every default of every table is itself valid and canonical', () => {
  for (const table of [brokerConfigKeys, topicConfigKeys, groupConfigKeys, clientMetricsConfigKeys]) {
    for (const key of table.values()) {
      const parsed = parseConfigValue(key, key.defaultValue);
      assert.ok(parsed.ok, parsed.ok ? '' : parsed.error);
      if (key.defaultValue !== null && key.type !== 'double') {
        assert.equal(canonicalConfigText(key, key.defaultValue), key.defaultValue, key.name);
      }
    }
  }
});

test('the tables hold all 33 topic configurations, and every synonym of theirs is a broker key', () => {
  assert.equal(topicConfigKeys.size, 33);
  for (const key of [...topicConfigKeys.values(), ...groupConfigKeys.values()]) {
    for (const synonym of key.synonyms) assert.ok(brokerConfigKeys.has(synonym.name), `${key.name} → ${synonym.name}`);
  }
});

test('a topic configuration and the broker key behind it have the same default', () => {
  for (const name of topicConfigKeys.keys()) {
    const key = keyOf(topicConfigKeys, name);
    assert.equal(effectiveTopicConfigText(name, none, viewOf()), key.defaultValue, name);
  }
});

test('a row that is malformed does not get into a table', () => {
  assert.throws(() => readKeyTable('a int 1 - ro', { status: 'honoured' }), /5 columns/);
  assert.throws(() => readKeyTable('a int 1 - ro high', { status: 'honoured' }), /documentation/);
  assert.throws(() => readKeyTable('a number 1 - ro high\n doc', { status: 'honoured' }), /type/);
});

test('wrong values are refused with the texts of Kafka', () => {
  const cases: [string, string, string][] = [
    ['retention.ms', 'abc', 'Invalid value abc for configuration retention.ms: Not a number of type LONG'],
    ['retention.ms', '-2', 'Invalid value -2 for configuration retention.ms: Value must be at least -1'],
    [
      'retention.ms',
      '9223372036854775808',
      'Invalid value 9223372036854775808 for configuration retention.ms: Not a number of type LONG',
    ],
    ['segment.bytes', '1048575', 'Invalid value 1048575 for configuration segment.bytes: Value must be at least 1048576'],
    ['segment.bytes', '2147483648', 'Invalid value 2147483648 for configuration segment.bytes: Not a number of type INT'],
    ['min.insync.replicas', '0', 'Invalid value 0 for configuration min.insync.replicas: Value must be at least 1'],
    ['cleanup.policy', 'delet', 'Invalid value delet for configuration cleanup.policy: String must be one of: compact, delete'],
    ['cleanup.policy', 'delete,delete', "Configuration 'cleanup.policy' values must not be duplicated."],
    ['cleanup.policy', 'delete,', "Configuration 'cleanup.policy' values must not be empty."],
    [
      'min.cleanable.dirty.ratio',
      '1.5',
      'Invalid value 1.5 for configuration min.cleanable.dirty.ratio: Value must be no more than 1',
    ],
    ['preallocate', 'yes', 'Invalid value yes for configuration preallocate: Expected value to be either true or false'],
    [
      'compression.gzip.level',
      '0',
      'Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1',
    ],
  ];
  for (const [name, value, text] of cases) assert.equal(validateTopicConfig(name, value), text);
});

test('right values pass: empty and double policies, the largest long, spaces around lists', () => {
  for (const [name, value] of [
    ['cleanup.policy', ''],
    ['cleanup.policy', ' compact , delete '],
    ['flush.messages', '9223372036854775807'],
    ['compression.gzip.level', '-1'],
    ['leader.replication.throttled.replicas', '0:1,1:2'],
    ['leader.replication.throttled.replicas', '*'],
    ['unclean.leader.election.enable', 'TRUE'],
  ] as const) {
    assert.equal(validateTopicConfig(name, value), null, `${name}=${value}`);
  }
  assert.match(validateTopicConfig('remote.storage.enable', 'true') ?? '', /Tiered Storage functionality is disabled/);
  assert.match(validateTopicConfig('leader.replication.throttled.replicas', 'x') ?? '', /literal '\*'/);
});

test('a long beyond 2^53 is clamped as a number and keeps its digits as text', () => {
  const key = keyOf(topicConfigKeys, 'flush.messages');
  assert.deepEqual(parseConfigValue(key, '9223372036854775807'), { ok: true, value: Number.MAX_SAFE_INTEGER });
  assert.equal(canonicalConfigText(key, ' +9223372036854775807 '), '9223372036854775807');
});

test('an unknown topic configuration is refused with the nearest name', () => {
  assert.equal(
    validateTopicConfig('retention.mss', '1'),
    'Unknown topic config name: retention.mss (did you mean retention.ms?)',
  );
  assert.match(validateTopicConfig('__proto__', '1') ?? '', /^Unknown topic config name: __proto__/);
  assert.match(validateTopicConfig('retention.ms', null) ?? '', /Null value/);
});

test('compaction lags that contradict each other are refused, also against the default', () => {
  assert.equal(validateTopicConfigs(new Map([['min.compaction.lag.ms', '5']])), null);
  assert.match(
    validateTopicConfigs(
      new Map([
        ['min.compaction.lag.ms', '5'],
        ['max.compaction.lag.ms', '4'],
      ]),
    ) ?? '',
    /conflict topic config setting min.compaction.lag.ms \(5\) > max.compaction.lag.ms \(4\)/,
  );
});

test('broker configurations change only as far as their update mode goes', () => {
  const change = (name: string, value: string, scope: 'broker' | 'cluster'): string | null =>
    validateBrokerConfigChange({ name, value, scope });
  assert.equal(change('log.retention.ms', '1000', 'cluster'), null);
  assert.equal(change('num.partitions', '3', 'broker'), 'Cannot update these configs dynamically: [num.partitions]');
  assert.match(change('ssl.keystore.location', '/x', 'cluster') ?? '', /broker id must be specified/);
  assert.match(change('log.retention.ms', 'x', 'broker') ?? '', /Not a number/);
  assert.match(change('nonsense', 'x', 'broker') ?? '', /^Unknown broker config name/);
  assert.equal(validateGroupConfig('share.auto.offset.reset', 'by_duration:PT1H'), null);
  assert.match(validateGroupConfig('share.auto.offset.reset', 'never') ?? '', /earliest/);
});

test('a topic takes its override, then milliseconds before minutes before hours, then the default', () => {
  const hours = viewOf({ 'log.retention.hours': '2' });
  const minutes = viewOf({ 'log.retention.hours': '2', 'log.retention.minutes': '3' });
  const millis = viewOf({ 'log.retention.hours': '2', 'log.retention.minutes': '3', 'log.retention.ms': '4' });
  assert.equal(effectiveTopicConfig(none, viewOf()).retentionMs, 604_800_000);
  assert.equal(effectiveTopicConfig(none, hours).retentionMs, 7_200_000);
  assert.equal(effectiveTopicConfig(none, minutes).retentionMs, 180_000);
  assert.equal(effectiveTopicConfig(none, millis).retentionMs, 4);
  assert.equal(effectiveTopicConfig(new Map([['retention.ms', '5']]), millis).retentionMs, 5);
  assert.equal(effectiveTopicConfig(none, viewOf({ 'log.retention.hours': '-1' })).retentionMs, -1);
});

test('an override that does not parse is passed over, never half used', () => {
  assert.equal(effectiveTopicConfig(new Map([['segment.bytes', 'big']]), viewOf()).segmentBytes, 1_073_741_824);
});

test('the typed configuration of a topic has the types of its keys', () => {
  const config = effectiveTopicConfig(
    new Map([
      ['cleanup.policy', 'compact'],
      ['message.timestamp.type', 'LogAppendTime'],
      ['compression.type', 'zstd'],
    ]),
    viewOf({ 'min.insync.replicas': '2', 'message.max.bytes': '2000000' }),
  );
  assert.equal(config.isCompacting, true);
  assert.equal(config.isDeleting, false);
  assert.equal(config.messageTimestampType, 'LogAppendTime');
  assert.equal(config.compressionType, 'zstd');
  assert.equal(config.minInsyncReplicas, 2);
  assert.equal(config.maxMessageBytes, 2_000_000);
  assert.equal(config.flushMs, Number.MAX_SAFE_INTEGER);
});

test('a dynamic override of a broker goes before the default of the cluster, before the static value', () => {
  const view = viewOf({ 'log.retention.ms': '1' });
  assert.equal(view.number('log.retention.ms'), 1);
  assert.deepEqual(view.replaceDynamic({ dynamicBroker: none, dynamicDefault: new Map([['log.retention.ms', '2']]) }), []);
  assert.equal(view.number('log.retention.ms'), 2);
  view.replaceDynamic({
    dynamicBroker: new Map([['log.retention.ms', '3']]),
    dynamicDefault: new Map([['log.retention.ms', '2']]),
  });
  assert.equal(view.number('log.retention.ms'), 3);
  view.replaceDynamic({ dynamicBroker: none, dynamicDefault: none });
  assert.equal(view.number('log.retention.ms'), 1);
});

test('what a dynamic layer may not say, or says wrongly, is left out and named', () => {
  const view = viewOf();
  const complaints = view.replaceDynamic({
    dynamicBroker: new Map([
      ['num.partitions', '9'],
      ['unknown', 'x'],
    ]),
    dynamicDefault: new Map([
      ['ssl.keystore.location', '/x'],
      ['message.max.bytes', 'many'],
    ]),
  });
  assert.equal(complaints.length, 4);
  assert.equal(view.number('num.partitions'), 1);
  assert.equal(view.number('message.max.bytes'), 1_048_588);
});

test('DescribeConfigs of a topic names the source and the synonyms in the order of Kafka', () => {
  const view = viewOf({ 'log.segment.bytes': '2097152' });
  view.replaceDynamic({ dynamicBroker: new Map([['log.segment.bytes', '3145728']]), dynamicDefault: none });
  const entries = describeConfigs(
    { type: 'topic', overrides: new Map([['segment.bytes', '4194304']]) },
    { view, includeSynonyms: true, names: ['segment.bytes'] },
  );
  assert.deepEqual(entries, [
    {
      name: 'segment.bytes',
      value: '4194304',
      readOnly: false,
      configSource: configSources.dynamicTopic,
      isSensitive: false,
      synonyms: [
        { name: 'segment.bytes', value: '4194304', source: 1 },
        { name: 'log.segment.bytes', value: '3145728', source: 2 },
        { name: 'log.segment.bytes', value: '2097152', source: 4 },
        { name: 'log.segment.bytes', value: '1073741824', source: 5 },
      ],
      configType: 3,
      documentation: null,
    },
  ]);
});

test('retention.ms by default has the value of the hours and, as in Kafka, no synonym', () => {
  const [entry] = describeConfigs(
    { type: 'topic', overrides: none },
    { view: viewOf(), includeSynonyms: true, names: ['retention.ms'] },
  );
  assert.equal(entry?.value, '604800000');
  assert.deepEqual(entry?.synonyms, []);
  assert.equal(entry?.configSource, configSources.defaultConfig);
});

test('DescribeConfigs of a broker lists every key, hides secrets and marks what a restart needs', () => {
  const view = viewOf({
    'ssl.keystore.password': 'hunter2',
    'listener.name.x.sasl.jaas.config': 'secret',
    'log.retention.hours': '1',
  });
  const entries = describeConfigs({ type: 'broker' }, { view, includeSynonyms: true, includeDocumentation: true });
  assert.equal(entries.length, brokerConfigKeys.size + 1);
  assert.ok(!JSON.stringify(entries).includes('hunter2'));
  assert.ok(!JSON.stringify(entries).includes('"secret"'));
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  assert.equal(byName.get('node.id')?.readOnly, true);
  assert.equal(byName.get('log.retention.ms')?.readOnly, false);
  assert.deepEqual(byName.get('log.retention.hours')?.synonyms, [
    { name: 'log.retention.hours', value: '1', source: 4 },
    { name: 'log.retention.hours', value: '168', source: 5 },
  ]);
  assert.equal(byName.get('ssl.keystore.password')?.isSensitive, true);
  assert.ok((byName.get('num.partitions')?.documentation ?? '').length > 10);
});

test('DescribeConfigs of the default of all brokers lists only what is set dynamically', () => {
  const view = viewOf({ 'message.max.bytes': '10' });
  view.replaceDynamic({ dynamicBroker: none, dynamicDefault: new Map([['message.max.bytes', '20']]) });
  const entries = describeConfigs({ type: 'cluster-default' }, { view, includeSynonyms: true });
  assert.deepEqual(
    entries.map(({ name, value, configSource, synonyms }) => ({ name, value, configSource, count: synonyms.length })),
    [{ name: 'message.max.bytes', value: '20', configSource: 3, count: 1 }],
  );
});

test('DescribeConfigs of a group falls back to the broker key, or to a default of its own', () => {
  const view = viewOf({ 'group.consumer.session.timeout.ms': '50000' });
  const entries = describeConfigs({ type: 'group', overrides: none }, { view, includeSynonyms: true });
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  assert.equal(byName.get('consumer.session.timeout.ms')?.value, '50000');
  assert.equal(byName.get('consumer.session.timeout.ms')?.configSource, 4);
  assert.deepEqual(byName.get('share.isolation.level')?.synonyms, [
    { name: 'share.isolation.level', value: 'read_uncommitted', source: 5 },
  ]);
});

test('the nearest name is near, and nothing is suggested for what nobody meant', () => {
  assert.equal(nearestName('num.partitons', brokerConfigKeys.keys()), 'num.partitions');
  assert.equal(nearestName('advertized.listeners', brokerConfigKeys.keys()), 'advertised.listeners');
  assert.equal(nearestName('qqqq', brokerConfigKeys.keys()), null);
});

test('the edit distance is a metric', () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      assert.equal(editDistance(a, b), editDistance(b, a));
      assert.equal(editDistance(a, b) === 0, a === b);
      assert.ok(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c));
    }),
    { numRuns: 200 },
  );
});

test('parsing any text never throws and what passes has a canonical text that passes too', () => {
  const keys = [...topicConfigKeys.values()];
  fc.assert(
    fc.property(
      fc.constantFrom(...keys),
      fc.oneof(fc.string(), fc.integer().map(String), fc.bigInt().map(String)),
      (key, text) => {
        if (!parseConfigValue(key, text).ok) return;
        assert.ok(parseConfigValue(key, canonicalConfigText(key, text)).ok);
      },
    ),
    { numRuns: 500 },
  );
});
