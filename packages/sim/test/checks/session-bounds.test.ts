/**
 * A leader that keeps a follower in the ISR that gets nothing: how long it may, and when it cannot know better. And a
 * controller that ends the session of a broker that is there: when it may, because it could not hear it.
 */
import { test } from 'node:test';
import type { MetadataSafety } from '../../src/checks/metadata-safety.ts';
import type { Reach } from '../../src/checks/reach.ts';
import { SessionBounds } from '../../src/checks/session-bounds.ts';
import type { LiveNode } from '../../src/checks/watch.ts';
import type { SimCluster } from '../../src/cluster/sim-cluster.ts';
import { bites } from './fakes.ts';

interface Circumstances {
  /** Since when the leader's disk is well, virtual ms. */
  readonly diskSinceMs?: number;
  /** Since when it is in touch with the controller. */
  readonly wellSinceMs?: number;
  readonly stragglerMs?: number;
}

/** Node 1 is the controller; node 3 leads, and node 2 is in the ISR and gets nothing from the beginning until so late. */
function keepsStuckFollower(untilMs: number, { diskSinceMs = 0, wellSinceMs = 0, stragglerMs = 0 }: Circumstances = {}): void {
  const loop = { nowMs: 0 };
  const network = { meanDelayMs: 0.5, stragglers: stragglerMs > 0 ? 0.1 : 0, stragglerMs };
  const knobs = { network, disk: { meanSyncMs: 0.5, stalls: 0, stallMs: 0 } };
  const plan = { knobs, faults: [], buggify: 0, settings: { 'broker.session.timeout.ms': '9000' } };
  const cluster = { world: { loop }, plan } as unknown as SimCluster;
  const zero = (): number => 0;
  const reach = {
    quorumSinceMs: zero,
    upSinceMs: zero,
    silentSinceMs: () => Infinity,
    wellSinceMs: () => wellSinceMs,
    diskSinceMs: () => diskSinceMs,
  };
  const leader = { committedIsr: [2, 3], follower: () => ({ durableOffset: 0 }) };
  const hosted = { role: { kind: 'leader', leader }, log: { logEndOffset: 32 }, topicName: 't1', partition: 0 };
  const live = (id: number, role: string, partitions: readonly object[]): LiveNode => {
    const quorum = { softState: { role, term: 1 } };
    const config = { view: { number: () => 300 } };
    const services = { quorum, image: () => ({ appliedTerm: 1 }), replicas: { partitions: () => partitions }, config };
    return { node: { id }, services, label: `node ${id}`, cluster } as unknown as LiveNode;
  };
  const bounds = new SessionBounds(reach as unknown as Reach, { image: { brokers: new Map() } } as unknown as MetadataSafety);
  bounds.onEvent(live(1, 'leader', []));
  bounds.onEvent(live(3, 'observer', [hosted]));
  for (; loop.nowMs <= untilMs; loop.nowMs += 50) bounds.onTime(cluster);
}

test('a follower that lacks the same records for too long is noticed (StuckFollowerLeavesIsr, A16)', () => {
  keepsStuckFollower(2_000);
  bites('StuckFollowerLeavesIsr', () => keepsStuckFollower(2_600));
});

test('a leader that may have been deposed is given time to hear of it, and to write that down (seeds 400145, 412472)', () => {
  keepsStuckFollower(4_900, { wellSinceMs: 4_000 });
  bites('StuckFollowerLeavesIsr', () => keepsStuckFollower(5_100, { wellSinceMs: 4_000 }));
  keepsStuckFollower(4_900, { diskSinceMs: 4_000 });
  bites('StuckFollowerLeavesIsr', () => keepsStuckFollower(5_100, { diskSinceMs: 4_000 }));
});

test('what was sent before a way opened may arrive as late as the latest messages of the run', () => {
  keepsStuckFollower(9_900, { wellSinceMs: 4_000, stragglerMs: 5_000 });
  bites('StuckFollowerLeavesIsr', () => keepsStuckFollower(10_100, { wellSinceMs: 4_000, stragglerMs: 5_000 }));
});

/** Node 1 is the controller and a broker, and ends a session at 10,000 ms; so do the times begin that are given. */
function endsSession(times: { readonly upSinceMs: number; readonly wellSinceMs?: number }): void {
  const { upSinceMs, wellSinceMs } = times;
  const ids = wellSinceMs === undefined ? [1] : [1, 2];
  const zeroKnobs = { rpc: { loss: 0, reordering: 0 }, network: { stragglers: 0 }, disk: { stalls: 0 } };
  const plan = { knobs: zeroKnobs, faults: [], buggify: 0, settings: { 'broker.session.timeout.ms': '1000' } };
  const loop = { nowMs: 0 };
  const cluster = { world: { loop }, plan, nodes: ids.map((id) => ({ id, isBroker: true, starts: 1 })) };
  const reach = { upSinceMs: () => upSinceMs, wellSinceMs: () => Math.max(upSinceMs, wellSinceMs ?? 0) };
  const brokers = new Map(ids.map((id) => [id, { brokerEpoch: id, fenced: false }]));
  const bounds = new SessionBounds(reach as unknown as Reach, { image: { brokers } } as unknown as MetadataSafety);
  bounds.onTime(cluster as unknown as SimCluster);
  loop.nowMs = 10_000;
  const live = { node: { id: 1 }, label: 'node 1', cluster } as unknown as LiveNode;
  bounds.onMark(live, 'controller: broker fenced because its session ended');
}

test('a session that ends although every broker was in touch is noticed (LivelyBrokerIsNotFenced, B19)', () => {
  bites('LivelyBrokerIsNotFenced', () => endsSession({ upSinceMs: 0, wellSinceMs: 7_000 }));
  endsSession({ upSinceMs: 0, wellSinceMs: 7_001 });
});

test('so is that of the only broker, the controller’s own, unless the process stood still (seed 702736)', () => {
  bites('LivelyBrokerIsNotFenced', () => endsSession({ upSinceMs: 7_000 }));
  endsSession({ upSinceMs: 7_001 });
  endsSession({ upSinceMs: Infinity });
});
