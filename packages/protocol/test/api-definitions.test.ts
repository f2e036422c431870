/**
 * The registry of APIs, with the exceptions that history made.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiKey, apiDefinitions, isSupportedVersion } from '../src/api-definitions.ts';

test('request and response of an API have its key, and the same versions', () => {
  for (const [key, { name, request, response, flexibleFrom }] of apiDefinitions) {
    assert.equal(ApiKey[name], key);
    assert.equal(request.name, `${name}Request`);
    assert.equal(response.name, `${name}Response`);
    assert.equal(request.key, key);
    assert.equal(response.key, key);
    assert.deepEqual(request.versions, response.versions);
    assert.equal(request.flexibleFrom, flexibleFrom);
    assert.equal(response.flexibleFrom, flexibleFrom);
  }
  assert.deepEqual([...apiDefinitions.keys()], Object.values(ApiKey));
});

test('Produce is advertised from version 0 and served from version 3', () => {
  const produce = apiDefinitions.get(ApiKey.Produce);
  assert.equal(produce?.advertisedMinVersion, 0);
  assert.equal(produce?.minVersion, 3);
  assert.equal(isSupportedVersion(ApiKey.Produce, 2), false);
  for (const { key, advertisedMinVersion, minVersion } of apiDefinitions.values()) {
    if (key !== ApiKey.Produce) assert.equal(advertisedMinVersion, minVersion);
  }
});

test('InitProducerId 6, which is unstable, is known and not offered', () => {
  const definition = apiDefinitions.get(ApiKey.InitProducerId);
  assert.equal(definition?.maxVersion, 5);
  assert.equal(definition?.request.versions[1], 6);
});

test('F7: keys and versions that nobody knows are not supported', () => {
  assert.equal(isSupportedVersion(ApiKey.Fetch, 18), true);
  assert.equal(isSupportedVersion(ApiKey.Fetch, 19), false);
  assert.equal(isSupportedVersion(ApiKey.Fetch, -1), false);
  assert.equal(isSupportedVersion(999, 0), false);
});

test('SaslHandshake and OffsetDelete never became flexible', () => {
  const inflexible = [...apiDefinitions.values()].filter(({ flexibleFrom }) => flexibleFrom === null);
  assert.deepEqual(
    inflexible.map(({ name }) => name),
    ['SaslHandshake', 'OffsetDelete'],
  );
});
