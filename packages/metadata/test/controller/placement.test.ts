/** Where replicas of new partitions go: evenly, over racks, on live brokers; by examples and for any cluster. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '@jackdaw/base';
import fc from 'fast-check';
import { placeReplicas, type UsableBroker } from '../../src/controller/placement.ts';

function place(
  brokers: readonly UsableBroker[],
  spec: { partitionCount: number; replicationFactor: number; seed?: number },
): readonly (readonly number[])[] {
  const placement = placeReplicas(spec, brokers, new Prng(spec.seed ?? 1));
  assert.ok(placement.ok);
  return placement.assignments;
}

function brokers(count: number, rackOf: (id: number) => string | null = () => null): UsableBroker[] {
  return Array.from({ length: count }, (_, brokerId) => ({ brokerId, rack: rackOf(brokerId), fenced: false }));
}

test('leaders and replicas are spread evenly over brokers', () => {
  const assignments = place(brokers(4), { partitionCount: 8, replicationFactor: 2 });
  const leads = [0, 0, 0, 0];
  const holds = [0, 0, 0, 0];
  for (const replicas of assignments) {
    leads[replicas[0] as number] = (leads[replicas[0] as number] ?? 0) + 1;
    for (const id of replicas) holds[id] = (holds[id] ?? 0) + 1;
  }
  assert.deepEqual(leads, [2, 2, 2, 2]);
  assert.deepEqual(holds, [4, 4, 4, 4]);
});

test('replicas of a partition are on different racks when there are enough', () => {
  const racks = brokers(9, (id) => `rack${id % 3}`);
  for (const replicas of place(racks, { partitionCount: 20, replicationFactor: 3 })) {
    assert.equal(new Set(replicas.map((id) => id % 3)).size, 3);
  }
});

test('a fenced broker is used only where no other is left, and never first', () => {
  const some = brokers(3).map((broker) => ({ ...broker, fenced: broker.brokerId === 0 }));
  for (const replicas of place(some, { partitionCount: 6, replicationFactor: 2 })) assert.ok(!replicas.includes(0));
  for (const replicas of place(some, { partitionCount: 6, replicationFactor: 3 })) assert.equal(replicas.indexOf(0), 2);
});

test('too few brokers and none alive are refused in the words of Kafka', () => {
  const spec = { partitionCount: 1, replicationFactor: 3 };
  const few = placeReplicas(spec, brokers(2), new Prng(1));
  assert.ok(!few.ok && few.reason.startsWith('The target replication factor of 3 cannot be reached because only 2 broker(s)'));
  const dead = placeReplicas(
    spec,
    brokers(3).map((broker) => ({ ...broker, fenced: true })),
    new Prng(1),
  );
  assert.ok(!dead.ok && dead.reason.startsWith('All brokers are currently fenced'));
});

test('any cluster: no broker twice in a partition, the first alive, and a seed gives the same again', () => {
  const broker = fc.record({ fenced: fc.boolean(), rack: fc.constantFrom(null, 'a', 'b', 'c') });
  const cluster = fc.array(broker, { minLength: 1, maxLength: 12 }).filter((all) => all.some(({ fenced }) => !fenced));
  fc.assert(
    fc.property(cluster, fc.nat(20), fc.nat(), fc.nat(), (all, partitionCount, choice, seed) => {
      const usable = all.map((it, brokerId) => ({ ...it, brokerId }));
      const spec = { partitionCount, replicationFactor: 1 + (choice % all.length), seed };
      const assignments = place(usable, spec);
      assert.equal(assignments.length, partitionCount);
      for (const replicas of assignments) {
        assert.equal(new Set(replicas).size, spec.replicationFactor);
        assert.equal(usable[replicas[0] as number]?.fenced, false);
      }
      assert.deepEqual(place(usable.toReversed(), spec), assignments);
    }),
  );
});
