/**
 * An idempotent producer that speaks the protocol itself, repeats what it has sent already and leaves gaps on purpose.
 *
 * Real producers do so only when answers are lost. What must come back is laid down: any of the last five batches gives
 * its first offset again, a gap is refused, and after 2147483647 comes 0 (C1, C2). Whatever else a broker says is an answer
 * that it may give while leaders move.
 */
import { apis, KafkaError, type Cluster } from '@jackdaw/client';
import { encodeBatch, ErrorCode } from '@jackdaw/protocol';
import { mayLose } from '../cluster/plan.ts';
import type { SimClient } from '../node/sim-client.ts';
import { messageOf, patient, pauseOf, pick, singleAttempt, type WatchedPartition, type WorkloadContext } from './context.ts';
import { toValue } from './values.ts';

const meanPauseMs = 60;
const maxSequence = 0x7fff_ffff;
/** Batches that a broker remembers of each producer. */
const remembered = 5;
const maxBatches = 60;
/** With names of topics. */
const maxVersion = 12;

interface Batch {
  readonly values: readonly string[];
  readonly firstSequence: number;
  baseOffset: number;
}

/** What a partition's leader answered. */
interface Answer {
  readonly errorCode: number;
  readonly baseOffset: number;
}

export function startRepeater(context: WorkloadContext): void {
  if (!context.plan.workload.hasRepeater || mayLose(context.plan)) return;
  const client = context.newClient('repeater', singleAttempt);
  context.recorder.idempotent.add(client.name);
  context.run(client, 'repeat', () => new Repeater(context, client).run());
}

class Repeater {
  readonly #context: WorkloadContext;
  readonly #client: SimClient;
  readonly #about: WatchedPartition;
  readonly #sent: Batch[] = [];
  #producerId = -1;
  #nextSequence: number;
  #names = 0;

  constructor(context: WorkloadContext, client: SimClient) {
    this.#context = context;
    this.#client = client;
    const { prng } = client;
    this.#about = pick(prng, context.partitions);
    this.#nextSequence = prng.chance(0.5) ? 0 : maxSequence - prng.below(12);
  }

  async run(): Promise<void> {
    const cluster = await this.#context.connect(this.#client);
    const { prng } = this.#client;
    for (let batches = 0; !this.#context.isDraining && batches < maxBatches; batches++) {
      const draw = prng.float();
      try {
        if (this.#producerId < 0) await this.#begin(cluster);
        else if (draw < 0.5 || this.#sent.length === 0) await this.#sendNew(cluster);
        else if (draw < 0.9) await this.#repeat(cluster);
        else await this.#leaveGap(cluster);
      } catch (error) {
        this.#context.noteError(this.#client.name, error, 'repeat');
      }
      await this.#client.sleep(pauseOf(prng, meanPauseMs));
    }
    await cluster.close();
  }

  async #begin(cluster: Cluster): Promise<void> {
    const draft = { transactionalId: null, transactionTimeoutMs: 60_000 };
    const { errorCode, producerId } = await cluster.callAny(apis.initProducerId, draft);
    if (errorCode !== 0) return;
    this.#producerId = producerId;
    this.#context.recorder.add({ op: 'producer-id', process: this.#client.name, id: producerId });
  }

  /** Until its fate is known: the next batch would leave a gap. */
  async #sendNew(cluster: Cluster): Promise<void> {
    const { recorder } = this.#context;
    const batch = this.#newBatch(this.#nextSequence);
    const { key } = this.#about;
    for (const value of batch.values) recorder.add({ op: 'send', type: 'invoke', process: this.#client.name, key, value });
    while (!this.#context.isDraining) {
      const answer = await this.#produce(cluster, batch);
      if (answer?.errorCode === 0) {
        batch.baseOffset = answer.baseOffset;
        batch.values.forEach((value, i) => recorder.add({ op: 'send', type: 'ok', value, offset: answer.baseOffset + i }));
        this.#nextSequence = sequenceAfter(batch.firstSequence, batch.values.length);
        this.#sent.push(batch);
        if (this.#sent.length > remembered) this.#sent.shift();
        return;
      }
      if (answer !== null) this.#expectExplained(answer.errorCode, 'the next batch');
      await this.#client.sleep(pauseOf(this.#client.prng, meanPauseMs));
    }
    for (const value of batch.values) recorder.add({ op: 'send', type: 'info', value, error: 'given up' });
  }

  async #repeat(cluster: Cluster): Promise<void> {
    const batch = pick(this.#client.prng, this.#sent);
    const answer = await this.#produce(cluster, batch);
    if (answer === null) return;
    const which = `a repetition of ${batch.values.join(', ')}`;
    if (answer.errorCode !== 0) this.#expectExplained(answer.errorCode, which);
    else if (answer.baseOffset !== batch.baseOffset) {
      this.#complain(`${which} at ${batch.baseOffset} was answered with ${answer.baseOffset}`);
    }
  }

  async #leaveGap(cluster: Cluster): Promise<void> {
    const batch = this.#newBatch(sequenceAfter(this.#nextSequence, 3));
    const answer = await this.#produce(cluster, batch);
    if (answer?.errorCode === 0) this.#complain(`a batch behind a gap was taken, at ${answer.baseOffset}`);
  }

  #newBatch(firstSequence: number): Batch {
    const values = Array.from({ length: this.#client.prng.between(1, 3) }, () => `${this.#client.name}-${this.#names++}`);
    return { values, firstSequence, baseOffset: -1 };
  }

  /** Null when nobody has answered. */
  async #produce(cluster: Cluster, { values, firstSequence }: Batch): Promise<Answer | null> {
    const { topic, partition: index } = this.#about;
    const { plan, cluster: simulated } = this.#context;
    const timestamp = Math.floor(simulated.world.wallMs);
    const bytes = plan.workload.recordBytes;
    const records = values.map((value) => ({ key: null, value: Buffer.from(toValue(value, bytes)), timestamp }));
    const batch = encodeBatch({ records, producerId: this.#producerId, producerEpoch: 0, baseSequence: firstSequence });
    const topicData = [{ name: topic, partitionData: [{ index, records: batch }] }];
    const draft = { acks: -1, timeoutMs: patient.requestTimeoutMs, topicData };
    try {
      const leader = await cluster.leaderOf(topic, index);
      const body = await cluster.callNode(leader, apis.produce, draft, { maxVersion });
      const answer = body.responses[0]?.partitionResponses[0];
      if (answer === undefined) throw new RangeError(`the answer about ${topic} has no partition`);
      if (answer.errorCode !== 0) cluster.forgetTopic(topic);
      return { errorCode: answer.errorCode, baseOffset: answer.baseOffset };
    } catch (error) {
      this.#context.noteError(this.#client.name, error, 'produce');
      this.#context.cluster.note(this.#client.name, messageOf(error));
      cluster.forgetTopic(topic);
      return null;
    }
  }

  #expectExplained(errorCode: number, what: string): void {
    if (errorCode === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER || errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
      this.#complain(`${what} was refused: ${new KafkaError(errorCode).message}`);
    }
  }

  #complain(error: string): void {
    const about = `producer ${this.#producerId}, ${this.#about.key}`;
    this.#context.recorder.add({ op: 'unexpected', process: this.#client.name, error: `${about}: ${error}` });
  }
}

function sequenceAfter(sequence: number, records: number): number {
  return sequence > maxSequence - records ? sequence - (maxSequence - records) - 1 : sequence + records;
}
