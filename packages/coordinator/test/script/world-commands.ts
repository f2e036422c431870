/**
 * Script commands about the world around a shard: its settings, topics, time, the log, and moves of the coordinator.
 */
import { ErrorCode } from '@jackdaw/protocol';
import { formatRecord } from './format.ts';
import type { Command } from './parse.ts';
import { compacted, type World } from './world.ts';

type Run = (world: World, command: Command) => void;

function config(world: World, { options }: Command): void {
  const changes = Object.fromEntries(Array.from(options, ([name, value]) => [name, Number(value)]));
  world.config = { ...world.config, ...changes };
}

/** `topics orders:3 payments:1`; the id of a topic is its name, padded to the length of an id. */
function topics(world: World, { words, options }: Command): void {
  for (const word of words) {
    const [name = '', count = '1'] = word.split(':');
    const suffix = options.get('id') ?? '';
    world.topicIds.set(name, `${name}${suffix}`.padEnd(21, '-').slice(0, 21) + 'A');
    world.partitionCounts.set(name, Number(count));
  }
}

function deleteTopic(world: World, { words }: Command): void {
  const deleted = words.map((name) => ({ name, topicId: world.topicIds.get(name) ?? '' }));
  for (const name of words) {
    world.topicIds.delete(name);
    world.partitionCounts.delete(name);
  }
  world.shard.onTopicsDeleted(deleted, world.now());
}

/** `log hold`, `log auto`, `log commit [n]`, `log refuse ERROR [n]`, `log show`. */
function log(world: World, { words }: Command): void {
  const [what, ...rest] = words;
  if (what === 'hold') world.isHolding = true;
  else if (what === 'auto') world.isHolding = false;
  else if (what === 'commit') world.settle(Number(rest[0] ?? world.held.length), 0);
  else if (what === 'refuse') {
    const errorCode = ErrorCode[(rest[0] ?? 'UNKNOWN_SERVER_ERROR') as keyof typeof ErrorCode];
    world.settle(Number(rest[1] ?? world.held.length), errorCode);
  } else for (const record of compacted(world.log)) world.say(`  ${formatRecord(record)}`);
}

/** The shard resigns; another one loads the log. What was held back never made it. */
function move(world: World): void {
  world.shard.onResigned();
  world.held.splice(0);
  world.start();
}

function loading(world: World): void {
  world.newShard();
}

function loaded(world: World): void {
  for (const { key, value } of world.log) world.shard.replay(key, value);
  world.shard.onLoaded(world.now());
}

function snapshot(world: World): void {
  for (const record of world.shard.snapshotRecords()) world.say(`  ${formatRecord(record)}`);
}

function counts(world: World): void {
  const { groups, groupsByState, members, offsets, pendingAppends } = world.shard.counts();
  const states = Array.from(groupsByState, ([state, count]) => `${state}=${count}`).join(' ');
  world.say(`groups=${groups} (${states}) members=${members} offsets=${offsets} pendingAppends=${pendingAppends}`);
}

export const worldCommands: ReadonlyMap<string, Run> = new Map<string, Run>([
  ['config', config],
  ['topics', topics],
  ['delete-topic', deleteTopic],
  ['log', log],
  ['move', move],
  ['loading', loading],
  ['loaded', loaded],
  ['resign', (world) => world.shard.onResigned()],
  ['snapshot', snapshot],
  ['counts', counts],
  ['advance', (world, { words }) => world.advance(Number(words[0]))],
  ['stall', (world, { words }) => world.stall(Number(words[0]))],
  ['events', (world, { words }) => (world.showsEvents = words[0] === 'on')],
]);
