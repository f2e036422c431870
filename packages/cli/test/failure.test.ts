/**
 * What is said about a failure, and the exit code: 0 done, 1 failed, 2 usage, 3 unreachable, 4 partial.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionError, KafkaError, TimeoutError } from '@jackdaw/client';
import { ErrorCode } from '@jackdaw/protocol';
import { CommandError, describeFailure, failureLines, UsageError } from '../src/failure.ts';
import { sumUp } from '../src/outcomes.ts';

test('every kind of failure has its exit code and its two lines', () => {
  const exists = describeFailure(new KafkaError(ErrorCode.TOPIC_ALREADY_EXISTS, 'topic "orders" already exists'));
  assert.deepEqual(failureLines(exists), [
    'error: TOPIC_ALREADY_EXISTS: topic "orders" already exists',
    'hint: use --if-not-exists to accept an existing topic',
  ]);
  assert.equal(exists.exitCode, 1);
  assert.equal(describeFailure(new UsageError('x')).exitCode, 2);
  const refused = new ConnectionError('h:1', 'cannot connect to h:1: connection refused');
  assert.equal(describeFailure(refused, 'h:1').exitCode, 3);
  assert.match(describeFailure(refused, 'h:1').hint ?? '', /doctor -b h:1/);
  assert.equal(describeFailure(new TimeoutError('late', { cause: refused })).exitCode, 3);
  assert.equal(describeFailure(new TimeoutError('late')).exitCode, 1);
  assert.equal(describeFailure(new CommandError('X', 'y', { exitCode: 4 })).exitCode, 4);
  assert.equal(describeFailure('odd').code, 'INTERNAL');
});

test('some failures among successes are partial', () => {
  const good = { name: 'a', error: undefined };
  const bad = { name: 'b', error: new KafkaError(ErrorCode.INVALID_CONFIG) };
  assert.deepEqual([sumUp([good]), sumUp([good, bad]), sumUp([bad]), sumUp([])], [0, 4, 1, 0]);
});
