/**
 * The table of error codes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode, errorName, isKnownError, isRetriable } from '../src/error-codes.ts';

test('the codes are -1 to 133 without gaps, and names and codes lead to each other', () => {
  const codes = Object.values(ErrorCode).sort((a, b) => a - b);
  assert.deepEqual(
    codes,
    Array.from({ length: 135 }, (_, i) => i - 1),
  );
  for (const [name, code] of Object.entries(ErrorCode)) assert.equal(errorName(code), name);
  assert.equal(errorName(134), 'UNKNOWN_SERVER_ERROR');
  assert.equal(isKnownError(134), false);
});

test('codes that look alike differ in whether to try again, as in Kafka', () => {
  assert.equal(isRetriable(ErrorCode.NOT_LEADER_OR_FOLLOWER), true);
  assert.equal(isRetriable(ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND), true);
  assert.equal(isRetriable(ErrorCode.CONCURRENT_TRANSACTIONS), true);
  assert.equal(isRetriable(ErrorCode.UNKNOWN_TOPIC_ID), true);
  assert.equal(isRetriable(ErrorCode.REBALANCE_IN_PROGRESS), false);
  assert.equal(isRetriable(ErrorCode.OFFSET_OUT_OF_RANGE), false);
  assert.equal(isRetriable(ErrorCode.INVALID_PRODUCER_EPOCH), false);
  assert.equal(isRetriable(ErrorCode.NONE), false);
  assert.equal(isRetriable(9_999), false);
});
