/**
 * What of a subscription is understood, and that nothing else is mistaken for one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consumerProtocolSubscription, encodeBody } from '@jackdaw/protocol';
import { subscribedTopicsOf } from '../src/consumer-protocol.ts';

function subscription(version: number, topics: string[]): Uint8Array {
  return Uint8Array.of(0, version, ...encodeBody(consumerProtocolSubscription, version, { topics }));
}

test('every version of a subscription is read by its common beginning', () => {
  for (let version = 0; version <= 3; version++)
    assert.deepEqual(subscribedTopicsOf(subscription(version, ['a', 'b'])), ['a', 'b']);
  const newer = subscription(3, ['a']);
  newer[1] = 9;
  assert.deepEqual(subscribedTopicsOf(newer), ['a']);
});

test('bytes that are no subscription have no topics rather than wrong ones', () => {
  const whole = subscription(0, ['topic']);
  for (let length = 0; length < whole.length; length++) assert.equal(subscribedTopicsOf(whole.subarray(0, length)), null);
  assert.equal(subscribedTopicsOf(Uint8Array.of(0xff, 0xff, 0, 0, 0, 0)), null);
  assert.equal(subscribedTopicsOf(Uint8Array.of(0, 0, 0x7f, 0xff, 0xff, 0xff)), null);
});
