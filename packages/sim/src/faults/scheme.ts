/**
 * What faults in several steps are made of: waiting for the cluster to come somewhere, cutting machines off, choosing a
 * partition, reading it.
 */
import { Consumer } from '@jackdaw/client';
import type { PartitionRegistration } from '@jackdaw/metadata';
import { CorruptRecordError } from '@jackdaw/protocol';
import { SimClient } from '../node/sim-client.ts';
import type { SimNode } from '../node/sim-node.ts';
import { pick, type FaultContext } from './context.ts';

/** How often a scheme looks whether its next step is due, and for how long, virtual ms. */
export const pollMs = 10;
export const patienceMs = 3_000;

export interface Step {
  readonly isDue: () => boolean;
  readonly onDue: () => void;
  /** The cluster never came there, or the world was healed. */
  readonly otherwise?: () => void;
  readonly pollMs?: number;
}

export function when({ cluster }: FaultContext, { isDue, onDue, otherwise, pollMs: everyMs = pollMs }: Step): void {
  const { loop, network } = cluster.world;
  const deadlineMs = loop.nowMs + patienceMs;
  const look = (): void => {
    if (network.isHealed || loop.nowMs >= deadlineMs) otherwise?.();
    else if (isDue()) onDue();
    else loop.after(everyMs, { owner: null, label: 'scheme', callback: look });
  };
  look();
}

/** Shuts all ways between the nodes and the others; what is returned opens them, once. */
export function isolated(context: FaultContext, ...nodes: readonly SimNode[]): () => void {
  const { cluster } = context;
  const others = cluster.nodes.filter((other) => !nodes.includes(other));
  cluster.note('network', `${nodes.map(({ host }) => host).join()} alone`);
  return shut(
    context,
    nodes.flatMap(({ host }) => others.flatMap((other) => [[host, other.host] as const, [other.host, host] as const])),
  );
}

/** What is returned opens the ways, once. */
export function shut({ cluster, book }: FaultContext, ways: readonly (readonly [from: string, to: string])[]): () => void {
  const { network } = cluster.world;
  for (const [from, to] of ways) network.shut(from, to);
  let isOpen = false;
  const open = (): void => {
    if (isOpen) return;
    isOpen = true;
    for (const [from, to] of ways) network.open(from, to);
  };
  book.undoAfter(2 * patienceMs, open);
  return open;
}

export interface Placed {
  readonly topicId: string;
  readonly topic: string;
  readonly partition: number;
  readonly state: PartitionRegistration;
}

/** A planned partition that is led and for which `isFit` holds. */
export function pickPartition({ cluster, prng }: FaultContext, isFit: (state: PartitionRegistration) => boolean): Placed | null {
  const fit: Placed[] = [];
  for (const { name: topic } of cluster.plan.topics) {
    const image = cluster.image?.topicByName(topic) ?? null;
    for (const [partition, state] of image?.partitions ?? []) {
      if (state.leader >= 0 && isFit(state)) fit.push({ topicId: image?.id ?? '', topic, partition, state });
    }
  }
  return fit.length === 0 ? null : pick(prng, fit);
}

/** Somebody reads the partition from its beginning, by small pieces. Errors may come, but no batch that is damaged (B3). */
export function readAll({ cluster, prng }: FaultContext, { topic, partition }: Placed): void {
  const client = new SimClient({
    name: 'stranger',
    world: cluster.world,
    seed: prng.uint32(),
    bootstrap: cluster.bootstrap,
    settings: { connectTimeoutMs: 500, requestTimeoutMs: 1_000, retryBackoffMs: 50, deadlineMs: 1_000 },
  });
  const end = (): void => client.process.die('killed');
  const onError = (error: unknown): void => {
    end();
    if (error instanceof CorruptRecordError) cluster.world.loop.onUncaught?.(null, error);
  };
  client.process.after(readMs, 'end', end);
  client.spawn(async () => {
    const connection = await client.connect();
    const consumer = new Consumer(connection, { maxPartitionBytes: 100, autoOffsetReset: 'none' });
    consumer.assign([{ topic, partition, start: 'earliest' }]);
    for (;;) await consumer.poll(200);
  }, onError);
}

const readMs = 2_000;
