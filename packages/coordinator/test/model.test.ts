/**
 * Random lives of a group's members, against a log that stalls and refuses, and a coordinator that moves.
 *
 * Clients behave as Kafka's consumers do; what they are told is checked against D2, D4 and D5 after every answer. In the end
 * the faults stop, and the group must settle with exactly the clients that are alive.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8Decode, utf8Encode } from '@jackdaw/base';
import { ErrorCode, zeroUuid } from '@jackdaw/protocol';
import fc from 'fast-check';
import { protocolsOf } from './script/group-commands.ts';
import { World } from './script/world.ts';

const groupId = 'g';
const partitions = ['0', '1', '2', '3', '4'];

interface ModelClient {
  readonly name: string;
  /** Null for a dynamic member. */
  readonly instanceId: string | null;
  memberId: string;
  generationId: number;
  /** What the client would do next. */
  phase: 'join' | 'waiting' | 'sync' | 'stable';
  members: string[];
  assignment: string | null;
  /** Answers to requests of a process that has died are dropped. */
  life: number;
}

class Model {
  readonly world = new World();
  readonly clients: ModelClient[];
  requests = 0;
  answers = 0;
  /** generation → partition → who owns it. */
  readonly #owners = new Map<number, Map<string, string>>();
  /** generation and owner → assignment. */
  readonly #assignments = new Map<string, string>();
  #lastCommit = 0;
  #acked = 0;

  constructor() {
    this.world.config = { ...this.world.config, initialRebalanceDelayMs: 1_000 };
    this.world.topicIds.set('orders', 'orders---------------A');
    this.world.partitionCounts.set('orders', 1);
    this.clients = ['a', 'b', 'c', 'd'].map((name, index) => ({
      name,
      instanceId: index >= 2 ? `i-${name}` : null,
      memberId: '',
      generationId: -1,
      phase: 'join',
      members: [],
      assignment: null,
      life: 0,
    }));
    this.world.start();
  }

  step(client: ModelClient): void {
    switch (client.phase) {
      case 'join':
        return this.join(client);
      case 'waiting':
        return undefined;
      case 'sync':
        return this.sync(client);
      case 'stable':
        return this.heartbeat(client);
    }
  }

  join(client: ModelClient): void {
    client.phase = 'waiting';
    const request = {
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 20_000,
      memberId: client.memberId,
      groupInstanceId: client.instanceId,
      protocolType: 'consumer',
      protocols: protocolsOf('range:orders'),
      reason: null,
    };
    this.world.shard.joinGroup(
      request,
      this.world.context(client.name, 9),
      this.#answer(client, (response) => {
        client.phase = 'join';
        if (response.errorCode === ErrorCode.NONE) {
          Object.assign(client, {
            memberId: response.memberId,
            generationId: response.generationId,
            phase: 'sync',
            assignment: null,
          });
          client.members = response.skipAssignment ? [] : response.members.map(({ memberId }) => memberId);
        } else if (response.errorCode === ErrorCode.MEMBER_ID_REQUIRED) client.memberId = response.memberId;
        else this.#onError(client, response.errorCode);
      }),
    );
  }

  sync(client: ModelClient): void {
    client.phase = 'waiting';
    const assignments = client.members.map((memberId, index) => ({
      memberId,
      assignment: utf8Encode(partitions.filter((_, partition) => partition % client.members.length === index).join(' ') || '-'),
    }));
    const { generationId, memberId, instanceId } = client;
    const request = {
      groupId,
      generationId,
      memberId,
      groupInstanceId: instanceId,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments,
    };
    this.world.shard.syncGroup(
      request,
      this.world.context(client.name, 5),
      this.#answer(client, (response) => {
        client.phase = 'join';
        if (response.errorCode !== ErrorCode.NONE) return this.#onError(client, response.errorCode);
        client.phase = 'stable';
        this.#onAssigned(client, generationId, utf8Decode(response.assignment));
      }),
    );
  }

  heartbeat(client: ModelClient): void {
    const { generationId, memberId, instanceId } = client;
    const request = { groupId, generationId, memberId, groupInstanceId: instanceId };
    this.world.shard.heartbeat(
      request,
      this.world.context(client.name, 4),
      this.#answer(client, ({ errorCode }) => {
        if (errorCode !== ErrorCode.NONE) this.#onError(client, errorCode);
      }),
    );
  }

  commit(client: ModelClient): void {
    const offset = ++this.#lastCommit;
    const partition = { partitionIndex: 0, committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: `at ${offset}` };
    const request = {
      groupId,
      generationIdOrMemberEpoch: client.generationId,
      memberId: client.memberId,
      groupInstanceId: client.instanceId,
      retentionTimeMs: -1,
      topics: [{ name: 'orders', topicId: zeroUuid, partitions: [partition] }],
    };
    this.world.shard.offsetCommit(
      request,
      this.world.context(client.name, 9),
      this.#answer(client, ({ topics }) => {
        if (topics[0]?.partitions[0]?.errorCode === ErrorCode.NONE) this.#acked = Math.max(this.#acked, offset);
        this.fetch();
      }),
    );
  }

  /** D2: never older than the last acknowledged commit, and with the metadata that belongs to it. */
  fetch(): void {
    const topics = [{ name: 'orders', topicId: zeroUuid, partitionIndexes: [0] }];
    const group = { groupId, memberId: null, memberEpoch: -1, topics };
    this.world.shard.offsetFetch({ group, requireStable: false }, this.world.context('admin', 9), (response) => {
      const found = response.topics[0]?.partitions[0];
      if (response.errorCode !== ErrorCode.NONE || found === undefined) return;
      assert(found.committedOffset >= this.#acked || this.#acked === 0, `${found.committedOffset} is older than ${this.#acked}`);
      if (found.committedOffset > 0) assert.equal(found.metadata, `at ${found.committedOffset}`);
    });
  }

  leave(client: ModelClient): void {
    const members = [{ memberId: client.memberId, groupInstanceId: client.instanceId, reason: null }];
    this.world.shard.leaveGroup(
      { groupId, memberId: '', members },
      this.world.context(client.name, 5),
      this.#answer(client, () => {}),
    );
    this.crash(client);
  }

  /** The process dies without a word, and another one starts. */
  crash(client: ModelClient): void {
    Object.assign(client, {
      memberId: '',
      generationId: -1,
      phase: 'join',
      members: [],
      assignment: null,
      life: client.life + 1,
    });
  }

  move(): void {
    const { world } = this;
    world.shard.onResigned();
    assert.equal(this.answers, this.requests, 'a shard that resigns leaves nobody waiting');
    world.held.splice(0);
    world.start();
    this.fetch();
  }

  #answer<Response>(client: ModelClient, onAnswer: (response: Response) => void): (response: Response) => void {
    this.requests++;
    const life = client.life;
    let isAnswered = false;
    return (response) => {
      assert(!isAnswered, 'a request is answered once');
      isAnswered = true;
      this.answers++;
      if (client.life === life) onAnswer(response);
    };
  }

  #onError(client: ModelClient, errorCode: number): void {
    client.phase = 'join';
    if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) client.memberId = '';
    // A newer process has this instance id; here that can only be a request of an earlier life.
    if (errorCode === ErrorCode.FENCED_INSTANCE_ID) this.crash(client);
  }

  /** D4 and D5. */
  #onAssigned(client: ModelClient, generationId: number, assignment: string): void {
    client.assignment = assignment;
    const owner = client.instanceId ?? client.memberId;
    const before = this.#assignments.get(`${generationId} ${owner}`);
    assert(before === undefined || before === assignment, `${owner} had '${before}' in ${generationId}, now '${assignment}'`);
    this.#assignments.set(`${generationId} ${owner}`, assignment);
    const owners = this.#owners.get(generationId) ?? new Map<string, string>();
    this.#owners.set(generationId, owners);
    for (const partition of assignment.split(' ').filter((word) => word !== '' && word !== '-')) {
      const other = owners.get(partition) ?? owner;
      assert.equal(other, owner, `partition ${partition} of generation ${generationId} has two owners`);
      owners.set(partition, owner);
    }
  }
}

type Action = (model: Model) => void;

const client = fc.integer({ min: 0, max: 3 });
const onClient = (act: (model: Model, client: ModelClient) => void): fc.Arbitrary<Action> =>
  client.map((index) => (model: Model) => {
    const one = model.clients[index];
    if (one !== undefined) act(model, one);
  });

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 20, arbitrary: onClient((model, one) => model.step(one)) },
  { weight: 3, arbitrary: onClient((model, one) => model.commit(one)) },
  { weight: 1, arbitrary: onClient((model, one) => model.leave(one)) },
  { weight: 1, arbitrary: onClient((model, one) => model.crash(one)) },
  // The answer was lost with its connection, and the client repeats its request.
  { weight: 2, arbitrary: onClient((model, one) => (one.phase === 'waiting' ? model.join(one) : undefined)) },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 6_000 }).map((ms) => (model: Model) => model.world.advance(ms)) },
  { weight: 1, arbitrary: fc.constant((model: Model) => model.world.stall(5_000)) },
  { weight: 2, arbitrary: fc.constant((model: Model) => void (model.world.isHolding = true)) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 5 }).map((count) => (model: Model) => model.world.settle(count, 0)) },
  { weight: 1, arbitrary: fc.constant((model: Model) => model.world.settle(1, ErrorCode.NOT_ENOUGH_REPLICAS)) },
  { weight: 1, arbitrary: fc.constant((model: Model) => model.move()) },
);

function heal(model: Model): void {
  model.world.isHolding = false;
  model.world.settle(model.world.held.length, 0);
  for (let round = 0; round < 60; round++) {
    for (const one of model.clients) model.step(one);
    model.world.advance(1_000);
  }
}

function stateOf(model: Model): unknown {
  const context = model.world.context('admin', 6);
  const described = model.world.shard.describeGroups([groupId], context);
  const offsets: unknown[] = [];
  const group = { groupId, memberId: null, memberEpoch: -1, topics: null };
  model.world.shard.offsetFetch({ group, requireStable: false }, context, (response) => offsets.push(response));
  return { described, offsets };
}

test('D2, D4, D5: whatever fails, no partition has two owners and no acknowledged commit is lost', () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 150 }), (actions) => {
      const model = new Model();
      for (const act of actions) act(model);
      heal(model);
      const [group] = model.world.shard.describeGroups([groupId], model.world.context('admin', 6));
      assert.equal(group?.groupState, 'Stable');
      const alive = model.clients.map(({ memberId }) => memberId).toSorted();
      assert.deepEqual(group.members.map(({ memberId }) => memberId).toSorted(), alive, 'no ghost members');
      for (const one of model.clients) assert.equal(one.phase, 'stable');
      // The snapshot says what the whole log says.
      const before = stateOf(model);
      const snapshot = model.world.shard.snapshotRecords();
      model.move();
      assert.deepEqual(stateOf(model), before, 'loaded from the log');
      model.world.log.splice(0, model.world.log.length, ...snapshot);
      model.move();
      assert.deepEqual(stateOf(model), before, 'loaded from the snapshot');
    }),
    { numRuns: 400 },
  );
});
