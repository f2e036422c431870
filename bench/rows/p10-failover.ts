/**
 * P10: SIGKILL of the broker that leads a partition, and of the active controller: the longest time between two
 * acknowledgements of a producer that writes to that partition (for the controller: to one that another broker leads).
 *
 * Each topic has one partition with a preferred leader of its own; before each cycle all leaders are the preferred ones.
 */
import { describeQuorum, electLeaders } from '@jackdaw/client';
import type { BenchCluster } from '../cluster/bench-cluster.ts';
import { percentile } from '../report/statistics.ts';
import { AckStream } from '../tools/ack-stream.ts';
import { BenchError } from '../run/bench-error.ts';
import { shippedSides, type Work } from '../run/work.ts';
import { uniqueName } from './topics.ts';

const cycles = 20;
const nodeIds = [1, 2, 3];
const acksBefore = 200;
/** So many acknowledgements after the kill, at 200 a second, that the gap is behind. */
const acksAfter = 300;
const gapTimeoutMs = 120_000;

export const failover: Work = {
  name: 'failover',
  title: 'SIGKILL of a leader and of the active controller under 200 records/s: longest gap between acknowledgements',
  rows: ['P10'],
  sides: shippedSides,
  figures: (['leader', 'controller'] as const).flatMap((victim) => [
    { row: 'P10', key: `gap.${victim}.p50`, label: `${victim} killed: gap p50`, unit: 's', better: 'less', goal: { value: 2 } },
    { row: 'P10', key: `gap.${victim}.p99`, label: `${victim} killed: gap p99`, unit: 's', better: 'less', goal: { value: 4 } },
  ]),
  async run(context) {
    const cluster = await context.own({ nodes: 3 });
    const topics = new Map(nodeIds.map((nodeId) => [nodeId, uniqueName(`p10-${nodeId}`)]));
    await cluster.createTopics(
      [...topics].map(([nodeId, name]) => ({ name, assignments: [[nodeId, ...nodeIds.filter((id) => id !== nodeId)]] })),
    );
    for (const victimKind of ['leader', 'controller'] as const) {
      const gaps: number[] = [];
      const count = context.scaled(cycles, 2);
      for (let i = 1; i <= count; i++) {
        context.progress(`${victimKind} killed, cycle ${i} of ${count}${gaps.length > 0 ? `, last gap ${gaps.at(-1)} ms` : ''}`);
        gaps.push(await gapOf(cluster, { topics, victimKind }));
      }
      context.record(`gap.${victimKind}.p50`, percentile(gaps, 50) / 1000);
      context.record(`gap.${victimKind}.p99`, percentile(gaps, 99) / 1000);
    }
  },
};

interface Cycle {
  readonly topics: ReadonlyMap<number, string>;
  readonly victimKind: 'leader' | 'controller';
}

/** Milliseconds of the gap. */
async function gapOf(cluster: BenchCluster, { topics, victimKind }: Cycle): Promise<number> {
  await preferredLeaders(cluster, [...topics.values()]);
  const { leaderId: controller } = await describeQuorum(await cluster.admin());
  const other = nodeIds.find((nodeId) => nodeId !== controller) as number;
  const victim = victimKind === 'controller' ? controller : other;
  const topic = topics.get(other);
  if (topic === undefined) throw new BenchError(`no topic is led by broker ${other}`);
  const acks = new AckStream(cluster.bootstrap, topic);
  try {
    await acks.whenAcked(0, acksBefore, gapTimeoutMs);
    const killedAtMs = Date.now();
    await cluster.broker(victim).stop('SIGKILL');
    await acks.whenAcked(killedAtMs, acksAfter, gapTimeoutMs);
    return acks.longestGapMs(killedAtMs);
  } finally {
    await acks.stop();
    if (!cluster.broker(victim).isRunning) cluster.broker(victim).start();
    await cluster.whenInSync([...topics.values()]);
  }
}

async function preferredLeaders(cluster: BenchCluster, topics: readonly string[]): Promise<void> {
  await cluster.whenInSync(topics);
  const admin = await cluster.admin();
  await electLeaders(
    admin,
    'preferred',
    topics.map((topic) => ({ topic, partition: 0 })),
  );
  await cluster.whenMetadata(topics, 'preferred leaders', ({ topics: found }) =>
    found.every(({ partitions }) => partitions.every(({ leaderId, replicas }) => leaderId === replicas[0])),
  );
}
