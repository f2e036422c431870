/**
 * Addresses as people write them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, parseAddress, parseBootstrap } from '../src/options.ts';

test('a bootstrap list takes hosts with and without port, listener names, and IPv6', () => {
  assert.deepEqual(parseBootstrap('a:1, b ,PLAINTEXT://c:3,[::1]:4'), [
    { host: 'a', port: 1 },
    { host: 'b', port: 9092 },
    { host: 'c', port: 3 },
    { host: '::1', port: 4 },
  ]);
  assert.equal(formatAddress({ host: '::1', port: 4 }), '[::1]:4');
});

test('what cannot be an address is refused with its text', () => {
  for (const text of ['', ':1', 'a:b', 'a:70000', 'a:0', '::1']) assert.throws(() => parseAddress(text), RangeError, text);
  assert.throws(() => parseBootstrap(' , '), /no bootstrap server/);
});
