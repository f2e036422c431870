/**
 * Clients that ask without reading: for ends of logs, ends of epochs, producer ids; and one that commits offsets for a group
 * of which it is the only user.
 */
import { apis, listOffsets, type Cluster } from '@jackdaw/client';
import { offsetForLeaderEpochRequest, offsetForLeaderEpochResponse } from '@jackdaw/protocol';
import { commitOnce, readGroupOffsets } from './group-offsets.ts';
import { leadershipOf } from './leaders.ts';
import type { SimClient } from '../node/sim-client.ts';
import { pauseOf, pick, singleAttempt, type WatchedPartition, type WorkloadContext } from './context.ts';

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

interface Question {
  readonly cluster: Cluster;
  readonly about: WatchedPartition;
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

const offsetForLeaderEpoch = { request: offsetForLeaderEpochRequest, response: offsetForLeaderEpochResponse };

async function probe(context: WorkloadContext, client: SimClient, question: Question): Promise<void> {
  const { recorder } = context;
  if (client.prng.chance(0.2)) {
    const draft = { transactionalId: null, transactionTimeoutMs: 60_000 };
    const { errorCode, producerId } = await question.cluster.callAny(apis.initProducerId, draft);
    if (errorCode === 0) recorder.add({ op: 'producer-id', process: client.name, id: producerId });
  } else await askForEpoch(context, client, question);
}

/** Where an epoch ends, sometimes of a leader that must be in the epoch that the client knows of. */
async function askForEpoch(context: WorkloadContext, client: SimClient, { cluster, about }: Question): Promise<void> {
  const { key, topic, partition } = about;
  const { prng, name: process } = client;
  const leader = await cluster.leaderOf(topic, partition);
  const known = cluster.cachedTopic(topic)?.partitions.find((one) => one.partition === partition)?.leaderEpoch ?? 0;
  const epoch = prng.below(known + 1);
  const currentLeaderEpoch = prng.chance(0.5) ? known : -1;
  context.recorder.add({ op: 'epoch-end', type: 'invoke', process });
  const draft = { topics: [{ topic, partitions: [{ partition, currentLeaderEpoch, leaderEpoch: epoch }] }] };
  const body = await cluster.callNode(leader, offsetForLeaderEpoch, draft);
  const part = body.topics[0]?.partitions[0];
  if (part === undefined) throw new RangeError(`the answer about ${key} has no partition`);
  if (part.errorCode !== 0) cluster.forgetTopic(topic);
  else if (part.endOffset >= 0)
    context.recorder.add({ op: 'epoch-end', type: 'ok', process, key, epoch, endOffset: part.endOffset });
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
