/**
 * Properties files, lines into records, records into text, suggestions, offsets.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProperties } from '../../src/input/properties.ts';
import { recordFilter } from '../../src/input/record-filter.ts';
import { lineParser, parseHeader } from '../../src/input/record-reader.ts';
import { securityOptions } from '../../src/input/security.ts';
import { parseOffsetRange } from '../../src/input/start-offset.ts';
import { editDistance, nearestName } from '../../src/input/suggest.ts';
import { formatWriter, jsonWriter, kafkaWriter } from '../../src/output/record-format.ts';
import { newOffsetOf } from '../../src/offset-plan.ts';

test('properties follow the rules of Java', () => {
  const text = '# comment\n! too\na=b\n c : d e \nlong=one,\\\n    two\nuni=\\u00e9\\t!\npath=C:\\\\x\nempty=\nspaced key';
  assert.deepEqual(Object.fromEntries(parseProperties(text)), {
    a: 'b',
    c: 'd e ',
    long: 'one,two',
    uni: 'é\t!',
    path: 'C:\\x',
    empty: '',
    spaced: 'key',
  });
});

test('client properties give SASL and TLS options', () => {
  const jaas = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="u" password="p\\"w";';
  const found = securityOptions(
    new Map([
      ['security.protocol', 'SASL_SSL'],
      ['sasl.mechanism', 'SCRAM-SHA-512'],
      ['sasl.jaas.config', jaas],
    ]),
  );
  assert.deepEqual(found.sasl, { mechanism: 'SCRAM-SHA-512', username: 'u', password: 'p"w' });
  assert.notEqual(found.tls, undefined);
  assert.deepEqual(securityOptions(new Map()), {});
  assert.throws(() => securityOptions(new Map([['security.protocol', 'TLS']])), /security.protocol/);
  assert.throws(() => securityOptions(new Map([['security.protocol', 'SASL_PLAINTEXT']])), /username and password/);
});

test('lines become records: value, key and value, by format, with nulls', () => {
  assert.deepEqual(lineParser({})('a:b'), { key: null, value: 'a:b' });
  assert.deepEqual(lineParser({ keySeparator: ':' })('a:b:c'), { key: 'a', value: 'b:c' });
  assert.deepEqual(lineParser({ keySeparator: ':', nullMarker: 'NULL' })('a:NULL'), { key: 'a', value: null });
  assert.deepEqual(lineParser({ format: '%k => %v\\n' })('x => y'), { key: 'x', value: 'y' });
  assert.throws(() => lineParser({ keySeparator: ':' })('none'), /no key separator/);
  assert.throws(() => lineParser({ format: '%k' }), /needs one %v/);
  assert.deepEqual(parseHeader('h:a:b'), { key: 'h', value: 'a:b' });
});

const record = {
  topic: 't',
  partition: 1,
  offset: 42,
  timestamp: 1000,
  timestampType: 'CreateTime',
  leaderEpoch: 3,
  key: Buffer.from('k'),
  value: Buffer.from('{"n":5}'),
  headers: [{ key: 'h', value: Buffer.from('x') }],
} as const;

const recordJson = { ...record, key: 'k', headers: [{ key: 'h', value: 'x' }] };

test('records become text by format, as JSON, and as the console consumer prints them', () => {
  assert.equal(formatWriter('%t[%p]@%o %k=%v %h %%')(record), 't[1]@42 k={"n":5} h=x %\n');
  assert.throws(() => formatWriter('%q'), /%q is unknown/);
  assert.deepEqual(JSON.parse(jsonWriter()({ ...record, value: Buffer.from([0xff]) })), {
    ...recordJson,
    value: { base64: '/w==' },
  });
  assert.equal(kafkaWriter(new Map())(record), '{"n":5}\n');
  const all = new Map([
    ['print.key', 'true'],
    ['print.timestamp', 'true'],
    ['print.headers', 'true'],
    ['key.separator', '|'],
  ]);
  assert.equal(kafkaWriter(all)({ ...record, value: null }), 'CreateTime:1000|h:x|k|null\n');
});

test('a filter sees the record and its JSON, and says where it failed', () => {
  assert.equal(recordFilter('json.n > 4 && headers.h === "x" && topic === "t"')(record), true);
  assert.equal(recordFilter('json.n > 5')(record), false);
  assert.throws(() => recordFilter('nothing.here')(record), /--filter failed at t-1 offset 42/);
  assert.throws(() => recordFilter('(('), /--filter/);
});

test('offsets to start from', () => {
  assert.deepEqual(['start', 'end', '7', '+2', '-3', '@1000', '@1000:@2000'].map(parseOffsetRange), [
    { start: 'earliest', untilTimestamp: undefined },
    { start: 'latest', untilTimestamp: undefined },
    { start: 7, untilTimestamp: undefined },
    { start: { afterStart: 2 }, untilTimestamp: undefined },
    { start: { beforeEnd: 3 }, untilTimestamp: undefined },
    { start: { timestamp: 1000 }, untilTimestamp: undefined },
    { start: { timestamp: 1000 }, untilTimestamp: 2000 },
  ]);
  assert.throws(() => parseOffsetRange('middle'), /--offset/);
});

test('a reset stays within the log', () => {
  const log = { current: 50, earliest: 10, latest: 100, pointed: undefined };
  assert.equal(newOffsetOf({ kind: 'offset', offset: 5 }, log), 10);
  assert.equal(newOffsetOf({ kind: 'shift', by: 500 }, log), 100);
  assert.equal(newOffsetOf({ kind: 'shift', by: -20 }, log), 30);
  assert.equal(newOffsetOf({ kind: 'timestamp', timestamp: 1 }, { ...log, pointed: -1 }), 100);
  assert.equal(newOffsetOf({ kind: 'group', groupId: 'x' }, log), undefined);
  assert.throws(() => newOffsetOf({ kind: 'shift', by: 1 }, { ...log, current: undefined }), /cannot shift/);
});

test('the nearest name is suggested, a far one is not', () => {
  const names = ['partitions', 'replication-factor', 'config'];
  assert.equal(nearestName('partitons', names), 'partitions');
  assert.equal(nearestName('replicaton-factor', names), 'replication-factor');
  assert.equal(nearestName('zzz', names), undefined);
  assert.equal(editDistance('ab', 'ba'), 1);
});
