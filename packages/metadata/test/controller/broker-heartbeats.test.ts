/** Sessions of brokers on the controller, in a time that the test sets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokerHeartbeats } from '../../src/index.ts';

const limits = { sessionTimeoutMs: 9_000, brokenStreamGraceMs: 300 };

test('a session lasts for the timeout after the last contact, in monotonic time', () => {
  const heartbeats = new BrokerHeartbeats(limits);
  heartbeats.touch(1, 7, 100);
  assert.equal(heartbeats.hasValidSession(1, 7, 9_100), true);
  assert.deepEqual(heartbeats.staleBrokers(9_100), []);
  assert.equal(heartbeats.hasValidSession(1, 7, 9_101), false);
  assert.deepEqual(heartbeats.staleBrokers(9_101), [{ brokerId: 1, brokerEpoch: 7, streamBroken: false }]);
});

test('a session belongs to one incarnation', () => {
  const heartbeats = new BrokerHeartbeats(limits);
  heartbeats.touch(1, 7, 0);
  assert.equal(heartbeats.hasValidSession(1, 8, 0), false);
  heartbeats.noteMetadataIndex(1, 50);
  heartbeats.touch(1, 8, 0);
  assert.equal(heartbeats.metadataIndexOf(1), -1);
});

test('a broken stream ends the session after a grace, and a contact mends it', () => {
  const heartbeats = new BrokerHeartbeats(limits);
  heartbeats.touch(1, 7, 0);
  heartbeats.streamBroken(1, 10);
  assert.equal(heartbeats.nextDeadlineMs(), 310);
  heartbeats.touch(1, 7, 20);
  assert.equal(heartbeats.nextDeadlineMs(), 9_020);
});

test('a broker that is known to be gone has no session left, and a contact gives it a new one', () => {
  const heartbeats = new BrokerHeartbeats(limits);
  heartbeats.touch(1, 7, 0);
  heartbeats.expire(1);
  assert.deepEqual(heartbeats.staleBrokers(0), [{ brokerId: 1, brokerEpoch: 7, streamBroken: true }]);
  heartbeats.touch(1, 7, 20);
  assert.deepEqual(heartbeats.staleBrokers(20), []);
});

test('the next deadline is the earliest, and there is none without sessions', () => {
  const heartbeats = new BrokerHeartbeats(limits);
  assert.equal(heartbeats.nextDeadlineMs(), null);
  heartbeats.touch(1, 7, 500);
  heartbeats.touch(2, 8, 400);
  assert.equal(heartbeats.nextDeadlineMs(), 9_400);
  heartbeats.remove(2);
  assert.equal(heartbeats.nextDeadlineMs(), 9_500);
});
