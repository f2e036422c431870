/**
 * Two members of a group that read along while something is done to the brokers: whoever expels one of them makes both join
 * again, which is counted.
 */
import { Cluster, GroupConsumer } from '@jackdaw/client';
import type { FaultRun } from './fault-run.ts';
import { waitFor } from './wait.ts';

const groupId = 'members';
const count = 2;
const joinWithinMs = 30_000;
const sessionTimeoutMs = 10_000;

export class Members {
  readonly #clusters: Cluster[] = [];
  readonly #consumers: GroupConsumer[] = [];
  readonly #polling: Promise<void>[] = [];
  /** Generations when the group was last seen settled. */
  #settled: readonly string[] = [];
  #isLeaving = false;

  private constructor() {}

  static async join({ cluster, topic }: FaultRun): Promise<Members> {
    const members = new Members();
    for (let i = 0; i < count; i++) {
      const client = await Cluster.connect({
        bootstrapServers: cluster.bootstrap,
        clientId: `member-${i + 1}`,
        connectTimeoutMs: 2_000,
        requestTimeoutMs: 5_000,
        deadlineMs: 60_000,
      });
      const consumer = new GroupConsumer(client, {
        ...{ groupId, topics: [topic], sessionTimeoutMs, autoOffsetReset: 'earliest', autoCommitIntervalMs: 500 },
        heartbeatIntervalMs: 500,
      });
      members.#clusters.push(client);
      members.#consumers.push(consumer);
      members.#polling.push(members.#poll(consumer));
    }
    return members;
  }

  /** Waits until all are members of one generation and every partition is given out. */
  async settle(): Promise<void> {
    const ask = async (): Promise<true | undefined> => {
      const isComplete = this.#consumers.every(({ assignment }) => assignment.length > 0);
      const generations = new Set(this.#consumers.map(({ generationId }) => generationId));
      return isComplete && generations.size === 1 ? true : undefined;
    };
    await waitFor('the group has its members', ask, joinWithinMs);
    this.#settled = this.#identities();
  }

  /** Members that are not who they were when the group was settled. */
  rejoined(): number {
    return this.#identities().filter((identity, i) => identity !== this.#settled[i]).length;
  }

  async leave(): Promise<void> {
    this.#isLeaving = true;
    for (const consumer of this.#consumers) consumer.interrupt();
    // The brokers may be gone by now: what still asks them must not try again until its deadline.
    for (const client of this.#clusters) await client.close();
    await Promise.all(this.#polling);
  }

  #identities(): string[] {
    return this.#consumers.map(({ memberId, generationId }) => `${memberId} in generation ${generationId}`);
  }

  async #poll(consumer: GroupConsumer): Promise<void> {
    while (!this.#isLeaving) await consumer.poll(500).catch(() => []);
  }
}
