/**
 * A client whose questions have one right answer whatever the faults: ids for producers, ends of epochs that are, that are not
 * and that are not yet, and two requests of which the second could be answered first.
 *
 * What it finds out itself it records as unexpected; the rest is for the checker of the history.
 */
import { apis, listOffsets, type Cluster } from '@jackdaw/client';
import { ErrorCode, offsetForLeaderEpochRequest, offsetForLeaderEpochResponse } from '@jackdaw/protocol';
import type { SimClient } from '../node/sim-client.ts';
import type { WatchedPartition, WorkloadContext } from './context.ts';

export interface Question {
  readonly cluster: Cluster;
  readonly about: WatchedPartition;
}

const offsetForLeaderEpoch = { request: offsetForLeaderEpochRequest, response: offsetForLeaderEpochResponse };
/** Further than any epoch of a run. */
const farAhead = 1_000;
/** So many epochs are asked for together. */
const maxEpochs = 8;

type Probe = (context: WorkloadContext, client: SimClient, question: Question) => Promise<void>;

export async function probe(context: WorkloadContext, client: SimClient, question: Question): Promise<void> {
  const share = client.prng.float();
  const next: Probe =
    share < 0.2 ? askForId : share < 0.4 ? pipeline : share < 0.55 ? askAhead : share < 0.75 ? askForAll : askForEpoch;
  await next(context, client, question);
}

async function askForId({ recorder }: WorkloadContext, { name: process }: SimClient, { cluster }: Question): Promise<void> {
  const { errorCode, producerId } = await cluster.callAny(apis.initProducerId, {
    transactionalId: null,
    transactionTimeoutMs: 60_000,
  });
  if (errorCode === 0) recorder.add({ op: 'producer-id', process, id: producerId });
}

interface EpochQuestion {
  readonly currentLeaderEpoch: number;
  readonly leaderEpoch: number;
}

/** The answers of the leader that the client knows of; `known` is the epoch in which it must lead. */
async function epochEnds({ cluster, about }: Question, questionsOf: (known: number) => readonly EpochQuestion[]) {
  const { key, topic, partition } = about;
  const leader = await cluster.leaderOf(topic, partition);
  const known = cluster.cachedTopic(topic)?.partitions.find((one) => one.partition === partition)?.leaderEpoch ?? 0;
  const partitions = questionsOf(known).map((question) => ({ partition, ...question }));
  const body = await cluster.callNode(leader, offsetForLeaderEpoch, { topics: [{ topic, partitions }] });
  const answers = body.topics.flatMap((one) => one.partitions);
  if (answers.length !== partitions.length) throw new RangeError(`the answer about ${key} has ${answers.length} partitions`);
  if (answers.some(({ errorCode }) => errorCode !== 0)) cluster.forgetTopic(topic);
  return { known, answers };
}

/** Where an epoch ends, sometimes of a leader that must be in the epoch that the client knows of. */
async function askForEpoch(context: WorkloadContext, client: SimClient, question: Question): Promise<void> {
  const { prng, name: process } = client;
  let epoch = 0;
  context.recorder.add({ op: 'epoch-end', type: 'invoke', process });
  const { answers } = await epochEnds(question, (known) => {
    epoch = prng.below(known + 1);
    return [{ currentLeaderEpoch: prng.chance(0.5) ? known : -1, leaderEpoch: epoch }];
  });
  const [answer] = answers;
  if (answer === undefined || answer.errorCode !== 0 || answer.endOffset < 0) return;
  context.recorder.add({ op: 'epoch-end', type: 'ok', process, key: question.about.key, epoch, endOffset: answer.endOffset });
}

/** Nobody knows an epoch that has not been: not where it ends (A4), nor as the one in which to serve (A7). */
async function askAhead(context: WorkloadContext, client: SimClient, question: Question): Promise<void> {
  const isFenced = client.prng.chance(0.5);
  const { known, answers } = await epochEnds(question, (epoch) => [
    isFenced
      ? { currentLeaderEpoch: epoch + farAhead, leaderEpoch: epoch }
      : { currentLeaderEpoch: -1, leaderEpoch: epoch + farAhead },
  ]);
  const [answer] = answers;
  if (answer === undefined || answer.errorCode !== ErrorCode.NONE) return;
  const { key } = question.about;
  if (isFenced) complain(context, client, `${key}: the leader of epoch ${known} answers to one of ${known + farAhead}`);
  else if (answer.endOffset >= 0)
    complain(context, client, `${key}: epoch ${known + farAhead} is said to end at ${answer.endOffset}`);
}

/**
 * All epochs up to now, of one leader in one answer. Epochs that it knows have records each, so no two end at one place, unless
 * it has deleted their records; an epoch that it does not know is answered under the name of the one below it (A3).
 */
async function askForAll(context: WorkloadContext, client: SimClient, question: Question): Promise<void> {
  const { topic, partition, key } = question.about;
  const { known, answers } = await epochEnds(question, (epoch) =>
    Array.from({ length: Math.min(maxEpochs, epoch) }, (_, at) => ({ currentLeaderEpoch: epoch, leaderEpoch: epoch - 1 - at })),
  );
  const ends = new Map<number, number>();
  const doubted = new Map<number, readonly [number, number]>();
  for (const { errorCode, leaderEpoch, endOffset } of answers) {
    if (errorCode !== 0 || endOffset < 0) return;
    const other = ends.get(endOffset);
    if (other !== undefined && other !== leaderEpoch) doubted.set(endOffset, [other, leaderEpoch]);
    ends.set(endOffset, leaderEpoch);
  }
  if (doubted.size === 0 || context.cluster.damaged.size > 0) return;
  const [first] = await listOffsets(question.cluster, [{ topic, partition, at: 'earliest' }]);
  if (first === undefined) return;
  // The log start of another leader may be lower than that of the one that has answered.
  const now = await epochEnds(question, (epoch) => [{ currentLeaderEpoch: epoch, leaderEpoch: epoch }]);
  if (now.known !== known || now.answers[0]?.errorCode !== 0) return;
  for (const [endOffset, epochs] of doubted) {
    if (endOffset > first.offset) complain(context, client, `${key}: epochs ${epochs.join(' and ')} both end at ${endOffset}`);
  }
}

const pipelineGroup = 'pipeline-group';

/** A connection answers in the order in which it was asked (F8), though the first answer has to wait for a commit. */
async function pipeline(context: WorkloadContext, client: SimClient, { cluster, about }: Question): Promise<void> {
  const { topic, partition } = about;
  const { loop } = context.cluster.world;
  const answeredMs: number[] = [];
  const connection = await cluster.connectionTo(await cluster.coordinatorOf('group', pipelineGroup));
  const note = (at: number) => (): void => void (answeredMs[at] = loop.nowMs);
  const partitions = [{ partitionIndex: partition, committedOffset: 1, committedLeaderEpoch: -1, committedMetadata: '' }];
  const member = { generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null };
  const commit = { groupId: pipelineGroup, ...member, topics: [{ name: topic, partitions }] };
  const outcomes = await Promise.allSettled([
    connection.call(apis.offsetCommit, commit, { maxVersion: 9 }).then(note(0)),
    connection.call(apis.metadata, { topics: [] }).then(note(1)),
  ]);
  const [first = Infinity, second = Infinity] = answeredMs;
  if (second < first) complain(context, client, `${about.key}: the second of two requests of a connection is answered first`);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed === undefined) return;
  cluster.forgetCoordinator('group', pipelineGroup);
  throw failed.reason;
}

function complain({ recorder }: WorkloadContext, { name: process }: SimClient, error: string): void {
  recorder.add({ op: 'unexpected', process, error });
}
