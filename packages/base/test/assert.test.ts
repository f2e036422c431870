/** Assertions: what their message says, and that it costs nothing while they hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as expectInvariant, expectDefined, InvariantError } from '../src/assert.ts';

test('an assertion that fails names the value beside what was expected', () => {
  expectInvariant(true, 'base offset out of range', -1);
  assert.throws(() => expectInvariant(false, 'base offset out of range', -1), new InvariantError('base offset out of range: -1'));
  assert.throws(() => expectInvariant(false, 'no leader'), new InvariantError('no leader'));
});

test('what an invariant says is there is given back, false and 0 too', () => {
  assert.equal(expectDefined(0, 'a number'), 0);
  assert.equal(expectDefined(false, 'a flag'), false);
  assert.throws(() => expectDefined(null, 'a leader'), new InvariantError('a leader'));
  assert.throws(() => expectDefined(undefined, 'a leader'), new InvariantError('a leader'));
});
