/**
 * How long a broker is away when it is killed: SIGKILL with much data and many partitions, restart, until it serves.
 *
 *   node dist/bench/restart.js [--brokers 1] [--partitions 1000] [--mib 1024] [--cycles 3] [--checkpoint-ms 60000] [--keep]
 *
 * Every broker holds all partitions and all data. Each cycle writes on until the kill, kills broker 1, starts it again,
 * and prints the milliseconds from the start of the process to: ready (the health endpoint), the first record produced
 * and read (one broker), all partitions produced to, and the broker back in every ISR (several brokers).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Cluster, Consumer, createTopics, Producer } from '@jackdaw/client';
import { jackdawProgram } from './cluster/jackdaw.ts';
import { adopt, keepDirectory, makeDirectory } from './cluster/leftovers.ts';
import { freePorts } from '@jackdaw/testing';

const { values } = parseArgs({
  options: {
    brokers: { type: 'string', default: '1' },
    partitions: { type: 'string', default: '1000' },
    mib: { type: 'string', default: '1024' },
    cycles: { type: 'string', default: '3' },
    'checkpoint-ms': { type: 'string', default: '60000' },
    keep: { type: 'boolean', default: false },
    set: { type: 'string', multiple: true, default: [] },
  },
});
const brokers = Number(values.brokers);
const partitions = Number(values.partitions);
const valueBytes = 16_000;
const topic = 'restarted';
const deadlineMs = 120_000;
const directory = makeDirectory();
if (values.keep) keepDirectory(directory);
const ports = await freePorts(brokers * 3);
const portOf = (kind: number, broker: number): number => ports[kind * brokers + broker - 1] ?? 0;
const bootstrapServers = Array.from({ length: brokers }, (_, i) => `127.0.0.1:${portOf(0, i + 1)}`).join(',');
const children = new Map<number, ChildProcess>();

function start(broker: number): void {
  const voters = Array.from({ length: brokers }, (_, i) => `${i + 1}@127.0.0.1:${portOf(1, i + 1)}`);
  const settings = [
    `node.id=${broker}`,
    `log.dirs=${join(directory, String(broker))}`,
    `listeners=PLAINTEXT://127.0.0.1:${portOf(0, broker)},CONTROLLER://127.0.0.1:${portOf(1, broker)}`,
    `controller.quorum.voters=${voters.join(',')}`,
    `admin.port=${portOf(2, broker)}`,
    `log.flush.offset.checkpoint.interval.ms=${values['checkpoint-ms']}`,
    ...values.set,
  ];
  const log = openSync(join(directory, `${broker}.log`), 'a');
  const args = [jackdawProgram, 'server', 'start', ...settings.flatMap((setting) => ['--set', setting])];
  children.set(broker, adopt(spawn(process.execPath, args, { stdio: ['ignore', log, log] })));
}

async function kill(broker: number): Promise<void> {
  const child = children.get(broker);
  if (child === undefined) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  children.delete(broker);
}

/** Tries again until `attempt` does not throw. */
async function until<T>(what: string, attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`${what}: not within ${deadlineMs} ms`, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function whenReady(broker: number): Promise<void> {
  await until(`broker ${broker} ready`, async () => {
    const response = await fetch(`http://127.0.0.1:${portOf(2, broker)}/health/ready`);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`status ${response.status}`);
  });
}

function connect(): Promise<Cluster> {
  return until('connection', () => Cluster.connect({ bootstrapServers, deadlineMs: 2_000 }));
}

/** `rounds` records to each partition, acknowledged by all. */
async function produce(cluster: Cluster, rounds: number): Promise<void> {
  const producer = new Producer(cluster, { acks: -1, idempotent: false, batchSizeBytes: valueBytes });
  const value = Buffer.alloc(valueBytes, 'jackdaw ');
  for (let round = 0; round < rounds; round++) {
    const sends = Array.from({ length: partitions }, (_, partition) => producer.send({ topic, partition, value }));
    await Promise.all(sends);
  }
  await producer.close();
}

async function readOne(cluster: Cluster): Promise<void> {
  const consumer = new Consumer(cluster);
  consumer.assign([{ topic, partition: 0, start: 'earliest' }]);
  while ((await consumer.poll(1_000)).length === 0);
  await consumer.close();
}

async function whenInEveryIsr(cluster: Cluster, broker: number): Promise<void> {
  await until(`broker ${broker} in every ISR`, async () => {
    const found = (await cluster.fetchMetadata([topic])).topics.flatMap((described) => described.partitions);
    if (found.length < partitions || found.some(({ isr }) => !isr.includes(broker))) throw new Error('not yet');
  });
}

async function cycle(cluster: Cluster): Promise<Map<string, number>> {
  await produce(cluster, 2);
  const figures = new Map<string, number>();
  await kill(1);
  const began = performance.now();
  const note = (what: string): unknown => figures.set(what, Math.round(performance.now() - began));
  start(1);
  await whenReady(1);
  note('ready');
  if (brokers === 1) {
    const again = await connect();
    await until('a record', async () => {
      const producer = new Producer(again, { deliveryTimeoutMs: 5_000 });
      await producer.send({ topic, partition: partitions - 1, value: 'first' });
      await producer.close();
    });
    note('first record produced');
    await until('reading', () => readOne(again));
    note('first record read');
    await produce(again, 1);
    note('all partitions produced to');
    await again.close();
  } else {
    await whenInEveryIsr(cluster, 1);
    note('in every ISR');
  }
  return figures;
}

try {
  for (let broker = 1; broker <= brokers; broker++) start(broker);
  for (let broker = 1; broker <= brokers; broker++) await whenReady(broker);
  const cluster = await connect();
  await createTopics(cluster, [{ name: topic, partitions, replicationFactor: brokers }]);
  const began = performance.now();
  await until('first round', () => produce(cluster, 1));
  await produce(cluster, Math.ceil((Number(values.mib) * 2 ** 20) / valueBytes / partitions));
  console.log(`${values.mib} MiB in ${partitions} partitions on each of ${brokers}: ${Math.round(performance.now() - began)} ms`);
  for (let i = 1; i <= Number(values.cycles); i++) {
    const figures = await cycle(cluster);
    console.log(`cycle ${i}: ${[...figures].map(([what, ms]) => `${what} ${ms} ms`).join(', ')}`);
  }
  await cluster.close();
} finally {
  for (const broker of [...children.keys()]) await kill(broker);
  if (values.keep) console.log(`data, ports ${ports.join(' ')}: ${directory}`);
}
