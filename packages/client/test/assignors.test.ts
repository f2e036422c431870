/**
 * Range and roundrobin, on the examples of Kafka's own documentation of them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assignPartitions, type GroupAssignment } from '../src/assignors.ts';

function texts(assignment: GroupAssignment): Record<string, string> {
  return Object.fromEntries(
    [...assignment].map(([id, list]) => [id, list.map((one) => `${one.topic}${one.partition}`).join(' ')]),
  );
}

const counts = new Map([
  ['a', 3],
  ['b', 3],
]);

test('range gives each member a run of each topic, and the first ones the rest', () => {
  const members = ['m2', 'm1'].map((memberId) => ({ memberId, topics: ['a', 'b'] }));
  assert.deepEqual(texts(assignPartitions('range', members, counts)), { m1: 'a0 a1 b0 b1', m2: 'a2 b2' });
});

test('roundrobin deals all partitions in turn', () => {
  const members = ['m1', 'm2'].map((memberId) => ({ memberId, topics: ['a', 'b'] }));
  assert.deepEqual(texts(assignPartitions('roundrobin', members, counts)), { m1: 'a0 a2 b1', m2: 'a1 b0 b2' });
});

test('roundrobin passes over a member that has not subscribed to the topic', () => {
  const members = [
    { memberId: 'm1', topics: ['a'] },
    { memberId: 'm2', topics: ['a', 'b'] },
  ];
  assert.deepEqual(texts(assignPartitions('roundrobin', members, counts)), { m1: 'a0 a2', m2: 'a1 b0 b1 b2' });
});

test('every partition of a subscribed topic has exactly one owner, who subscribed to it', () => {
  const topics = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 });
  const members = fc.array(topics, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(
      fc.constantFrom('range' as const, 'roundrobin' as const),
      members,
      fc.nat(9),
      (assignor, subscriptions, count) => {
        const group = subscriptions.map((list, i) => ({ memberId: `m${i}`, topics: list as string[] }));
        const sizes = new Map(['a', 'b', 'c'].map((topic) => [topic, count]));
        const seen = new Set<string>();
        for (const [memberId, partitions] of assignPartitions(assignor, group, sizes)) {
          for (const { topic, partition } of partitions) {
            assert.ok(group.find((member) => member.memberId === memberId)?.topics.includes(topic));
            assert.ok(!seen.has(`${topic}/${partition}`));
            seen.add(`${topic}/${partition}`);
          }
        }
        assert.equal(seen.size, new Set(subscriptions.flat()).size * count);
      },
    ),
  );
});
