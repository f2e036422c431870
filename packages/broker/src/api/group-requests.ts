/**
 * What the handlers of group requests share: the way to the shard that coordinates a group, and the moment of a call.
 *
 * A group lives in one partition of `__consumer_offsets`; the broker that leads it answers, every other one says so.
 */
import type { GroupShard, RequestContext as CoordinatorContext } from '@jackdaw/coordinator';
import { ErrorCode } from '@jackdaw/protocol';
import type { BrokerServices } from '../broker-services.ts';
import type { RequestContext } from './handler.ts';

export function coordinatorContext(broker: BrokerServices, context: RequestContext): CoordinatorContext {
  return { ...broker.groups.now(), clientId: context.clientId, clientHost: context.clientHost, apiVersion: context.version };
}

/** The shard of a group that has members: unlike for plain offsets, its id may not be empty. */
export function managedShardOf(broker: BrokerServices, groupId: string): GroupShard | number {
  return groupId === '' ? ErrorCode.INVALID_GROUP_ID : broker.groups.shardOf(groupId);
}

/** The groups of a request, each named once, by the shard that has them here or the error of those that are elsewhere. */
export function groupsByShard(broker: BrokerServices, groupIds: Iterable<string>): Map<GroupShard | number, string[]> {
  const byShard = new Map<GroupShard | number, string[]>();
  for (const groupId of groupIds) {
    const shard = broker.groups.shardOf(groupId);
    const ofShard = byShard.get(shard);
    if (ofShard === undefined) byShard.set(shard, [groupId]);
    else ofShard.push(groupId);
  }
  return byShard;
}
