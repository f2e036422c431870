/**
 * What an answer to DeleteRecords promises, which a client cannot know and a simulator can.
 *
 * A leader waits until all live replicas have the new start, and not for those that it takes for fenced, as Kafka does. Such a
 * replica can lead before it has heard of the start if it is in the ELR, or if the leader that answered was replaced and did
 * not know it: then the records are there again. One that is in neither list has to join the ISR first, and hears by that.
 */
import type { HostedPartition } from '@jackdaw/broker';
import type { SimCluster } from '../cluster/sim-cluster.ts';

/** A replica for which a leader does not wait. */
interface Passed {
  readonly leaderId: number;
  readonly fencedId: number;
}

/** A deletion that is asked for now. */
export class Deletion {
  readonly #cluster: SimCluster;
  readonly #topic: string;
  readonly #partition: number;
  readonly #passedBefore: readonly Passed[];

  constructor(cluster: SimCluster, topic: string, partition: number) {
    this.#cluster = cluster;
    this.#topic = topic;
    this.#partition = partition;
    this.#passedBefore = this.#passedNow();
  }

  /** To be asked when the answer is there: whether records before the offset that it names may be read again. */
  mayComeBack(offset: number): boolean {
    const state = this.#cluster.image?.topicByName(this.#topic)?.partitions.get(this.#partition);
    const candidates = new Set([...(state?.isr ?? []), ...(state?.elr ?? [])]);
    const hasDeleted = (id: number): boolean => (this.#hostedBy(id)?.log?.logStartOffset ?? 0) >= offset;
    return [...this.#passedBefore, ...this.#passedNow()].some(
      ({ leaderId, fencedId }) => candidates.has(fencedId) && hasDeleted(leaderId) && !hasDeleted(fencedId),
    );
  }

  /** Whoever takes itself for the leader may be the one that answers. */
  #passedNow(): Passed[] {
    const leaders = this.#cluster.running.filter(({ id }) => this.#hostedBy(id)?.role.kind === 'leader');
    return leaders.flatMap(({ id: leaderId, services }) =>
      [...(services?.image().brokers.values() ?? [])]
        .filter(({ fenced }) => fenced)
        .map(({ brokerId }) => ({ leaderId, fencedId: brokerId })),
    );
  }

  #hostedBy(id: number): HostedPartition | undefined {
    return this.#cluster.node(id).services?.replicas.get(this.#topic, this.#partition);
  }
}
