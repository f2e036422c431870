/**
 * A well-behaved client of one broker: writes a record to a partition that only this broker has, and reads it back, one request
 * after the other. What its requests take is what a neighbour of a fault feels.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTopics } from '@jackdaw/client';
import { ErrorCode, errorName } from '@jackdaw/protocol';
import { batchOf, fetch, produce, valuesOf } from '../hardening/broker-probe.ts';
import { RawConnection } from '../hardening/raw-connection.ts';
import type { FaultCluster } from './cluster.ts';
import { percentile } from './recorder.ts';
import { waitFor } from './wait.ts';

const topic = 'probe';
const readyTimeoutMs = 30_000;
const recordBytes = 1_000;
const pauseMs = 5;
/** Of a measurement that one hiccup of the machine must not decide. */
const stretches = 5;

export interface Latencies {
  readonly produceP50Ms: number;
  readonly produceP99Ms: number;
  readonly fetchP50Ms: number;
  readonly fetchP99Ms: number;
  readonly count: number;
}

/** The probe's topic has a partition for each broker, whose only replica is there. */
export async function createProbeTopic(cluster: FaultCluster): Promise<void> {
  const assignments = cluster.nodeIds.map((nodeId) => [nodeId]);
  const created = await createTopics(await cluster.client(), [{ name: topic, assignments }]);
  const error = created[0]?.error;
  if (error !== undefined && error.code !== ErrorCode.TOPIC_ALREADY_EXISTS) throw error;
  for (const nodeId of cluster.nodeIds) {
    const ask = async (): Promise<true | undefined> => {
      const probe = await Probe.open(cluster, nodeId);
      const { error: refusal } = await probe.write('first').finally(() => probe.close());
      return refusal === ErrorCode.NONE ? true : undefined;
    };
    await waitFor(`broker ${nodeId} serves ${topic}`, ask, readyTimeoutMs);
  }
}

export class Probe {
  readonly #connection: RawConnection;
  readonly #partition: number;

  private constructor(connection: RawConnection, partition: number) {
    this.#connection = connection;
    this.#partition = partition;
  }

  static async open(cluster: FaultCluster, nodeId: number): Promise<Probe> {
    const { host, port } = cluster.layoutOf(nodeId);
    return new Probe(await RawConnection.open(port, host), cluster.nodeIds.indexOf(nodeId));
  }

  /** The offset that the record has got, and the error of the answer. */
  async write(value: string): Promise<{ readonly error: number; readonly offset: number }> {
    const { errorCode, baseOffset } = await produce(this.#connection, {
      topic,
      partition: this.#partition,
      records: batchOf(value),
    });
    return { error: errorCode, offset: baseOffset };
  }

  /** Throws unless the first record from the offset on is this one. */
  async expectRecord(offset: number, value: string): Promise<void> {
    const { errorCode, records } = await fetch(this.#connection, { topic, partition: this.#partition, offset });
    assert.equal(errorCode, ErrorCode.NONE, `a fetch of the probe is answered with ${errorName(errorCode)}`);
    assert.equal(valuesOf(records)[0], value, 'the probe reads what it has written');
  }

  /** Writes and reads for so long. Throws when an answer is wrong. */
  async measure(durationMs: number): Promise<Latencies> {
    const [produced, fetched]: [number[], number[]] = [[], []];
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs) {
      const value = `${produced.length} ${'x'.repeat(recordBytes)}`;
      const beganMs = performance.now();
      const { error, offset } = await this.write(value);
      const writtenMs = performance.now();
      assert.equal(error, ErrorCode.NONE, `a record of the probe is answered with ${errorName(error)}`);
      await this.expectRecord(offset, value);
      produced.push(writtenMs - beganMs);
      fetched.push(performance.now() - writtenMs);
      await sleep(pauseMs);
    }
    return {
      produceP50Ms: percentile(produced, 0.5),
      produceP99Ms: percentile(produced, 0.99),
      fetchP50Ms: percentile(fetched, 0.5),
      fetchP99Ms: percentile(fetched, 0.99),
      count: produced.length,
    };
  }

  /** As `measure`, in stretches; each figure is the median of theirs: what lasts shows in it, and a hiccup does not. */
  async measureInStretches(durationMs: number): Promise<Latencies> {
    const measured: Latencies[] = [];
    while (measured.length < stretches) measured.push(await this.measure(durationMs / stretches));
    const median = (figure: keyof Latencies): number =>
      percentile(
        measured.map((one) => one[figure]),
        0.5,
      );
    return {
      produceP50Ms: median('produceP50Ms'),
      produceP99Ms: median('produceP99Ms'),
      fetchP50Ms: median('fetchP50Ms'),
      fetchP99Ms: median('fetchP99Ms'),
      count: measured.reduce((sum, { count }) => sum + count, 0),
    };
  }

  close(): void {
    this.#connection.close();
  }
}
