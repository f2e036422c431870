/**
 * Coordinators that assign a partition twice, or a generation otherwise than before.
 */
import { test } from 'node:test';
import { consumerProtocolAssignment, encodeBody } from '@jackdaw/protocol';
import { GhostPartition, GhostPartitions } from '../../src/checks/ghost-partition.ts';
import { GroupSafety } from '../../src/checks/group-safety.ts';
import type { LiveNode } from '../../src/checks/watch.ts';
import { bites } from './fakes.ts';

interface FakeGroup {
  groupId: string;
  state: string;
  generationId: number;
  protocolType: string;
  members: Map<string, { memberId: string; assignment: Uint8Array }>;
}

function assignment(partitions: readonly number[]): Uint8Array {
  const body = encodeBody(consumerProtocolAssignment, 0, { assignedPartitions: [{ topic: 't', partitions: [...partitions] }] });
  return new Uint8Array([0, 0, ...body]);
}

function stable(generationId: number, owned: Readonly<Record<string, readonly number[]>>): FakeGroup {
  const members = Object.entries(owned).map(([memberId, partitions]) => ({ memberId, assignment: assignment(partitions) }));
  const byId = new Map(members.map((member) => [member.memberId, member]));
  return { groupId: 'g', state: 'Stable', generationId, protocolType: 'consumer', members: byId };
}

function ledBy(leader: number): GhostPartition['registration'] {
  return { replicas: [1], isr: [1], elr: [], leader } as unknown as GhostPartition['registration'];
}

/** The coordinator of group g, on one node after another. */
class Coordinators {
  readonly #ghosts = new GhostPartitions();
  readonly #checks = new GroupSafety(this.#ghosts);

  readonly #ghost = new GhostPartition({ topicName: '__consumer_offsets', partition: 0 }, ledBy(1), 1);

  constructor() {
    this.#ghosts.add('offsets', 0, this.#ghost);
  }

  on(id: number, { elected = id, leaderEpoch = id } = {}): (group: FakeGroup) => void {
    this.#ghost.registration = ledBy(elected);
    let groups: FakeGroup[] = [];
    const shard = { isActive: true, groups: () => groups };
    const service = { shards: () => [shard], partitionOf: () => 0, leaderOf: () => ({ leaderEpoch }) };
    const image = { topicByName: () => ({ id: 'offsets' }) };
    const cluster = { plan: { settings: {} }, damaged: new Set() };
    const live = { label: `node ${id}, start 1`, services: { groups: service, image: () => image }, cluster, node: { id } };
    return (group) => {
      groups = [group];
      this.#checks.onEvent(live as unknown as LiveNode);
    };
  }
}

test('a generation that every coordinator tells alike passes, and so does a later one', () => {
  const coordinators = new Coordinators();
  coordinators.on(1)(stable(3, { a: [0], b: [1] }));
  const second = coordinators.on(2);
  second(stable(3, { b: [1], a: [0] }));
  second(stable(4, { a: [0, 1] }));
});

test('who was deposed and has not heard of it may load an older generation (seed 331)', () => {
  const coordinators = new Coordinators();
  coordinators.on(1)(stable(2, { b: [0, 1] }));
  coordinators.on(2, { elected: 1 })(stable(1, { a: [0, 1] }));
});

test('D5: a partition with two owners in one generation is noticed (OneOwner)', () => {
  const coordinator = new Coordinators().on(1);
  bites('OneOwner', () => coordinator(stable(1, { a: [0, 1], b: [1] })));
});

test('a generation with two assignments is noticed (OneAssignment)', () => {
  const coordinators = new Coordinators();
  coordinators.on(1)(stable(3, { a: [0], b: [1] }));
  bites('OneAssignment', () => coordinators.on(2)(stable(3, { a: [1], b: [0] })));
});

test('a generation that goes back is noticed, on one node and from one to the next (GenerationsGrow)', () => {
  const one = new Coordinators().on(1);
  one(stable(3, { a: [0] }));
  bites('GenerationsGrow', () => one(stable(2, { a: [0] })));
  const coordinators = new Coordinators();
  coordinators.on(1)(stable(3, { a: [0] }));
  bites('GenerationsGrow', () => coordinators.on(2)(stable(2, { a: [0] })));
});

test('a coordinator that was replaced may learn late that its last generation was written, and of no later one', () => {
  const coordinators = new Coordinators();
  const former = coordinators.on(1);
  const next = coordinators.on(2);
  next(stable(9, { a: [0] }));
  former(stable(6, { a: [0] }));
  bites('OneAssignment', () => former(stable(9, { b: [0] })));
  bites('GenerationsGrow', () => coordinators.on(3)(stable(7, { a: [0] })));
});
