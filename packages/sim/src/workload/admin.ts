/**
 * An administrator who makes topics, extends, alters and deletes them, asks for elections, and looks at everything.
 *
 * Its changes are single attempts on topics of its own, under names that are used once; the history holds what each was to
 * bring about. When the world is whole again, what the controller acknowledged must be there.
 */
import { createPartitions, createTopics, deleteTopics, electLeaders, type Cluster, type Outcome } from '@jackdaw/client';
import { ErrorCode } from '@jackdaw/protocol';
import { noValue, unknownValue, Register } from '../history/register.ts';
import type { SimClient } from '../node/sim-client.ts';
import { lookAround, readSettings, setTopicConfig } from './admin-views.ts';
import { patient, pauseOf, pick, singleAttempt, type WorkloadContext } from './context.ts';
import { uncleanPrefix } from './plan.ts';

const meanPauseMs = 600;
/** Topics of its own at a time. */
const maxTopics = 3;
const maxPartitions = 4;
const finalLookPauseMs = 200;
/** Brokers may be behind for so long when the world is whole again. */
const finalLooksMs = 15_000;

/** Keys and values that change how a log is kept; the topics are the admin's own. */
const configs: readonly (readonly [key: string, values: readonly string[]])[] = [
  ['min.insync.replicas', ['1', '2']],
  ['retention.ms', ['1000', '60000', '604800000']],
  ['segment.bytes', ['1048576', '2097152']],
  ['max.message.bytes', ['65536', '1048588']],
  ['cleanup.policy', ['delete', 'compact']],
];

/**
 * Answers that say for certain that nothing was changed. That the topic exists, or does not, is none: the broker may have tried
 * again what had succeeded, and tells the answer to its second try.
 */
const refusals: ReadonlySet<number> = new Set([ErrorCode.INVALID_REPLICATION_FACTOR, ErrorCode.INVALID_CONFIG]);

export function startAdmin(context: WorkloadContext): void {
  if (!context.plan.workload.hasAdmin) return;
  const client = context.newClient('admin', singleAttempt);
  const admin = new Admin(context, client);
  context.run(client, 'administrate', () => admin.run());
}

interface OwnTopic {
  readonly name: string;
  partitions: number;
}

class Admin {
  readonly #context: WorkloadContext;
  readonly #client: SimClient;
  /** What was tried, and by that what may be. */
  readonly #registers = new Map<string, Register>();
  readonly #topics: OwnTopic[] = [];
  #created = 0;
  #finalLooksUntilMs: number | undefined;

  constructor(context: WorkloadContext, client: SimClient) {
    this.#context = context;
    this.#client = client;
  }

  async run(): Promise<void> {
    const cluster = await this.#context.connect(this.#client);
    while (!this.#context.isDraining) {
      await this.#client.sleep(pauseOf(this.#client.prng, meanPauseMs));
      await this.#attempt(cluster, () => this.#act(cluster));
    }
    while (!(await this.#finalLook(cluster))) await this.#client.sleep(finalLookPauseMs);
    await cluster.close();
  }

  async #attempt(cluster: Cluster, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#context.noteError(this.#client.name, error, 'administrate');
      await cluster.fetchMetadata(null).catch(() => undefined);
    }
  }

  #act(cluster: Cluster): Promise<void> {
    const { prng } = this.#client;
    const topic = this.#topics.length === 0 ? undefined : pick(prng, this.#topics);
    if (topic === undefined || (this.#topics.length < maxTopics && prng.chance(0.3))) return this.#create(cluster);
    const actions = [
      () => this.#delete(cluster, topic),
      () => this.#extend(cluster, topic),
      () => this.#alter(cluster, topic),
      () => this.#elect(cluster, topic),
      () => lookAround(this.#context, this.#client, cluster),
    ];
    return pick(prng, actions)();
  }

  /** One change: what it is about, and the value that it brings, which the outcome may know better. */
  async #change(name: string, value: string, work: () => Promise<ChangeOutcome>): Promise<boolean> {
    this.#noteValue(name, value, 'invoke');
    let outcome: ChangeOutcome;
    try {
      outcome = await work();
    } catch (error) {
      this.#noteValue(name, value, 'info');
      throw error;
    }
    if (outcome.error === undefined) this.#noteValue(name, outcome.value ?? value, 'ok');
    else {
      this.#noteValue(name, value, refusals.has(outcome.error.code) ? 'fail' : 'info');
      this.#context.noteError(this.#client.name, outcome.error, name);
    }
    return outcome.error === undefined;
  }

  /** To the history, and to what this admin knows itself. */
  #noteValue(name: string, value: string, type: 'invoke' | 'ok' | 'fail' | 'info' | 'read'): void {
    this.#context.recorder.add({ op: 'setting', type, process: this.#client.name, name, value });
    const register = this.#registers.get(name) ?? new Register(noValue);
    this.#registers.set(name, register);
    if (type === 'invoke' || type === 'ok' || type === 'fail') register[type](value);
  }

  async #create(cluster: Cluster): Promise<void> {
    const { prng } = this.#client;
    const isUnclean = this.#context.plan.workload.mayElectUnclean && prng.chance(0.5);
    const name = `${isUnclean ? uncleanPrefix : 'scratch-'}${++this.#created}`;
    const partitions = prng.between(1, 2);
    const replicationFactor = prng.between(1, Math.min(3, this.#context.cluster.nodes.length));
    this.#topics.push({ name, partitions });
    const isDone = await this.#change(`topic ${name}`, unknownValue, async () => {
      const [created] = await createTopics(cluster, [{ name, partitions, replicationFactor }], {
        timeoutMs: patient.requestTimeoutMs,
      });
      if (created === undefined) throw new RangeError(`the answer leaves out ${name}`);
      return { name, error: created.error, value: created.topicId };
    }).catch((error: unknown) => {
      this.#noteValue(`partitions of ${name}`, String(partitions), 'invoke');
      throw error;
    });
    this.#noteValue(`partitions of ${name}`, String(partitions), 'invoke');
    if (isDone) this.#noteValue(`partitions of ${name}`, String(partitions), 'ok');
  }

  async #delete(cluster: Cluster, topic: OwnTopic): Promise<void> {
    this.#topics.splice(this.#topics.indexOf(topic), 1);
    await this.#change(`topic ${topic.name}`, noValue, () =>
      first(topic.name, deleteTopics(cluster, [topic.name], { timeoutMs: patient.requestTimeoutMs })),
    );
  }

  async #extend(cluster: Cluster, topic: OwnTopic): Promise<void> {
    if (topic.partitions >= maxPartitions) return;
    const partitions = ++topic.partitions;
    const { name } = topic;
    await this.#change(`partitions of ${name}`, String(partitions), () =>
      first(name, createPartitions(cluster, [{ name, partitions }], { timeoutMs: patient.requestTimeoutMs })),
    );
  }

  async #alter(cluster: Cluster, { name }: OwnTopic): Promise<void> {
    const { prng } = this.#client;
    const [key, values] = pick(prng, configs);
    const value = pick(prng, values);
    await this.#change(`${key} of ${name}`, value, () => setTopicConfig(cluster, { topic: name, key, value }));
  }

  async #elect(cluster: Cluster, { name, partitions }: OwnTopic): Promise<void> {
    const { prng } = this.#client;
    const own = { topic: name, partition: prng.below(partitions) };
    if (name.startsWith(uncleanPrefix) && prng.chance(0.5)) await electLeaders(cluster, 'unclean', [own]);
    else {
      const { topic, partition } = pick(prng, this.#context.partitions);
      await electLeaders(cluster, 'preferred', prng.chance(0.3) ? null : [prng.chance(0.5) ? own : { topic, partition }]);
    }
  }

  /** Whether everything is as it may be; after a while the answer is recorded as it is. */
  async #finalLook(cluster: Cluster): Promise<boolean> {
    const { nowMs } = this.#context.cluster.world.loop;
    this.#finalLooksUntilMs ??= nowMs + finalLooksMs;
    let found: ReadonlyMap<string, string> | undefined;
    await this.#attempt(cluster, async () => {
      found = await readSettings(cluster, [...this.#registers.keys()]);
    });
    if (found === undefined) return false;
    const isRight = [...found].every(([name, value]) => this.#registers.get(name)?.allows(value) === true);
    if (!isRight && nowMs < this.#finalLooksUntilMs) return false;
    for (const [name, value] of found) this.#noteValue(name, value, 'read');
    return true;
  }
}

type ChangeOutcome = Outcome & { readonly value?: string };

async function first(name: string, outcomes: Promise<readonly Outcome[]>): Promise<Outcome> {
  const [outcome] = await outcomes;
  if (outcome === undefined) throw new RangeError(`the answer leaves out ${name}`);
  return outcome;
}
