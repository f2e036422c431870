/**
 * Script commands of members: join, sync, heartbeat, leave; and of administrators of groups: describe, list, delete.
 */
import { utf8Encode } from '@jackdaw/base';
import { consumerProtocolSubscription, encodeBody } from '@jackdaw/protocol';
import { formatError, text } from './format.ts';
import type { Command } from './parse.ts';
import type { World } from './world.ts';

type Run = (world: World, command: Command) => void;

/** `range:orders,payments;roundrobin:orders` → protocols with subscriptions; metadata of other types is the text itself. */
export function protocolsOf(description: string, type = 'consumer'): { name: string; metadata: Uint8Array }[] {
  if (description === '') return [];
  return description.split(';').map((protocol) => {
    const [name = '', topics = ''] = protocol.split(':');
    return { name, metadata: type === 'consumer' ? subscription(topics.split(',')) : utf8Encode(topics) };
  });
}

function subscription(topics: string[]): Uint8Array {
  const body = encodeBody(consumerProtocolSubscription, 1, { topics: topics.filter((topic) => topic !== '') });
  return Uint8Array.of(0, 1, ...body);
}

function join(world: World, { words, options }: Command): void {
  const client = world.client(words[0] ?? '');
  const version = Number(options.get('version') ?? 9);
  const type = options.get('type') ?? 'consumer';
  const request = {
    groupId: options.get('group') ?? 'g',
    sessionTimeoutMs: Number(options.get('session') ?? 10_000),
    rebalanceTimeoutMs: Number(options.get('rebalance') ?? 30_000),
    memberId: options.get('member') ?? client.memberId,
    groupInstanceId: options.get('instance') ?? null,
    protocolType: type,
    protocols: protocolsOf(options.get('protocols') ?? 'range:orders', type),
    reason: null,
  };
  world.shard.joinGroup(request, world.context(client.name, version), (response) => {
    const { errorCode, memberId, generationId, protocolName, leader, skipAssignment, members } = response;
    if (memberId !== '') client.memberId = memberId;
    if (errorCode === 0) Object.assign(client, { generationId, protocolName, leader });
    const list = members.map((member) => `${member.memberId}:${text(member.metadata)}`).join(' ');
    const details = errorCode !== 0 ? '' : ` generation=${generationId} protocol=${protocolName} leader=${leader}`;
    const skip = skipAssignment ? ' skipAssignment' : '';
    world.say(
      `${client.name} joined:${formatError(errorCode)} member=${memberId}${details}${skip}${list === '' ? '' : ` [${list}]`}`,
    );
  });
}

function sync(world: World, { words, options }: Command): void {
  const client = world.client(words[0] ?? '');
  const version = Number(options.get('version') ?? 5);
  const assignments = (options.get('assign') ?? '').split(',').filter((pair) => pair !== '');
  const request = {
    groupId: options.get('group') ?? 'g',
    generationId: Number(options.get('generation') ?? client.generationId),
    memberId: options.get('member') ?? client.memberId,
    groupInstanceId: options.get('instance') ?? null,
    protocolType: version >= 5 ? (options.get('type') ?? 'consumer') : null,
    protocolName: version >= 5 ? (options.get('protocol') ?? client.protocolName) : null,
    assignments: assignments.map((pair) => {
      const [name = '', assignment = ''] = pair.split(':');
      return { memberId: world.clients.get(name)?.memberId ?? name, assignment: utf8Encode(assignment) };
    }),
  };
  world.shard.syncGroup(request, world.context(client.name, version), ({ errorCode, assignment }) => {
    world.say(`${client.name} synced:${formatError(errorCode)} assignment='${text(assignment)}'`);
  });
}

function heartbeat(world: World, { words, options }: Command): void {
  const client = world.client(words[0] ?? '');
  const request = {
    groupId: options.get('group') ?? 'g',
    generationId: Number(options.get('generation') ?? client.generationId),
    memberId: options.get('member') ?? client.memberId,
    groupInstanceId: options.get('instance') ?? null,
  };
  world.shard.heartbeat(request, world.context(client.name, 4), ({ errorCode }) => {
    world.say(`${client.name} heartbeat:${formatError(errorCode) || ' ok'}`);
  });
}

/** `leave a b` by member id, `leave #i1` by instance id. */
function leave(world: World, { words, options }: Command): void {
  const version = Number(options.get('version') ?? 5);
  const members = words.map((word) => ({
    memberId: word.startsWith('#') ? '' : (world.clients.get(word)?.memberId ?? word),
    groupInstanceId: word.startsWith('#') ? word.slice(1) : (options.get('instance') ?? null),
    reason: null,
  }));
  const request = { groupId: options.get('group') ?? 'g', memberId: members[0]?.memberId ?? '', members };
  world.shard.leaveGroup(request, world.context('admin', version), (response) => {
    const list = response.members.map(({ memberId, groupInstanceId, errorCode }) => {
      return ` ${memberId === '' ? `#${groupInstanceId}` : memberId}${formatError(errorCode) || ' ok'}`;
    });
    world.say(`left:${formatError(response.errorCode)}${list.join(',')}`);
  });
}

function describe(world: World, { words, options }: Command): void {
  for (const group of world.shard.describeGroups(words, world.context('admin', Number(options.get('version') ?? 6)))) {
    const { groupId, errorCode, groupState, protocolType, protocolData, members } = group;
    world.say(`${groupId}:${formatError(errorCode)} ${groupState} type='${protocolType}' protocol='${protocolData}'`);
    for (const member of members) {
      const instance = member.groupInstanceId === null ? '' : ` instance=${member.groupInstanceId}`;
      const metadata = member.memberMetadata.length === 0 ? '' : ` ${text(member.memberMetadata)}`;
      const client = `client=${member.clientId} host=${member.clientHost}`;
      world.say(`  ${member.memberId}${instance} ${client}${metadata} assignment='${text(member.memberAssignment)}'`);
    }
  }
}

function list(world: World, { options }: Command): void {
  const wordsOf = (name: string): string[] => (options.get(name) ?? '').split(',').filter((word) => word !== '');
  const request = { statesFilter: wordsOf('states'), typesFilter: wordsOf('types') };
  const { errorCode, groups } = world.shard.listGroups(request, world.context('admin', 5));
  world.say(`groups:${formatError(errorCode)}`);
  for (const group of groups) world.say(`  ${group.groupId} ${group.groupState} type='${group.protocolType}' ${group.groupType}`);
}

function remove(world: World, { words }: Command): void {
  world.shard.deleteGroups(words, world.context('admin', 2), (results) => {
    for (const { groupId, errorCode } of results) world.say(`deleted ${groupId}:${formatError(errorCode) || ' ok'}`);
  });
}

export const groupCommands: ReadonlyMap<string, Run> = new Map<string, Run>([
  ['join', join],
  ['sync', sync],
  ['heartbeat', heartbeat],
  ['leave', leave],
  ['describe', describe],
  ['list', list],
  ['delete', remove],
]);
