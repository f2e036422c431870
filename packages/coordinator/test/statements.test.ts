/**
 * The statements of group D (consumer groups), each as one short story. Error codes are the contract with clients.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupCommands } from './script/group-commands.ts';
import { offsetCommands } from './script/offset-commands.ts';
import { parseCommand } from './script/parse.ts';
import { World } from './script/world.ts';

function newWorld(): World {
  const world = new World();
  world.config = { ...world.config, initialRebalanceDelayMs: 0 };
  world.topicIds.set('orders', 'orders---------------A');
  world.partitionCounts.set('orders', 4);
  return world;
}

/** Runs commands of the golden scripts; returns what they print, without the log's lines. */
function run(world: World, ...commands: string[]): string[] {
  world.output = [];
  for (const line of commands) {
    const command = parseCommand(line);
    (groupCommands.get(command.verb) ?? offsetCommands.get(command.verb))?.(world, command);
  }
  return world.output.filter((line) => !line.startsWith('  log'));
}

/** A stable group of a and b in generation 2; a leads. */
function stableGroup(): World {
  const world = newWorld();
  run(world, 'join a', 'join a', 'join b', 'join b', 'join a', 'sync a assign=a:A,b:B', 'sync b');
  return world;
}

test('D1: a commit of an old generation or an unknown member changes nothing', () => {
  const world = stableGroup();
  run(world, 'commit a orders-0=10');
  assert.deepEqual(run(world, 'commit a orders-0=5 generation=1'), ['a committed: orders-0 ILLEGAL_GENERATION']);
  assert.deepEqual(run(world, 'commit a orders-0=5 member=ghost'), ['a committed: orders-0 UNKNOWN_MEMBER_ID']);
  assert.deepEqual(run(world, 'fetch orders-0'), ["fetched g: orders-0=10 epoch=-1 ''"]);
});

test('D1: a commit between JoinGroup and SyncGroup is REBALANCE_IN_PROGRESS', () => {
  const world = stableGroup();
  run(world, 'join a', 'join b');
  assert.deepEqual(run(world, 'commit b orders-0=5'), ['b committed: orders-0 REBALANCE_IN_PROGRESS']);
});

test('D2: an acknowledged commit survives the coordinator, with its metadata and leader epoch', () => {
  const world = stableGroup();
  run(world, 'commit a orders-0=10 epoch=7 metadata=note', 'commit a orders-0=11 epoch=8 metadata=newer');
  world.isHolding = true;
  run(world, 'commit a orders-0=12');
  world.shard.onResigned();
  world.start();
  assert.deepEqual(run(world, 'fetch orders-0'), ["fetched g: orders-0=11 epoch=8 'newer'"]);
});

test('D3: after a move, known members are known', () => {
  const world = stableGroup();
  world.shard.onResigned();
  assert.deepEqual(run(world, 'heartbeat a', 'commit b orders-0=1'), [
    'a heartbeat: NOT_COORDINATOR',
    'b committed: orders-0 NOT_COORDINATOR',
  ]);
  world.newShard();
  assert.deepEqual(run(world, 'commit b orders-0=1', 'join a'), [
    'b committed: orders-0 COORDINATOR_LOAD_IN_PROGRESS',
    'a joined: COORDINATOR_LOAD_IN_PROGRESS member=',
  ]);
  world.start();
  assert.deepEqual(run(world, 'heartbeat a', 'heartbeat b', 'commit b orders-0=1', 'sync b', 'join b'), [
    'a heartbeat: ok',
    'b heartbeat: ok',
    'b committed: orders-0 ok',
    "b synced: assignment='B'",
    'b joined: member=b-u2 generation=2 protocol=range leader=a-u1',
  ]);
});

test('D4: a JoinGroup that is repeated before its answer makes no second member', () => {
  const world = newWorld();
  run(world, 'join a', 'join a member=', 'join a member=');
  assert.equal(world.shard.counts().members, 0);
  run(world, 'join a', 'join a');
  assert.equal(world.shard.counts().members, 1);
  // The two ids that nobody came back with are gone after a session, and never were in anybody's way.
  run(world, 'sync a assign=a:A');
  world.advance(6_000);
  run(world, 'heartbeat a');
  world.advance(6_000);
  assert.equal(world.shard.counts().members, 1);
  assert.match(run(world, 'describe g')[0] ?? '', /^g: Stable/);
});

test('D4: SyncGroup waits for the leader, and an assignment is not lost by asking again', () => {
  const world = stableGroup();
  run(world, 'join a', 'join b');
  assert.deepEqual(run(world, 'sync b'), []);
  assert.deepEqual(run(world, 'sync a assign=a:A2,b:B2'), ["a synced: assignment='A2'", "b synced: assignment='B2'"]);
  assert.deepEqual(run(world, 'sync b', 'sync b'), ["b synced: assignment='B2'", "b synced: assignment='B2'"]);
});

test('D5: nobody learns of an assignment that is not committed', () => {
  const world = stableGroup();
  run(world, 'join a', 'join b');
  world.isHolding = true;
  assert.deepEqual(run(world, 'sync b', 'sync a assign=a:A3,b:B3'), []);
  world.shard.onResigned();
  world.held.splice(0);
  world.isHolding = false;
  world.start();
  assert.deepEqual(run(world, 'heartbeat b', 'sync b'), [
    'b heartbeat: ILLEGAL_GENERATION',
    "b synced: ILLEGAL_GENERATION assignment=''",
  ]);
});

test('D6: the older of two instances with one instance id is fenced', () => {
  const world = newWorld();
  run(world, 'join a instance=i', 'sync a instance=i assign=a:A', 'join second instance=i');
  assert.deepEqual(run(world, 'heartbeat a instance=i', 'commit a instance=i orders-0=1', 'join a instance=i'), [
    'a heartbeat: FENCED_INSTANCE_ID',
    'a committed: orders-0 FENCED_INSTANCE_ID',
    'a joined: FENCED_INSTANCE_ID member=i-u1',
  ]);
});

test('D6: a static member that restarts within its session causes no rebalance and keeps its assignment', () => {
  const world = newWorld();
  run(world, 'join a instance=i', 'join b instance=j', 'join a instance=i');
  run(world, 'sync a instance=i assign=a:A,b:B', 'sync b instance=j');
  world.advance(9_000);
  assert.deepEqual(run(world, 'join b2 instance=j', 'sync b2 instance=j', 'heartbeat a instance=i'), [
    'b2 joined: member=j-u3 generation=2 protocol=range leader=i-u1',
    "b2 synced: assignment='B'",
    'a heartbeat: ok',
  ]);
});

test('D7: a stall of the broker expels nobody, and a jump of the wall clock changes nothing', () => {
  const world = stableGroup();
  world.advance(3_000);
  run(world, 'heartbeat a', 'heartbeat b');
  // Members send a heartbeat every third of a session; here none is read for a third more, and longer.
  for (const stallMs of [3_333, 3_333, 60_000]) {
    world.advance(3_000);
    world.stall(stallMs);
    assert.deepEqual(run(world, 'heartbeat a', 'heartbeat b'), ['a heartbeat: ok', 'b heartbeat: ok']);
  }
  const now = world.now();
  world.shard.tick({ ...now, wallMs: now.wallMs + 3_600_000 });
  world.shard.tick({ ...now, wallMs: now.wallMs - 3_600_000 });
  assert.deepEqual(run(world, 'heartbeat a', 'heartbeat b'), ['a heartbeat: ok', 'b heartbeat: ok']);
});

test('D7: a session that begins when an append is committed is a whole one, however long ago the broker last looked', () => {
  const world = stableGroup();
  run(world, 'join a', 'join b');
  world.isHolding = true;
  run(world, 'sync a assign=a:A,b:B', 'sync b');
  world.nowMs += 450;
  world.settle(1, 0);
  world.advance(9_900);
  assert.deepEqual(run(world, 'heartbeat a', 'heartbeat b'), ['a heartbeat: ok', 'b heartbeat: ok']);
});

test('D8: a move of the coordinator by itself causes no rebalance', () => {
  const world = stableGroup();
  for (let move = 0; move < 5; move++) {
    world.advance(9_000);
    world.shard.onResigned();
    world.start();
    assert.deepEqual(run(world, 'heartbeat a', 'heartbeat b'), ['a heartbeat: ok', 'b heartbeat: ok']);
  }
  assert.match(run(world, 'describe g')[0] ?? '', /^g: Stable/);
});

test('D9: the offsets of a live group never expire, those of topics that it left do', () => {
  const world = newWorld();
  world.config = { ...world.config, offsetsRetentionMs: 1_000_000 };
  world.topicIds.set('left', 'left-----------------A');
  world.partitionCounts.set('left', 1);
  run(world, 'join a', 'join a', 'sync a assign=a:A', 'commit a orders-0=1 left-0=1');
  for (let passedMs = 0; passedMs < 10_000_000; passedMs += 5_000) {
    world.advance(5_000);
    run(world, 'heartbeat a');
  }
  assert.deepEqual(run(world, 'fetch'), ["fetched g: orders-0=1 epoch=-1 ''"]);
});

test('D9: a clock that jumps ahead of the trusted one for a round of expiry costs no offset (B19)', () => {
  const world = newWorld();
  world.config = { ...world.config, offsetsRetentionMs: 1_000_000 };
  run(world, 'commit - orders-0=1');
  for (let passedMs = 0; passedMs < 900_000; passedMs += 5_000) {
    world.nowMs += 5_000;
    world.shard.tick({ ...world.now(), wallMs: world.now().wallMs + 10_000_000 });
  }
  assert.deepEqual(run(world, 'fetch'), ["fetched g: orders-0=1 epoch=-1 ''"]);
  world.advance(1_000_000);
  assert.deepEqual(run(world, 'fetch'), ['fetched g:']);
});

test('D9: tombstones of a group that is deleted do not reach the group that comes after it', () => {
  const world = newWorld();
  run(world, 'commit - orders-0=1');
  world.isHolding = true;
  run(world, 'delete g');
  assert.deepEqual(run(world, 'commit - orders-0=2', 'join a'), [
    '- committed: orders-0 COORDINATOR_NOT_AVAILABLE',
    'a joined: COORDINATOR_NOT_AVAILABLE member=',
  ]);
  world.isHolding = false;
  world.settle(world.held.length, 0);
  assert.deepEqual(run(world, 'commit - orders-0=2', 'fetch'), ['- committed: orders-0 ok', "fetched g: orders-0=2 epoch=-1 ''"]);
  world.shard.onResigned();
  world.start();
  assert.deepEqual(run(world, 'fetch'), ["fetched g: orders-0=2 epoch=-1 ''"]);
});
