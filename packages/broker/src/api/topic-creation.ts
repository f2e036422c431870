/**
 * Topics that the broker creates by itself: those that clients ask for by name, and the internal one for offsets.
 *
 * The creation goes to the controller like any other; a topic is asked for once however many clients want it at the
 * same time. A request waits a moment for the result, so that most clients never see the topic missing.
 */
import { configResourceTypes, invalidTopicName, type MetadataImage } from '@jackdaw/metadata';
import { ErrorCode, type CreateTopicsRequestDraft } from '@jackdaw/protocol';
import type { BrokerServices } from '../broker-services.ts';
import { offsetsTopic } from '../groups/group-service.ts';
import { controllerApis } from '../quorum/controller-apis.ts';

type NewTopic = CreateTopicsRequestDraft['topics'][number];

/** Longest wait of a request for the topics that it caused. */
const waitMs = 1_000;
const controllerTimeoutMs = 5_000;
/** Topics that may be on their way at once; more are refused until some are there. */
const maxPending = 1_000;

export class TopicCreation {
  readonly #broker: () => BrokerServices;
  readonly #pending = new Map<string, Promise<number>>();

  constructor(broker: () => BrokerServices) {
    this.#broker = broker;
  }

  /**
   * Creates the topics that do not exist, and waits for them a little. Gives an error code for each that could not be
   * created; one that is still on its way is UNKNOWN_TOPIC_OR_PARTITION, as in Kafka.
   */
  async create(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const errors = new Map<string, number>();
    const waiting = names.map(async (name) => {
      const error = await this.#createOne(name);
      if (error !== ErrorCode.NONE) errors.set(name, error);
    });
    await new Promise<void>((resolve) => {
      const timer = this.#broker().timers.setTimer(waitMs, resolve);
      void Promise.all(waiting).finally(() => {
        timer.cancel();
        resolve();
      });
    });
    return errors;
  }

  #createOne(name: string): Promise<number> {
    const pending = this.#pending.get(name);
    if (pending !== undefined) return pending;
    if (invalidTopicName(name) !== null) return Promise.resolve(ErrorCode.INVALID_TOPIC_EXCEPTION);
    if (this.#pending.size >= maxPending) return Promise.resolve(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    const creation = this.#ask(name).finally(() => this.#pending.delete(name));
    this.#pending.set(name, creation);
    return creation;
  }

  async #ask(name: string): Promise<number> {
    const broker = this.#broker();
    try {
      const response = await broker.controller.call(
        controllerApis.createTopics,
        { topics: [newTopic(broker, name)], timeoutMs: controllerTimeoutMs, validateOnly: false },
        controllerTimeoutMs,
      );
      const error = response.topics[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
      if (error !== ErrorCode.NONE && error !== ErrorCode.TOPIC_ALREADY_EXISTS) return kindestError(error);
      await whenTopicIsReady(broker, name);
      return ErrorCode.NONE;
    } catch {
      return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }
  }
}

/** As in Kafka's AutoTopicCreationManager: too few brokers is told, what may pass by itself is "not there yet". */
function kindestError(error: number): number {
  if (error === ErrorCode.INVALID_REPLICATION_FACTOR || error === ErrorCode.INVALID_TOPIC_EXCEPTION) return error;
  return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
}

async function whenTopicIsReady(broker: BrokerServices, name: string): Promise<void> {
  const deadline = broker.clock.monotonicMs() + waitMs;
  while (!hasLeaders(broker.image(), name) && broker.clock.monotonicMs() < deadline) {
    await broker.whenApplied(broker.image().appliedIndex + 1);
  }
}

function hasLeaders(image: MetadataImage, name: string): boolean {
  const topic = image.topicByName(name);
  if (topic === null) return false;
  for (const { leader } of topic.partitions.values()) if (leader < 0) return false;
  return true;
}

function newTopic(broker: BrokerServices, name: string): NewTopic {
  if (name !== offsetsTopic) {
    return { name, numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] };
  }
  const { view, voters } = broker.config;
  const overrides = broker.image().overridesOf(configResourceTypes.broker, '');
  const wanted = Number(overrides.get('offsets.topic.replication.factor') ?? view.number('offsets.topic.replication.factor'));
  return {
    name,
    numPartitions: view.number('offsets.topic.num.partitions'),
    // A cluster that can never have so many brokers would wait for them for ever.
    replicationFactor: Math.min(wanted, Math.max(voters.length, broker.image().brokers.size)),
    assignments: [],
    configs: [
      { name: 'cleanup.policy', value: 'compact' },
      { name: 'compression.type', value: 'producer' },
      { name: 'segment.bytes', value: String(view.number('offsets.topic.segment.bytes')) },
    ],
  };
}
