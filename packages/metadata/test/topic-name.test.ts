/** Which names a topic may have, which of them collide, and which are Kafka's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCollisionChars, invalidTopicName, isInternalTopic, unifyCollisionChars } from '../src/index.ts';

test('names of letters, digits, dot, underscore and hyphen up to 249 characters are valid', () => {
  for (const name of ['a', 'A-b_c.9', '...', '__proto__', 'constructor', 'x'.repeat(249)])
    assert.equal(invalidTopicName(name), null);
});

test('names that could leave a directory or confuse a reader are refused with a sentence of Kafka', () => {
  const bad = ['', '.', '..', '../x', 'a/b', 'a\0b', '%2e%2e/', 'naïve', 'a b', 'x'.repeat(250), '\u202Eabc', 'a\n'];
  for (const name of bad) assert.match(invalidTopicName(name) ?? '', /^Topic name is invalid: /);
  assert.equal(invalidTopicName('..'), "Topic name is invalid: '..' is not allowed");
});

test('a dot and an underscore collide, and only they', () => {
  assert.equal(unifyCollisionChars('a.b_c'), 'a_b_c');
  assert.equal(hasCollisionChars('a-b'), false);
});

test('the topics that Kafka keeps for itself are internal', () => {
  assert.equal(isInternalTopic('__consumer_offsets'), true);
  assert.equal(isInternalTopic('offsets'), false);
});
