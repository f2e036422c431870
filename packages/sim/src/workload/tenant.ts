/**
 * A client whose topic is deleted and made anew under the same name, again and again (A25).
 *
 * In the history each incarnation is a topic of its own. Requests name it by its id: records that were sent to one id and
 * are read under another have moved, which the checker finds. Some requests for an incarnation come after its end.
 */
import { apis, createTopics, deleteTopics, KafkaError, type Cluster } from '@jackdaw/client';
import { decodeRecords, eachBatch, encodeBatch, isValidCrc, readBatchHeader } from '@jackdaw/protocol';
import { nodeCodecs } from '@jackdaw/broker';
import type { Key } from '../history/history.ts';
import type { SimClient } from '../node/sim-client.ts';
import { messageOf, patient, pauseOf, singleAttempt, type WorkloadContext } from './context.ts';
import { tenantTopic } from './plan.ts';
import { nameOf, toValue } from './values.ts';

const topic = tenantTopic;
const partition = 0;
const meanPauseMs = 150;
/** Requests in one life. */
const maxRequests = 12;
const maxDecompressedBytes = 1_048_576;

interface Incarnation {
  readonly topicId: string;
  /** As the history calls it. */
  readonly name: string;
  readonly key: Key;
  /** Where it is read from next. */
  position: number;
}

export function startTenant(context: WorkloadContext): void {
  if (!context.plan.workload.hasTenant) return;
  const client = context.newClient('tenant', singleAttempt);
  context.run(client, 'live in a topic', () => new Tenant(context, client).run());
}

class Tenant {
  readonly #context: WorkloadContext;
  readonly #client: SimClient;
  #lives = 0;
  #sequence = 0;
  #before: Incarnation | null = null;

  constructor(context: WorkloadContext, client: SimClient) {
    this.#context = context;
    this.#client = client;
  }

  async run(): Promise<void> {
    const cluster = await this.#context.connect(this.#client);
    while (!this.#context.isDraining) {
      const incarnation = await this.#create(cluster);
      if (incarnation === null) continue;
      await this.#live(cluster, incarnation);
      this.#before = incarnation;
      this.#context.recorder.add({ op: 'doomed', topic: incarnation.name });
      await this.#attempt(cluster, async () => {
        await deleteTopics(cluster, [topic], { timeoutMs: patient.requestTimeoutMs });
      });
    }
    await cluster.close();
  }

  async #attempt(cluster: Cluster, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#context.noteError(this.#client.name, error, 'live');
      await cluster.fetchMetadata([topic]).catch(() => undefined);
    }
    await this.#client.sleep(pauseOf(this.#client.prng, meanPauseMs));
  }

  /** The new topic; null when there is none, or one of which nothing is known: it is deleted then. */
  async #create(cluster: Cluster): Promise<Incarnation | null> {
    const replicationFactor = Math.min(this.#client.prng.between(1, 3), this.#context.cluster.nodes.length);
    let topicId: string | null = null;
    await this.#attempt(cluster, async () => {
      const [created] = await createTopics(cluster, [{ name: topic, partitions: 1, replicationFactor }], {
        timeoutMs: patient.requestTimeoutMs,
      });
      if (created?.error === undefined) topicId = created?.topicId ?? null;
      else await deleteTopics(cluster, [topic], { timeoutMs: patient.requestTimeoutMs });
    });
    if (topicId === null) return null;
    const name = `${topic}#${++this.#lives}`;
    return { topicId, name, key: `${name}/${partition}`, position: 0 };
  }

  async #live(cluster: Cluster, incarnation: Incarnation): Promise<void> {
    const { prng } = this.#client;
    const process = readerOf(incarnation);
    this.#context.recorder.add({ op: 'assign', process, key: incarnation.key });
    for (let left = prng.between(2, maxRequests); left > 0 && !this.#context.isDraining; left--) {
      const late = this.#before !== null && prng.chance(0.2) ? this.#before : null;
      await this.#attempt(cluster, async () => {
        if (prng.chance(0.5)) await this.#send(cluster, late ?? incarnation);
        else await this.#read(cluster, late ?? incarnation);
      });
    }
  }

  async #send(cluster: Cluster, { topicId, key }: Incarnation): Promise<void> {
    const { recorder, plan, cluster: simulated } = this.#context;
    const process = this.#client.name;
    const values = Array.from({ length: this.#client.prng.between(1, 3) }, () => `${process}-${this.#sequence++}`);
    for (const value of values) recorder.add({ op: 'send', type: 'invoke', process, key, value });
    const timestamp = Math.floor(simulated.world.wallMs);
    const records = values.map((value) => ({
      key: null,
      value: Buffer.from(toValue(value, plan.workload.recordBytes)),
      timestamp,
    }));
    const topicData = [{ topicId, partitionData: [{ index: partition, records: encodeBatch({ records }) }] }];
    try {
      const draft = { acks: -1, timeoutMs: patient.requestTimeoutMs, topicData };
      const body = await cluster.callNode(await cluster.leaderOf(topic, partition), apis.produce, draft);
      const answer = body.responses[0]?.partitionResponses[0];
      if (answer === undefined) throw new RangeError(`the answer about ${key} has no partition`);
      if (answer.errorCode !== 0) throw new KafkaError(answer.errorCode);
      values.forEach((value, i) => recorder.add({ op: 'send', type: 'ok', value, offset: answer.baseOffset + i }));
    } catch (error) {
      for (const value of values) recorder.add({ op: 'send', type: 'info', value, error: messageOf(error) });
      throw error;
    }
  }

  async #read(cluster: Cluster, incarnation: Incarnation): Promise<void> {
    const { recorder, plan } = this.#context;
    const { topicId, key, position } = incarnation;
    const partitions = [{ partition, fetchOffset: position, partitionMaxBytes: 65_536 }];
    const draft = { maxWaitMs: 100, minBytes: 1, maxBytes: 1_048_576, isolationLevel: 0, topics: [{ topicId, partitions }] };
    const body = await cluster.callNode(await cluster.leaderOf(topic, partition), apis.fetch, draft, { lane: 'fetch' });
    const part = body.responses[0]?.partitions[0];
    const errorCode = body.errorCode === 0 ? (part?.errorCode ?? 0) : body.errorCode;
    if (errorCode !== 0) throw new KafkaError(errorCode);
    const records = recordsIn(part?.records ?? new Uint8Array(0))
      .filter(({ offset }) => offset >= position)
      .map(({ offset, value, epoch }) => [offset, nameOf(value, plan.workload.recordBytes), epoch] as const);
    if (records.length === 0) return;
    incarnation.position = (records.at(-1)?.[0] ?? 0) + 1;
    recorder.add({ op: 'poll', process: readerOf(incarnation), key, records, isFinal: false });
  }
}

function readerOf({ name }: Incarnation): string {
  return `reader of ${name}`;
}

/** Throws RangeError when a batch is damaged. */
function recordsIn(bytes: Uint8Array): { offset: number; value: Uint8Array | null; epoch: number }[] {
  return [...eachBatch(bytes)].flatMap((position) => {
    if (!isValidCrc(bytes, position)) throw new RangeError('a fetched batch fails its checksum');
    const { sizeInBytes, leaderEpoch: epoch } = readBatchHeader(bytes, position);
    const batch = bytes.subarray(position, position + sizeInBytes);
    return decodeRecords(batch, nodeCodecs, { maxDecompressedBytes }).map(({ offset, value }) => ({ offset, value, epoch }));
  });
}
