/**
 * Every client and broker must place a group in the same partition.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partitionFor } from '../src/index.ts';

test('a group lives in the partition that Java computes', () => {
  for (const groupId of ['my-group', 'console-consumer-41', 'größe', ''])
    assert.equal(partitionFor(groupId, 2 ** 31), javaHash(groupId));
  assert.equal(partitionFor('', 50), 0);
  assert.equal(partitionFor('a', 50), 97 % 50);
  assert.equal(partitionFor('abc', 50), 96354 % 50);
  // Characters outside the basic plane count as two units, as in Java.
  assert.equal(partitionFor('\u{1f600}', 2 ** 31), 0xd83d * 31 + 0xde00);
});

test('the hash whose absolute value does not fit is partition 0', () => {
  // Known in the Java world for hashing to Integer.MIN_VALUE.
  assert.equal(partitionFor('polygenelubricants', 50), 0);
});

function javaHash(text: string): number {
  let hash = 0n;
  for (let i = 0; i < text.length; i++) hash = BigInt.asIntN(32, hash * 31n + BigInt(text.charCodeAt(i)));
  return Math.abs(Number(hash));
}
