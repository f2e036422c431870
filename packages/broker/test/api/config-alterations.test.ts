/** Changing configs of several resources in one request: the order of outcomes, who settles which, and the log level. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiError, configResourceTypes, noError } from '@jackdaw/metadata';
import { ErrorCode } from '@jackdaw/protocol';
import { alterLoggers, describeLoggers } from '../../src/api/broker-loggers.ts';
import { alterResources, checkResource, type AlteredResource } from '../../src/api/config-alterations.ts';

const topic = (resourceName: string): AlteredResource => ({ resourceType: configResourceTypes.topic, resourceName, configs: [] });

test('outcomes keep the order of the request, whoever settled the resource', async () => {
  const asked: string[] = [];
  const outcomes = await alterResources([topic('a'), topic('mine'), topic('b')], {
    settle: ({ resourceName }) => (resourceName === 'mine' ? noError : null),
    forward: async (left) => {
      asked.push(...left.map(({ resourceName }) => resourceName));
      return left.map(({ resourceName }) => (resourceName === 'b' ? apiError('INVALID_CONFIG', 'bad') : noError));
    },
  });
  assert.deepEqual(asked, ['a', 'b']);
  assert.deepEqual(
    outcomes.map(({ resourceName, errorCode }) => [resourceName, errorCode]),
    [
      ['a', ErrorCode.NONE],
      ['mine', ErrorCode.NONE],
      ['b', ErrorCode.INVALID_CONFIG],
    ],
  );
});

test('a resource that is named twice is refused both times and not forwarded', async () => {
  const outcomes = await alterResources([topic('a'), topic('b'), topic('a')], {
    settle: () => null,
    forward: async (left) => left.map(() => noError),
  });
  assert.deepEqual(
    outcomes.map(({ errorCode }) => errorCode),
    [ErrorCode.INVALID_REQUEST, ErrorCode.NONE, ErrorCode.INVALID_REQUEST],
  );
});

test('a broker takes only its own resource and the one for all brokers', () => {
  const broker = (resourceName: string) => ({ resourceType: configResourceTypes.broker, resourceName, configs: [] });
  assert.equal(checkResource(1, broker('')), null);
  assert.equal(checkResource(1, broker('1')), null);
  assert.equal(checkResource(1, broker('2'))?.errorMessage, 'Unexpected broker id, expected 1, but received 2');
  assert.equal(checkResource(1, broker('one'))?.errorMessage, 'Node id must be an integer, but it is: one');
  assert.equal(checkResource(1, { ...broker('1'), resourceType: 8 })?.errorMessage, 'Unknown resource type 8');
});

test('the log level can be told and changed, whole or not at all', () => {
  const log = { level: 'info' };
  assert.equal(describeLoggers(log, null)[0]?.value, 'INFO');
  const set = (name: string, value: string) => ({ name, value, configOperation: 0 });
  assert.equal(
    alterLoggers(log, [set('root', 'DEBUG'), set('other', 'INFO')], { validateOnly: false }).errorCode,
    ErrorCode.INVALID_CONFIG,
  );
  assert.equal(log.level, 'info');
  assert.equal(alterLoggers(log, [set('root', 'LOUD')], { validateOnly: false }).errorCode, ErrorCode.INVALID_CONFIG);
  assert.equal(alterLoggers(log, [set('root', 'DEBUG')], { validateOnly: true }).errorCode, ErrorCode.NONE);
  assert.equal(log.level, 'info');
  assert.equal(alterLoggers(log, [set('root', 'DEBUG')], { validateOnly: false }).errorCode, ErrorCode.NONE);
  assert.equal(log.level, 'debug');
  const deleted = alterLoggers(log, [{ name: 'root', value: null, configOperation: 1 }], { validateOnly: false });
  assert.equal(deleted.errorMessage, 'Removing the log level of the root logger is not allowed');
});
