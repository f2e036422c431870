/**
 * Bounds in time of what brokers are held to: their sessions at the controller, and their place in an ISR.
 *
 *   SilentBrokerIsFenced     a broker that cannot have reached a working controller for its session is fenced (E13, A26)
 *   LivelyBrokerIsNotFenced  no session ends while the controller runs and every broker has reached it all the time (B19)
 *   StuckFollowerLeavesIsr   a follower that lacks the same records for replica.lag.time.max.ms is in no ISR (A16)
 */
import type { HostedPartition } from '@jackdaw/broker';
import type { PartitionLeader } from '@jackdaw/replication';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import { fail } from './check.ts';
import type { MetadataSafety } from './metadata-safety.ts';
import { isPunctual, latenessMs, straggleMs, type Reach } from './reach.ts';
import type { Family, LiveNode } from './watch.ts';

interface Behind {
  /** The leader's log end at `sinceMs`; less was replicated ever since. */
  readonly end: number;
  readonly sinceMs: number;
}

const drift = 1.06;
/** For looking at sessions and at ISRs, for a decision and its commit; a quorum that works takes less. */
const slackMs = 1_000;
const lookEveryMs = 50;
const sessionMark = 'controller: broker fenced because its session ended';
/** It then gives every broker a new session. */
const beginsAgainMark = 'broker: controller begins again from what is committed';

export class SessionBounds implements Family {
  readonly #reach: Reach;
  readonly #metadata: MetadataSafety;
  readonly #behind = new WeakMap<PartitionLeader, Map<number, Behind>>();
  #controller: LiveNode | null = null;
  #activeSinceMs = 0;
  /** Since when each broker is registered as it is now, and not fenced. */
  readonly #servesSince = new Map<number, { readonly brokerEpoch: number; readonly sinceMs: number }>();
  #nextLookMs = 0;
  readonly #live = new Set<LiveNode>();

  constructor(reach: Reach, metadata: MetadataSafety) {
    this.#reach = reach;
    this.#metadata = metadata;
  }

  onEvent(live: LiveNode): void {
    this.#live.add(live);
  }

  onDied(live: LiveNode): void {
    this.#live.delete(live);
    if (this.#controller === live) this.#controller = null;
  }

  onTime(cluster: SimCluster): void {
    const { nowMs } = cluster.world.loop;
    if (nowMs < this.#nextLookMs) return;
    this.#nextLookMs = nowMs + lookEveryMs;
    this.#noteController(nowMs);
    this.#noteBrokers(nowMs);
    if (this.#controller === null) return;
    const worksSinceMs = Math.max(this.#activeSinceMs, this.#reach.quorumSinceMs(this.#controller.node.id));
    if (nowMs - worksSinceMs < slackMs) return;
    this.#expectSilentFenced(cluster, this.#controller, worksSinceMs);
    for (const live of this.#live) this.#expectIsrs(live, this.#controller, worksSinceMs);
  }

  onMark(live: LiveNode, name: string): void {
    if (name === beginsAgainMark && live === this.#controller) this.#activeSinceMs = live.cluster.world.loop.nowMs;
    if (name !== sessionMark || !isPunctual(live.cluster)) return;
    const { cluster, node } = live;
    const { nowMs } = cluster.world.loop;
    const reach = this.#reach;
    const windowMs = Math.max(3_000, 3 * sessionMs(cluster));
    // One that stood still may look at sessions before it hears what came meanwhile, its own broker's word included.
    if (nowMs - reach.upSinceMs(node.id) < windowMs) return;
    for (const { id, isBroker, starts } of cluster.nodes) {
      if (id === node.id || !isBroker || starts === 0) continue;
      // One whose registration is not committed yet has a session, too, and nobody can tell how it went.
      const sinceMs = this.#servesSince.get(id)?.sinceMs ?? nowMs;
      if (nowMs - Math.max(sinceMs, reach.wellSinceMs(id, node.id)) < windowMs) return;
    }
    fail('LivelyBrokerIsNotFenced', `${live.label} ends a session, and has been in touch with all brokers for ${windowMs} ms`);
  }

  #noteController(nowMs: number): void {
    let active: LiveNode | null = null;
    for (const live of this.#live) {
      const { quorum, image } = live.services;
      const { role, term } = quorum.softState;
      if (role !== 'leader' || image().appliedTerm !== term) continue;
      if (active === null || term > active.services.quorum.softState.term) active = live;
    }
    if (active === this.#controller) return;
    this.#controller = active;
    this.#activeSinceMs = nowMs;
  }

  #noteBrokers(nowMs: number): void {
    const { brokers } = this.#metadata.image;
    for (const [id, { brokerEpoch, fenced }] of brokers) {
      if (fenced) this.#servesSince.delete(id);
      else if (this.#servesSince.get(id)?.brokerEpoch !== brokerEpoch) this.#servesSince.set(id, { brokerEpoch, sinceMs: nowMs });
    }
    for (const id of this.#servesSince.keys()) if (!brokers.has(id)) this.#servesSince.delete(id);
  }

  #expectSilentFenced(cluster: SimCluster, { node, label }: LiveNode, worksSinceMs: number): void {
    const { nowMs } = cluster.world.loop;
    const limitMs = sessionMs(cluster) * drift + slackMs + latenessMs(cluster);
    for (const [id, { sinceMs }] of this.#servesSince) {
      if (id === node.id) continue;
      const quietMs = nowMs - Math.max(sinceMs, worksSinceMs, this.#reach.silentSinceMs(id, node.id));
      if (quietMs <= limitMs) continue;
      fail('SilentBrokerIsFenced', `node ${id} cannot have reached ${label} for ${Math.round(quietMs)} ms and is not fenced`);
    }
  }

  #expectIsrs(live: LiveNode, controller: LiveNode, worksSinceMs: number): void {
    const { nowMs } = live.cluster.world.loop;
    const reach = this.#reach;
    // One that was deposed has to hear of it, and to write that down.
    const since = Math.max(worksSinceMs, reach.wellSinceMs(live.node.id, controller.node.id), reach.diskSinceMs(live.node.id));
    const isToldAll = nowMs - since >= slackMs + straggleMs(live.cluster);
    for (const hosted of live.services.replicas.partitions()) {
      if (hosted.role.kind !== 'leader') continue;
      const { leader } = hosted.role;
      let behind = this.#behind.get(leader);
      if (behind === undefined) this.#behind.set(leader, (behind = new Map<number, Behind>()));
      for (const id of leader.committedIsr) {
        if (id === live.node.id) continue;
        const lag = noteLag(behind, { id, hosted, leader, nowMs });
        if (lag === null) continue;
        const stuckMs = nowMs - Math.max(lag.sinceMs, reach.upSinceMs(live.node.id));
        if (stuckMs <= lagMs(live) * drift + slackMs + latenessMs(live.cluster) || !isToldAll) continue;
        if (live.cluster.plan.buggify > 0 && stuckMs <= lagMs(live) * drift + 5 * slackMs) continue;
        const detail = `node ${id} lacks ${lag.end} for ${Math.round(stuckMs)} ms and is in the ISR`;
        fail('StuckFollowerLeavesIsr', `${live.label} leads ${hosted.topicName}-${hosted.partition}: ${detail}`);
      }
    }
  }
}

interface Looked {
  readonly id: number;
  readonly hosted: HostedPartition;
  readonly leader: PartitionLeader;
  readonly nowMs: number;
}

/** Null while the follower has everything that was there at some earlier look. */
function noteLag(behind: Map<number, Behind>, { id, hosted, leader, nowMs }: Looked): Behind | null {
  const end = hosted.log?.logEndOffset ?? 0;
  const durable = leader.follower(id)?.durableOffset ?? -1;
  const known = behind.get(id);
  if (known !== undefined && durable < known.end) return known;
  behind.set(id, { end, sinceMs: nowMs });
  return null;
}

function sessionMs({ plan }: SimCluster): number {
  return Number(plan.settings['broker.session.timeout.ms']);
}

function lagMs({ services }: LiveNode): number {
  return services.config.view.number('replica.lag.time.max.ms');
}
