/**
 * The hash against values that Kafka's own client computes (Kafka `UtilsTest.testMurmur2`).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { murmur2, partitionForKey } from '../src/murmur2.ts';

test('murmur2 gives the values of the Java client', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ];
  for (const [text, expected] of cases) assert.equal(murmur2(Buffer.from(text)), expected, text);
  assert.equal(murmur2(Buffer.from(['a', 'b', 'c'].join(''))), 479470107);
});

test('a key always goes to the same partition, within the count', () => {
  for (let i = 0; i < 1000; i++) {
    const partition = partitionForKey(Buffer.from(`key-${i}`), 7);
    assert.ok(partition >= 0 && partition < 7);
    assert.equal(partition, partitionForKey(Buffer.from(`key-${i}`), 7));
  }
});
