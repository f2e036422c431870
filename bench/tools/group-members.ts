/**
 * Consumer groups from the side of their members: a hundred that join at once, and commits as fast as they are answered.
 */
import { Cluster, commitOffsets, GroupConsumer } from '@jackdaw/client';
import { BenchError } from '../run/bench-error.ts';

const joinTimeoutMs = 120_000;
const pollMs = 20;

/**
 * Milliseconds from the first join until every member has its partitions in the same generation. Each member has connections
 * of its own, opened before.
 */
export async function joinAtOnce(options: { bootstrap: string; topic: string; group: string; members: number }): Promise<number> {
  const { bootstrap, topic, group: groupId } = options;
  const clusters = await Promise.all(
    Array.from({ length: options.members }, () => Cluster.connect({ bootstrapServers: bootstrap })),
  );
  const began = performance.now();
  const members = clusters.map(
    (cluster) => new GroupConsumer(cluster, { groupId, topics: [topic], autoCommit: false, autoOffsetReset: 'latest' }),
  );
  let isDone = false;
  const failures: unknown[] = [];
  const polling = members.map(async (member) => {
    while (!isDone) await member.poll(pollMs);
  });
  for (const one of polling) one.catch((error: unknown) => failures.push(error));
  try {
    while (!isStable(members)) {
      if (failures.length > 0) throw new BenchError('a member of the group failed', '', { cause: failures[0] });
      if (performance.now() - began > joinTimeoutMs) throw new BenchError(`no stable group within ${joinTimeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    return performance.now() - began;
  } finally {
    isDone = true;
    await Promise.allSettled(polling);
    await Promise.allSettled(members.map((member) => member.close()));
    await Promise.allSettled(clusters.map((cluster) => cluster.close()));
  }
}

function isStable(members: readonly GroupConsumer[]): boolean {
  const generations = new Set(members.map(({ generationId }) => generationId));
  return generations.size === 1 && !generations.has(-1) && members.every(({ assignment }) => assignment.length > 0);
}

/** Commits a second: `count` of one partition each, by `groups` groups without members, each with one in flight. */
export async function commitMany(options: {
  bootstrap: string;
  topic: string;
  count: number;
  groups: number;
}): Promise<{ perSecond: number }> {
  const cluster = await Cluster.connect({ bootstrapServers: options.bootstrap });
  try {
    let started = 0;
    const commitInTurn = async (group: string, limit: number): Promise<void> => {
      while (started < limit) {
        const offset = started++;
        const outcomes = await commitOffsets(cluster, group, { offsets: [{ topic: options.topic, partition: 0, offset }] });
        const error = outcomes[0]?.error;
        if (error !== undefined) throw error;
      }
    };
    const groups = Array.from({ length: options.groups }, (_, i) => `committers-${i}`);
    // Each finds its coordinator first.
    await Promise.all(groups.map((group) => commitInTurn(group, options.groups)));
    started = 0;
    const began = performance.now();
    await Promise.all(groups.map((group) => commitInTurn(group, options.count)));
    return { perSecond: options.count / ((performance.now() - began) / 1000) };
  } finally {
    await cluster.close();
  }
}
