/**
 * Reads a partition whole from a broker that has just been repaired: by offset, into the history, and by time.
 */
import assert from 'node:assert/strict';
import { Consumer, electLeaders, listOffsets, partitionKey, type ConsumedRecord } from '@jackdaw/client';
import { waitForIsrFull, type FaultRun } from '../fault-run.ts';
import type { Figures } from '../row.ts';
import { HopelessError, waitFor } from '../wait.ts';

const readWithinMs = 30_000;
const leadsWithinMs = 20_000;
const lookups = 8;

/**
 * Makes the broker the leader of the partition, or of one of its own when none is named, as far as it is the preferred one,
 * and reads the partition. What it reads is judged with everything else.
 */
export async function expectReadable(run: FaultRun, nodeId: number, damaged: number | undefined): Promise<Figures> {
  const { cluster, topic } = run;
  const client = await cluster.client();
  const preferred = (await cluster.partitions(topic)).filter(({ replicas }) => replicas[0] === nodeId);
  const partition = damaged ?? preferred[0]?.partition;
  if (partition === undefined) return {};
  const canLead = preferred.some((one) => one.partition === partition);
  if (canLead) {
    const leads = async (): Promise<true | undefined> => {
      await electLeaders(client, 'preferred', [{ topic, partition }]);
      return (await cluster.leaderOf(topic, partition)) === nodeId ? true : undefined;
    };
    await waitFor(`broker ${nodeId} leads ${topic}-${partition} again`, leads, leadsWithinMs);
  }
  const records = await readWhole(run, partition);
  await expectFoundByTime(run, partition, records);
  // A leader that finds damage while it is read from steps aside and fetches what it lacks.
  await waitForIsrFull(run);
  return { read: records.length };
}

/** Reads until the end that the log had at first. */
async function readWhole({ cluster, topic, recorder }: FaultRun, partition: number): Promise<ConsumedRecord[]> {
  const client = await cluster.client();
  const [end] = await listOffsets(client, [{ topic, partition, at: 'latest' }]);
  const process = `reader-of-repaired-${++readers}`;
  const key = partitionKey(topic, partition);
  const consumer = new Consumer(client, { autoOffsetReset: 'none', maxWaitMs: 200 });
  const all: ConsumedRecord[] = [];
  recorder.add({ op: 'assign', process, key });
  consumer.assign([{ topic, partition, start: 'earliest' }]);
  const read = async (): Promise<true | undefined> => {
    const records = await consumer.poll(500).catch((error: unknown) => {
      recorder.add({ op: 'read-error', process, error: error instanceof Error ? error.message : String(error) });
      throw new HopelessError(`a repaired partition cannot be read: ${String(error)}`);
    });
    all.push(...records);
    const told = records.map(({ offset, value, leaderEpoch }) => tell(offset, value, leaderEpoch));
    if (told.length > 0) recorder.add({ op: 'poll', process, key, records: told, isFinal: false });
    return (consumer.position(topic, partition) ?? -1) >= (end?.offset ?? 0) ? true : undefined;
  };
  try {
    await waitFor(`${topic}-${partition} is read to its end`, read, readWithinMs);
  } finally {
    await consumer.close();
  }
  return all;
}

let readers = 0;

function tell(offset: number, value: Uint8Array | null, leaderEpoch: number): [number, string, number] {
  return [offset, Buffer.from(value ?? []).toString(), leaderEpoch];
}

/** The offset for a time is that of the first record which is not older. */
async function expectFoundByTime({ cluster, topic }: FaultRun, partition: number, records: readonly ConsumedRecord[]) {
  const client = await cluster.client();
  for (let i = 0; i < Math.min(lookups, records.length); i++) {
    const timestamp = records[Math.floor((i * records.length) / lookups)]?.timestamp ?? 0;
    const expected = records.find((record) => record.timestamp >= timestamp);
    const [found] = await listOffsets(client, [{ topic, partition, at: { timestamp } }]);
    assert.equal(found?.offset, expected?.offset, `the offset for time ${timestamp} in ${topic}-${partition}`);
  }
}
