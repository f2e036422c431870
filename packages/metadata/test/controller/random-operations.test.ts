/**
 * Any sequence of operations keeps what replicas rely on: the leader is in the ISR, the ISR and the ELR are disjoint
 * parts of the replicas, epochs never go back, and speculative, committed and restored images agree.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '@jackdaw/base';
import { ApiKey } from '@jackdaw/protocol';
import fc from 'fast-check';
import { decodeSnapshot, encodeSnapshot, type MetadataImage } from '../../src/index.ts';
import { contentsOf, creatableTopic, TestController, testUuid } from '../fixtures.ts';

const brokerIds = [1, 2, 3, 4];
const topicNames = ['a', 'b', 'c'];

type Step = (test: TestController, prng: Prng) => void;

const steps: readonly Step[] = [
  (test, prng) => test.heartbeat(pick(brokerIds, prng)),
  (test, prng) => test.heartbeat(pick(brokerIds, prng)),
  (test, prng) => test.heartbeat(pick(brokerIds, prng), { wantFence: true }),
  (test, prng) => test.heartbeat(pick(brokerIds, prng), { wantShutDown: true }),
  registerAgain,
  registerAgain,
  (test, prng) => test.handle(ApiKey.UnregisterBroker, { brokerId: pick(brokerIds, prng) }),
  createSome,
  createSome,
  (test, prng) => test.handle(ApiKey.DeleteTopics, { topics: [], topicNames: [pick(topicNames, prng)], timeoutMs: 0 }, 5),
  (test, prng) => {
    const topic = { name: pick(topicNames, prng), count: 1 + prng.below(6), assignments: null };
    test.handle(ApiKey.CreatePartitions, { topics: [topic], timeoutMs: 0, validateOnly: false });
  },
  (test, prng) => test.alterIsr(pick(topicNames, prng), prng.shuffled(brokerIds).slice(0, 1 + prng.below(4))),
  alterToLive,
  alterToLive,
  (test, prng) => test.handle(ApiKey.ElectLeaders, { electionType: prng.below(2), topicPartitions: null, timeoutMs: 0 }),
  (test, prng) => {
    const configs = [{ name: 'min.insync.replicas', configOperation: 0, value: String(1 + prng.below(3)) }];
    const resources = [{ resourceType: 2, resourceName: pick(topicNames, prng), configs }];
    test.handle(ApiKey.IncrementalAlterConfigs, { resources, validateOnly: false });
  },
  (test, prng) => {
    test.nowMs += prng.below(12_000);
    test.tick();
  },
  (test, prng) => {
    test.controller.onBrokerStreamBroken(pick(brokerIds, prng), test.nowMs);
  },
];

test('any sequence of operations keeps the invariants of partitions, and all images agree', () => {
  const run = (seed: number, choices: readonly number[]): void => {
    const prng = new Prng(seed);
    const test = new TestController({ seed });
    test.bootstrap();
    for (const id of brokerIds) test.startBroker(id);
    let before = test.committed.clone();
    for (const choice of choices) {
      const step = steps[choice % steps.length];
      assert.ok(step);
      test.isCommitting = prng.chance(0.7);
      step(test, prng);
      expectInvariants(test.image);
      if (test.isCommitting) {
        test.commitAll();
        assert.deepEqual(contentsOf(test.committed), contentsOf(test.image));
        expectMonotone(before, test.committed);
        before = test.committed.clone();
      } else if (prng.chance(0.3)) {
        test.failOver();
        assert.deepEqual(contentsOf(test.image), contentsOf(test.committed));
      }
    }
    const { committed } = test;
    const restored = decodeSnapshot(encodeSnapshot(committed), { index: committed.appliedIndex, term: committed.appliedTerm });
    assert.deepEqual(sorted(restored), sorted(committed));
  };
  const choices = fc.array(fc.nat(), { minLength: 20, maxLength: 80 });
  fc.assert(fc.property(fc.nat(), choices, run), { numRuns: 150 });
});

function pick<T>(items: readonly T[], prng: Prng): T {
  return items[prng.below(items.length)] as T;
}

function registerAgain(test: TestController, prng: Prng): void {
  const brokerId = pick(brokerIds, prng);
  const previousBrokerEpoch = prng.chance(0.5) ? test.epochOf(brokerId) : -1;
  test.register(brokerId, { incarnationId: testUuid('I', 10 + prng.below(90)), previousBrokerEpoch });
}

function createSome(test: TestController, prng: Prng): void {
  const shape = { numPartitions: 1 + prng.below(4), replicationFactor: 1 + prng.below(4) };
  const configs = [
    { name: 'min.insync.replicas', value: String(1 + prng.below(3)) },
    { name: 'unclean.leader.election.enable', value: String(prng.chance(0.3)) },
  ];
  const topic = creatableTopic(pick(topicNames, prng), { ...shape, configs });
  test.handle(ApiKey.CreateTopics, { topics: [topic], timeoutMs: 0, validateOnly: false });
}

/** What an honest leader proposes: itself and any of the replicas that are alive. */
function alterToLive(test: TestController, prng: Prng): void {
  const name = pick(topicNames, prng);
  const partition = test.image.topicByName(name)?.partitions.get(0);
  if (partition === undefined || partition.leader < 0) return;
  const live = partition.replicas.filter((id) => test.image.isActiveBroker(id));
  test.alterIsr(
    name,
    live.filter((id) => id === partition.leader || prng.chance(0.6)),
  );
}

function expectInvariants(image: MetadataImage): void {
  for (const topic of image.topicsById.values()) {
    assert.deepEqual([...topic.partitions.keys()], [...Array(topic.partitions.size).keys()]);
    for (const { replicas, isr, elr, leader, lastKnownElr, directories } of topic.partitions.values()) {
      assert.equal(new Set([...isr, ...elr]).size, isr.length + elr.length);
      for (const id of [...isr, ...elr]) assert.ok(replicas.includes(id));
      assert.ok(leader === -1 || isr.includes(leader));
      assert.ok(leader === -1 || image.isActiveBroker(leader), 'a leader is alive');
      for (const id of isr) assert.ok(image.isActiveBroker(id), 'members of the ISR are alive');
      // While somebody leads, only those who were eligible until they crashed.
      assert.ok(new Set(lastKnownElr).size === lastKnownElr.length && !lastKnownElr.includes(leader));
      for (const id of lastKnownElr) assert.ok(replicas.includes(id) && !isr.includes(id));
      assert.equal(directories.length, replicas.length);
    }
  }
}

function expectMonotone(before: MetadataImage, after: MetadataImage): void {
  assert.ok(after.nextProducerId >= before.nextProducerId);
  for (const [id, broker] of before.brokers) assert.ok((after.brokers.get(id)?.brokerEpoch ?? Infinity) >= broker.brokerEpoch);
  for (const [topicId, topic] of before.topicsById) {
    for (const [partitionId, old] of topic.partitions) {
      const now = after.partition(topicId, partitionId);
      if (now === null) continue;
      assert.ok(now.leaderEpoch >= old.leaderEpoch && now.partitionEpoch >= old.partitionEpoch);
      // A9: whoever leads after a change of leader does so in an epoch of its own.
      if (now.leader !== old.leader) assert.ok(now.leaderEpoch > old.leaderEpoch);
      if (now !== old) assert.ok(now.partitionEpoch > old.partitionEpoch);
    }
  }
}

/** A removed and renewed key changes its place in a Map; a snapshot does not keep places. */
function sorted(image: MetadataImage): string[] {
  return image
    .toRecords()
    .map((record) => JSON.stringify(record))
    .toSorted();
}
