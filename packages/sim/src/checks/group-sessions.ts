/**
 * Sessions of group members, by how much virtual time has passed since their coordinator last began one anew.
 *
 *   MemberKeepsItsSession     nobody is expelled before its session timeout has passed (B19, D7)
 *   SilentMemberIsExpelled    nobody stays whose session timeout has passed
 */
import type { BrokerServices } from '@jackdaw/broker';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import { fail } from './check.ts';
import type { Reach } from './reach.ts';
import type { Family, LiveNode } from './watch.ts';

type Shard = BrokerServices['groups'] extends { shards(): Iterable<infer S> } ? S : never;
type Group = ReturnType<Shard['groups']> extends Iterable<infer G> ? G : never;
type Member = Group extends { readonly members: ReadonlyMap<string, infer M> } ? M : never;

interface Session {
  /** When the deadline stood where it does, on the coordinator's own clock. */
  readonly atMs: number;
  readonly sinceMs: number;
}

const expiredMark = 'groups: session of a member ended';
/** The slowest clocks, and the ticks at which sessions are looked at. */
const slackMs = 1_500;
const drift = 1.06;

export class GroupSessions implements Family {
  readonly #reach: Reach;
  readonly #sessions = new WeakMap<Member, Session>();
  readonly #live = new Set<LiveNode>();
  #nextLookMs = 0;

  constructor(reach: Reach) {
    this.#reach = reach;
  }

  onEvent(live: LiveNode): void {
    this.#live.add(live);
    const { nowMs } = live.cluster.world.loop;
    for (const { member } of membersOf(live)) {
      const { atMs } = member.session;
      if (this.#sessions.get(member)?.atMs !== atMs) this.#sessions.set(member, { atMs, sinceMs: nowMs });
    }
  }

  onDied(live: LiveNode): void {
    this.#live.delete(live);
  }

  /** Called before the member is gone, after its deadline was taken back. */
  onMark(live: LiveNode, name: string): void {
    if (name !== expiredMark) return;
    const { nowMs } = live.cluster.world.loop;
    for (const { member, group } of membersOf(live)) {
      const session = this.#sessions.get(member);
      if (member.session.atMs !== Infinity || session === undefined || session.atMs === Infinity) continue;
      const leastMs = member.sessionTimeoutMs / drift - 1;
      if (nowMs - session.sinceMs >= leastMs) continue;
      const detail = `${Math.round(nowMs - session.sinceMs)} ms after it was heard; its session is ${member.sessionTimeoutMs} ms`;
      fail('MemberKeepsItsSession', `${live.label} expels ${member.memberId} of ${group} ${detail}`);
    }
  }

  onTime(cluster: SimCluster): void {
    const { nowMs } = cluster.world.loop;
    if (nowMs < this.#nextLookMs) return;
    this.#nextLookMs = nowMs + 100;
    for (const live of this.#live) this.#expectEnds(live, nowMs);
  }

  #expectEnds(live: LiveNode, nowMs: number): void {
    for (const { member, group } of membersOf(live)) {
      const session = this.#sessions.get(member);
      if (session === undefined || session.atMs === Infinity || session.atMs !== member.session.atMs || member.isNew) continue;
      // A broker that stood still gives its members that time.
      const silentMs = nowMs - Math.max(session.sinceMs, this.#reach.upSinceMs(live.node.id));
      if (silentMs <= member.sessionTimeoutMs * drift + slackMs) continue;
      const detail = `was not heard for ${Math.round(silentMs)} ms; its session is ${member.sessionTimeoutMs} ms`;
      fail('SilentMemberIsExpelled', `${live.label}: member ${member.memberId} of ${group} ${detail}`);
    }
  }
}

function* membersOf({ services }: LiveNode): Iterable<{ member: Member; group: string }> {
  for (const shard of services.groups.shards()) {
    if (!shard.isActive) continue;
    for (const group of shard.groups()) {
      for (const member of group.members.values()) yield { member, group: group.groupId };
    }
  }
}
