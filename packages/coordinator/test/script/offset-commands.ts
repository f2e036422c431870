/**
 * Script commands about offsets: commit, fetch, delete-offsets. Partitions are written `orders-0`, commits `orders-0=42`.
 */
import { zeroUuid } from '@jackdaw/protocol';
import { offsetFetchGroupsOf, offsetFetchResponseOf } from '../../src/index.ts';
import { formatError } from './format.ts';
import type { Command } from './parse.ts';
import type { World } from './world.ts';

type Run = (world: World, command: Command) => void;

const partitionPattern = /^(.+)-(\d+)$/;

/** Partitions by topic, in the order given. */
function byTopic(names: Iterable<string>): Map<string, number[]> {
  const topics = new Map<string, number[]>();
  for (const name of names) {
    const [, topic = '', partition = ''] = partitionPattern.exec(name) ?? [];
    topics.set(topic, [...(topics.get(topic) ?? []), Number(partition)]);
  }
  return topics;
}

/** A topic is named, or from version 10 on given by its id; `?` before the name means an id that nobody knows. */
function idOf(world: World, topic: string): string {
  return world.topicIds.get(topic) ?? 'unknownUnknownUnknownA';
}

function commit(world: World, { words, options }: Command): void {
  const name = words[0] ?? '-';
  const client = name === '-' ? null : world.client(name);
  const version = Number(options.get('version') ?? 9);
  const partitions = [...options].filter(([key]) => partitionPattern.test(key));
  const valueOf = new Map(partitions);
  const topics = [...byTopic(valueOf.keys())].map(([topic, indexes]) => ({
    name: version >= 10 ? '' : topic,
    topicId: version >= 10 ? idOf(world, topic) : zeroUuid,
    partitions: indexes.map((partitionIndex) => ({
      partitionIndex,
      committedOffset: Number(valueOf.get(`${topic}-${partitionIndex}`)),
      committedLeaderEpoch: Number(options.get('epoch') ?? -1),
      committedMetadata: options.get('metadata') ?? null,
    })),
  }));
  const request = {
    groupId: options.get('group') ?? 'g',
    generationIdOrMemberEpoch: Number(options.get('generation') ?? client?.generationId ?? -1),
    memberId: options.get('member') ?? client?.memberId ?? '',
    groupInstanceId: options.get('instance') ?? null,
    retentionTimeMs: Number(options.get('retention') ?? -1),
    topics,
  };
  world.shard.offsetCommit(request, world.context(name, version), (response) => {
    const results = response.topics.flatMap((topic) =>
      topic.partitions.map(
        ({ partitionIndex, errorCode }) => ` ${topic.name}-${partitionIndex}${formatError(errorCode) || ' ok'}`,
      ),
    );
    world.say(`${name} committed:${results.join(',')}`);
  });
}

function fetch(world: World, { words, options }: Command): void {
  const version = Number(options.get('version') ?? 9);
  const groupId = options.get('group') ?? 'g';
  const topics = [...byTopic(words)].map(([name, partitionIndexes]) => ({
    name: version >= 10 ? '' : name,
    topicId: version >= 10 ? idOf(world, name) : zeroUuid,
    partitionIndexes,
  }));
  const asked = words.length === 0 ? null : topics;
  const groups = [{ groupId, memberId: null, memberEpoch: -1, topics: asked }];
  const request = { groupId, topics: asked, groups, requireStable: options.has('stable') };
  for (const group of offsetFetchGroupsOf(request, version)) {
    world.shard.offsetFetch({ group, requireStable: request.requireStable }, world.context('admin', version), (answer) => {
      const response = offsetFetchResponseOf([answer], version);
      const answers = version >= 8 ? (response.groups[0]?.topics ?? []) : response.topics;
      const results = answers.flatMap((topic) =>
        topic.partitions.map(({ partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode }) => {
          const details = committedOffset < 0 ? '' : ` epoch=${committedLeaderEpoch} '${metadata}'`;
          return ` ${topic.name}-${partitionIndex}=${committedOffset}${details}${formatError(errorCode)}`;
        }),
      );
      const error = version >= 8 ? (response.groups[0]?.errorCode ?? 0) : response.errorCode;
      world.say(`fetched ${groupId}:${formatError(error)}${results.join(',')}`);
    });
  }
}

function deleteOffsets(world: World, { words, options }: Command): void {
  const topics = [...byTopic(words)].map(([name, indexes]) => ({
    name,
    partitions: indexes.map((partitionIndex) => ({ partitionIndex })),
  }));
  const request = { groupId: options.get('group') ?? 'g', topics };
  world.shard.offsetDelete(request, world.context('admin', 0), (response) => {
    const results = response.topics.flatMap((topic) =>
      topic.partitions.map(
        ({ partitionIndex, errorCode }) => ` ${topic.name}-${partitionIndex}${formatError(errorCode) || ' ok'}`,
      ),
    );
    world.say(`deleted offsets:${formatError(response.errorCode)}${results.join(',')}`);
  });
}

export const offsetCommands: ReadonlyMap<string, Run> = new Map<string, Run>([
  ['commit', commit],
  ['fetch', fetch],
  ['delete-offsets', deleteOffsets],
]);
