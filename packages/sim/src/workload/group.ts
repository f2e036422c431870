/**
 * A consumer group whose members come, go, die and come back, and commit what they have read.
 *
 * A member commits by requests of its own, one attempt each, so that the history knows of every attempt: the group consumer
 * would repeat one by itself. Now and then it commits for a generation that is over, which must be refused (D1).
 */
import {
  describeGroup,
  GroupConsumer,
  partitionKey,
  type Cluster,
  type ConsumedRecord,
  type OffsetToCommit,
  type TopicPartition,
} from '@jackdaw/client';
import type { Key } from '../history/history.ts';
import type { SimClient } from '../node/sim-client.ts';
import { pauseOf, pick, type WorkloadContext } from './context.ts';
import { commitOnce, readGroupOffsets } from './group-offsets.ts';
import { polledEvents } from './readers.ts';

export const groupName = 'the-group';
const memberPrefix = 'member-';
const pollMs = 300;
const meanCommitPauseMs = 300;
const staleCommitChance = 0.1;
const restartPauseMs = 500;
const heartbeatIntervalMs = 500;
const rebalanceTimeoutMs = 3_000;
/** Smallest that brokers allow by default. */
const defaultSessionTimeoutMs = '6000';
/** The group's offsets are looked at so often while it finishes. */
const lookPauseMs = 300;
interface Slot {
  readonly number: number;
  /** Null while nobody is there. */
  client: SimClient | null;
  member: Member | null;
  starts: number;
}

/** Starts the members, somebody who makes them come and go, and in the end waits until they have committed everything. */
export function startGroup(context: WorkloadContext): void {
  const { groupMembers } = context.plan.workload;
  if (groupMembers === 0) return;
  const slots = Array.from({ length: groupMembers }, (_, i): Slot => ({ number: i + 1, client: null, member: null, starts: 0 }));
  for (const slot of slots) startMember(context, slot);
  const conductor = context.newClient('group-conductor');
  context.run(conductor, 'lead the group to its end', () => conduct(context, conductor, slots));
}

function startMember(context: WorkloadContext, slot: Slot): void {
  const client = context.newClient(`${memberPrefix}${slot.number}.${++slot.starts}`);
  const member = new Member(context, client, slot.number);
  slot.client = client;
  slot.member = member;
  context.run(client, 'consume in the group', () => member.run());
}

async function conduct(context: WorkloadContext, conductor: SimClient, slots: readonly Slot[]): Promise<void> {
  const { groupChurnMs } = context.plan.workload;
  const { prng } = conductor;
  const cluster = await context.connect(conductor);
  while (!context.isDraining) {
    await conductor.sleep(groupChurnMs === 0 ? lookPauseMs : Math.min(2_000, pauseOf(prng, groupChurnMs)));
    if (groupChurnMs > 0) change(context, pick(prng, slots), prng.chance(0.5));
    if (prng.chance(0.3)) await readOffsets(context, cluster, conductor.name);
  }
  for (const slot of slots) if (slot.client === null) startMember(context, slot);
  while (!isAtEnds(context, await readOffsets(context, cluster, conductor.name))) await conductor.sleep(lookPauseMs);
  for (const { member } of slots) member?.leaveSoon();
  while (!(await isDeserted(context, cluster, conductor.name))) await conductor.sleep(lookPauseMs);
  await cluster.close();
}

/** One member comes, leaves, or dies without a word. */
function change(context: WorkloadContext, slot: Slot, isKind: boolean): void {
  const { client, member } = slot;
  if (client === null || member === null) startMember(context, slot);
  else {
    slot.client = null;
    slot.member = null;
    if (isKind) member.leaveSoon();
    else client.process.die('killed');
  }
}

/** Those who died, and static members, are expelled when their sessions end. */
async function isDeserted(context: WorkloadContext, cluster: Cluster, process: string): Promise<boolean> {
  try {
    const { group } = await describeGroup(cluster, groupName);
    return group === undefined || group.state === 'Empty' || group.state === 'Dead';
  } catch (error) {
    context.noteError(process, error, 'describe the group');
    return false;
  }
}

/** The offsets of the group, by partition; undefined when nobody says. */
async function readOffsets(context: WorkloadContext, cluster: Cluster, process: string): Promise<Map<Key, number> | undefined> {
  return readGroupOffsets(context, { cluster, process, group: groupName, partitions: context.partitions });
}

/** Every partition's offset is behind its last record. */
function isAtEnds({ ends, partitions, starts }: WorkloadContext, offsets: Map<Key, number> | undefined): boolean {
  if (ends === null || offsets === undefined) return false;
  const isBehind = (key: Key): boolean => (offsets.get(key) ?? -1) >= (ends.get(key) ?? 0);
  return partitions.every(({ key }) => ends.get(key) === starts.get(key) || isBehind(key));
}

class Member {
  readonly #context: WorkloadContext;
  readonly #client: SimClient;
  readonly #instanceId: string | null;
  #isLeaving = false;
  #consumer: GroupConsumer | null = null;
  /** Assignments that this process has had. */
  #assignments = 0;
  #reader = '';
  /** By partition: behind the last record that was polled, and not committed yet. */
  readonly #positions = new Map<Key, OffsetToCommit>();
  /** By partition of this assignment: behind the last record that was polled. */
  readonly #reached = new Map<Key, OffsetToCommit>();

  constructor(context: WorkloadContext, client: SimClient, slot: number) {
    this.#context = context;
    this.#client = client;
    this.#instanceId = context.plan.workload.hasStaticMembers ? `instance-${slot}` : null;
  }

  /** It commits, leaves and ends; later, if it is busy now. */
  leaveSoon(): void {
    this.#isLeaving = true;
    this.#client.process.after(0, 'interrupt', () => this.#consumer?.interrupt());
  }

  async run(): Promise<void> {
    const context = this.#context;
    const cluster = await context.connect(this.#client);
    // Offsets are committed over connections of their own, so that each attempt is one.
    const commits = await context.connect(this.#client);
    while (!this.#isLeaving) {
      try {
        await this.#consume(cluster, commits);
      } catch (error) {
        context.noteError(this.#client.name, error, 'consume');
        await this.#client.sleep(restartPauseMs);
      }
    }
    await cluster.close();
    await commits.close();
  }

  async #consume(cluster: Cluster, commits: Cluster): Promise<void> {
    const { prng } = this.#client;
    const consumer = this.#newConsumer(cluster);
    this.#consumer = consumer;
    try {
      let commitAtMs = 0;
      while (!this.#isLeaving) {
        this.#onPolled(await consumer.poll(pollMs));
        const { nowMs } = this.#context.cluster.world.loop;
        if (nowMs < commitAtMs) continue;
        await this.#commit(commits, consumer);
        commitAtMs = nowMs + pauseOf(prng, meanCommitPauseMs);
      }
      await this.#commit(commits, consumer);
    } finally {
      this.#consumer = null;
      this.#forgetPositions();
      await consumer.close();
    }
  }

  #newConsumer(cluster: Cluster): GroupConsumer {
    const { plan, topics } = this.#context;
    const sessionTimeoutMs = Number(plan.settings['group.min.session.timeout.ms'] ?? defaultSessionTimeoutMs);
    const consumer: GroupConsumer = new GroupConsumer(cluster, {
      groupId: groupName,
      topics: topics.map(({ name }) => name),
      assignors: this.#client.prng.chance(0.5) ? ['range', 'roundrobin'] : ['roundrobin', 'range'],
      ...(this.#instanceId === null ? {} : { groupInstanceId: this.#instanceId }),
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      heartbeatIntervalMs,
      autoCommit: false,
      autoOffsetReset: 'earliest',
      maxWaitMs: pollMs,
      onAssigned: (partitions) => this.#onAssigned(consumer, partitions),
      onRevoked: () => this.#forgetPositions(),
    });
    return consumer;
  }

  #forgetPositions(): void {
    this.#positions.clear();
    this.#reached.clear();
  }

  #onAssigned({ generationId, memberId }: GroupConsumer, partitions: readonly TopicPartition[]): void {
    this.#forgetPositions();
    this.#reader = `${this.#client.name}#${++this.#assignments}`;
    this.#context.recorder.add({
      op: 'own',
      process: this.#instanceId ?? memberId,
      group: groupName,
      generation: generationId,
      keys: partitions.map(({ topic, partition }) => partitionKey(topic, partition)),
      reader: this.#reader,
    });
  }

  #onPolled(records: readonly ConsumedRecord[]): void {
    const { recorder } = this.#context;
    for (const { topic, partition, offset } of records) {
      const key = partitionKey(topic, partition);
      const position = { topic, partition, offset: offset + 1 };
      this.#positions.set(key, position);
      this.#reached.set(key, position);
    }
    for (const event of polledEvents(this.#context, records, { process: this.#reader, isFinal: false })) recorder.add(event);
  }

  async #commit(cluster: Cluster, { memberId, generationId }: GroupConsumer): Promise<void> {
    // At last, as clients that commit by the clock do, also what is committed: in page-cache mode a crash may have lost it.
    const wanted = this.#context.isDraining ? this.#reached : this.#positions;
    // Who is no member any more has nothing to say: a group that is empty by now would take it as from anybody.
    if (wanted.size === 0 || generationId < 0) return;
    const offsets = [...wanted.values()];
    this.#positions.clear();
    const member = { memberId, generationId, groupInstanceId: this.#instanceId };
    const process = this.#client.name;
    if (this.#client.prng.chance(staleCommitChance) && generationId > 0) {
      const old = offsets.map((one) => ({ ...one, offset: 0 }));
      await commitOnce(this.#context, {
        cluster,
        process,
        group: groupName,
        offsets: old,
        member: { ...member, generationId: generationId - 1 },
      });
    }
    const isDone = await commitOnce(this.#context, { cluster, process, group: groupName, offsets, member });
    // What was not committed is tried again with what is read next, unless the partitions are somebody else's by then.
    if (isDone || this.#consumer?.generationId !== generationId) return;
    for (const one of offsets) {
      const key = partitionKey(one.topic, one.partition);
      if (!this.#positions.has(key)) this.#positions.set(key, one);
    }
  }
}
