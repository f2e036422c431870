/**
 * Clients that ask without reading: for ends of logs, and what the prober asks for; and one that commits offsets for a group of
 * which it is the only user.
 */
import { listOffsets } from '@jackdaw/client';
import { commitOnce, readGroupOffsets } from './group-offsets.ts';
import { leadershipOf } from './leaders.ts';
import type { SimClient } from '../node/sim-client.ts';
import { pauseOf, pick, singleAttempt, type WorkloadContext } from './context.ts';
import { probe, type Question } from './prober.ts';

const meanPauseMs = 250;
const committerGroup = 'committer-group';
/** Every so many commits the offset is asked for. */
const readEvery = 4;

export function startObservers(context: WorkloadContext): void {
  const { hasEndObserver, hasCommitter, hasProber } = context.plan.workload;
  if (hasEndObserver) repeat(context, 'end-observer', observeEnd);
  if (hasProber) repeat(context, 'prober', probe);
  if (hasCommitter) startCommitter(context);
}

/** Asks a question again and again, each about one partition. */
function repeat(
  context: WorkloadContext,
  name: string,
  ask: (context: WorkloadContext, client: SimClient, question: Question) => Promise<void>,
): void {
  const client = context.newClient(name, singleAttempt);
  context.run(client, 'ask', async () => {
    const cluster = await context.connect(client);
    while (!context.isDraining) {
      try {
        await ask(context, client, { cluster, about: pick(client.prng, context.partitions) });
      } catch (error) {
        context.noteError(name, error, 'ask');
        await cluster.fetchMetadata(context.topics.map((topic) => topic.name)).catch(() => undefined);
      }
      await client.sleep(pauseOf(client.prng, meanPauseMs));
    }
    await cluster.close();
  });
}

async function observeEnd(context: WorkloadContext, { name: process }: SimClient, { cluster, about }: Question): Promise<void> {
  const { key, topic, partition } = about;
  context.recorder.add({ op: 'end', type: 'invoke', process });
  const [found] = await listOffsets(cluster, [{ topic, partition, at: 'latest' }]);
  if (found === undefined) return;
  const { offset, leaderEpoch } = found;
  const isReplaced = leadershipOf(context.cluster, topic, partition)?.epoch !== leaderEpoch;
  context.recorder.add({ op: 'end', type: 'ok', process, key, offset, leaderEpoch, isReplaced });
}

/** Commits growing offsets for one partition, without being a member, and asks for them now and then. */
function startCommitter(context: WorkloadContext): void {
  const client = context.newClient('committer', singleAttempt);
  const about = pick(client.prng, context.partitions);
  const member = { memberId: '', generationId: -1, groupInstanceId: null };
  context.run(client, 'commit', async () => {
    const cluster = await context.connect(client);
    const question = { cluster, process: client.name, group: committerGroup, partitions: [about] };
    for (let offset = 1; !context.isDraining; offset++) {
      const { topic, partition } = about;
      await commitOnce(context, { ...question, offsets: [{ topic, partition, offset }], member });
      if (offset % readEvery === 0) await readGroupOffsets(context, question);
      await client.sleep(pauseOf(client.prng, meanPauseMs));
    }
    await cluster.close();
  });
}
