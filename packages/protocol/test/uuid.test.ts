/**
 * Ids as 22 characters of base64url and as 16 bytes.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { ProtocolError } from '../src/protocol-error.ts';
import { isUuid, metadataTopicUuid, uuidFromBytes, uuidOf, uuidToBytes, zeroUuid } from '../src/uuid.ts';

test("the text form is Node's and Kafka's base64url", () => {
  for (let i = 0; i < 500; i++) {
    const bytes = new Uint8Array(randomBytes(16));
    const text = uuidOf(bytes);
    assert.equal(text, Buffer.from(bytes).toString('base64url'));
    const back = new Uint8Array(20);
    uuidToBytes(text, back, 3);
    assert.deepEqual(back.subarray(3, 19), bytes);
    assert.equal(uuidFromBytes(back, 3), text);
    assert.ok(isUuid(text));
  }
});

test('the reserved ids are 0 and 1', () => {
  assert.equal(uuidOf(new Uint8Array(16)), zeroUuid);
  const one = new Uint8Array(16);
  one[15] = 1;
  assert.equal(uuidOf(one), metadataTopicUuid);
});

test('text that is no id is refused', () => {
  const into = new Uint8Array(16);
  for (const text of [
    '',
    'short',
    `${zeroUuid}A`,
    'AAAAAAAAAAAAAAAAAAAAA!',
    '+AAAAAAAAAAAAAAAAAAAAA',
    'éAAAAAAAAAAAAAAAAAAAAA',
  ]) {
    assert.equal(isUuid(text), false, text);
    assert.throws(() => uuidToBytes(text, into, 0), ProtocolError, text);
  }
  assert.equal(isUuid('AAAAAAAAAAAAAAAAAAAAAB'), false, 'spare bits must be zero');
  assert.throws(() => uuidOf(new Uint8Array(15)), ProtocolError);
});
