/**
 * Requests that are valid and mean harm: no field that a client chooses may stop the coordinator, or make an answer that is
 * many times as long as its question. Found by the fuzzer (test/fuzz).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zeroUuid, type OffsetFetchRequest } from '@jackdaw/protocol';
import { offsetFetchGroupsOf } from '../src/index.ts';
import { groupCommands } from './script/group-commands.ts';
import { parseCommand } from './script/parse.ts';
import { World } from './script/world.ts';

function run(world: World, ...commands: string[]): string[] {
  world.output = [];
  for (const line of commands) {
    const command = parseCommand(line);
    groupCommands.get(command.verb)?.(world, command);
  }
  return world.output.filter((line) => !line.startsWith('  log'));
}

test('F10: a rebalance timeout of 0 does not make the wait for static members a loop without end', () => {
  const world = new World();
  world.config = { ...world.config, initialRebalanceDelayMs: 0 };
  run(world, 'join a instance=i1 rebalance=0', 'sync a instance=i1 assign=a:A');
  // Another one joins and leaves before the static member has joined again: nobody is left who has.
  run(world, 'join b rebalance=0', 'join b rebalance=0', 'leave b');
  for (let i = 0; i < 50; i++) {
    world.nowMs += 100;
    world.shard.tick(world.now());
  }
  assert.deepEqual(world.shard.counts().members, 1, 'the static member keeps its place until its session ends');
  const joined = run(world, 'join a instance=i1 rebalance=0');
  assert.match(joined.join('\n'), /a joined: .* generation=/);
});

test('F3: an OffsetFetch that names a group, a topic or a partition many times is answered once for each', () => {
  const group = { groupId: 'g', memberId: null, memberEpoch: -1 };
  const topic = { name: 'orders', topicId: zeroUuid, partitionIndexes: [0, 1, 0] };
  const request: OffsetFetchRequest = {
    groupId: '',
    topics: null,
    requireStable: false,
    groups: [
      { ...group, topics: [topic] },
      { ...group, topics: [{ ...topic, partitionIndexes: [2, 2] }] },
      { ...group, groupId: 'h', topics: [topic] },
      { ...group, groupId: 'h', topics: null },
    ],
  };
  assert.deepEqual(offsetFetchGroupsOf(request, 9), [
    { ...group, topics: [{ ...topic, partitionIndexes: [0, 1, 2] }] },
    { ...group, groupId: 'h', topics: null },
  ]);
  const old = { ...request, groupId: 'g', topics: [{ name: 'orders', partitionIndexes: [3, 3] }], groups: [] };
  assert.deepEqual(offsetFetchGroupsOf(old, 5), [{ ...group, topics: [{ ...topic, partitionIndexes: [3] }] }]);
});

test('F10: a member whose client has the longest name that there is can be written down', () => {
  const world = new World();
  world.config = { ...world.config, initialRebalanceDelayMs: 0 };
  const name = '\u{1f426}'.repeat(8_000);
  const joined = run(world, `join ${name} version=3`, `sync ${name} assign=${name}:A`);
  assert.match(joined.join('\n'), /joined: member=(\u{1f426}){1000}-u1 generation=1/u);
  assert.match(joined.join('\n'), /synced: assignment='A'/);
});
