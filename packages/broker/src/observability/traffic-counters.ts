/**
 * Counts of what clients and followers move, for each topic: plain numbers, added to on the hot path, read by metrics.
 *
 * Bounded: topics beyond the limit are counted under one name, so that a client cannot fill the memory with names.
 */
export interface TopicTraffic {
  messagesIn: number;
  bytesIn: number;
  bytesOut: number;
  bytesRejected: number;
  produceRequests: number;
  fetchRequests: number;
  failedProduceRequests: number;
  failedFetchRequests: number;
  replicationBytesIn: number;
  replicationBytesOut: number;
}

const maxTopics = 10_000;
const otherTopics = '(other)';

export class TrafficCounters {
  readonly #topics = new Map<string, TopicTraffic>();

  of(topicName: string): TopicTraffic {
    const known = this.#topics.get(topicName);
    if (known !== undefined) return known;
    if (this.#topics.size >= maxTopics && topicName !== otherTopics) return this.of(otherTopics);
    const traffic: TopicTraffic = {
      messagesIn: 0,
      bytesIn: 0,
      bytesOut: 0,
      bytesRejected: 0,
      produceRequests: 0,
      fetchRequests: 0,
      failedProduceRequests: 0,
      failedFetchRequests: 0,
      replicationBytesIn: 0,
      replicationBytesOut: 0,
    };
    this.#topics.set(topicName, traffic);
    return traffic;
  }

  forget(topicName: string): void {
    this.#topics.delete(topicName);
  }

  entries(): Iterable<[string, TopicTraffic]> {
    return this.#topics;
  }
}
