/**
 * What must hold in the moment in which somebody takes over: a replica that becomes leader, a coordinator that has loaded its
 * groups, a log that was opened or cut.
 *
 *   LeaderKeepsHighWatermark  a replica that becomes leader goes on from the high watermark that it knew (A19)
 *   LeaderKnowsNobodyYet      a leader of a new epoch believes no position of a follower from an epoch before (A14)
 *   LoadedIsCommitted         a coordinator serves groups only when all that it has loaded is committed (D2, A10)
 *   SnapshotsInLog            no producer snapshot is of a place behind the end of its log (B5)
 */
import type { BrokerServices, HostedPartition } from '@jackdaw/broker';
import type { PartitionLog } from '@jackdaw/log';
import type { PartitionLeader } from '@jackdaw/replication';
import { fail } from '../checks/check.ts';
import { Watch, type Family, type LiveNode } from '../checks/watch.ts';

type Shard = BrokerServices['groups'] extends { shards(): Iterable<infer S> } ? S : never;

/** A replica as it was after the last event of its node. */
interface Seen {
  log: PartitionLog | null;
  role: HostedPartition['role'] | null;
  highWatermark: number;
  truncations: number;
}

export function takeOverWatch(): Watch {
  return new Watch([new TakeOver()]);
}

export class TakeOver implements Family {
  readonly #seen = new WeakMap<HostedPartition, Seen>();
  readonly #served = new WeakSet<Shard>();

  onEvent(live: LiveNode): void {
    for (const hosted of live.services.replicas.partitions()) {
      let seen = this.#seen.get(hosted);
      if (seen === undefined) {
        seen = { log: null, role: null, highWatermark: 0, truncations: -1 };
        this.#seen.set(hosted, seen);
      }
      look(live, hosted, seen);
    }
    for (const shard of live.services.groups.shards()) {
      if (!shard.isActive || this.#served.has(shard)) continue;
      this.#served.add(shard);
      expectCommitted(live, shard);
    }
  }
}

function look(live: LiveNode, hosted: HostedPartition, seen: Seen): void {
  const { log, role } = hosted;
  const isNewLog = log !== seen.log;
  if (log !== null && !log.isOffline && (isNewLog || log.truncations !== seen.truncations)) {
    seen.truncations = log.truncations;
    expectSnapshotsInLog(live, log);
  }
  if (role !== seen.role) {
    if (role.kind === 'leader') {
      const who = `${live.label} begins to lead ${hosted.name} in epoch ${role.leader.leaderEpoch}`;
      expectNobodyKnown(who, role.leader);
      if (!isNewLog) expectKnownHighWatermark(who, role.leader, seen.highWatermark);
    }
    seen.role = role;
  }
  seen.log = log;
  seen.highWatermark = hosted.highWatermark;
}

function expectSnapshotsInLog({ label, node }: LiveNode, log: PartitionLog): void {
  const { directory, logEndOffset } = log;
  for (const { path } of node.disk.files()) {
    if (!path.endsWith('.snapshot') || !path.startsWith(`${directory}/`)) continue;
    if (Number(path.slice(directory.length + 1, -'.snapshot'.length)) <= logEndOffset) continue;
    fail('SnapshotsInLog', `${label}: the log of ${log.name} ends at ${logEndOffset}, and there is ${path}`);
  }
}

/** Followers report in events of their own, never in the one in which the role begins. */
function expectNobodyKnown(who: string, leader: PartitionLeader): void {
  for (const id of leader.replicas) {
    const position = leader.follower(id)?.fetchOffset ?? -1;
    if (position >= 0) fail('LeaderKnowsNobodyYet', `${who} and takes node ${id} to be at ${position}`);
  }
}

function expectKnownHighWatermark(who: string, leader: PartitionLeader, known: number): void {
  if (leader.highWatermark >= Math.min(known, leader.leaderEpochStartOffset)) return;
  fail('LeaderKeepsHighWatermark', `${who} with high watermark ${leader.highWatermark}, and knew ${known}`);
}

function expectCommitted({ services, label }: LiveNode, shard: Shard): void {
  const leader = services.groups.leaderOf(shard);
  if (leader === null || leader.isHighWatermarkReady) return;
  const { highWatermark, leaderEpochStartOffset } = leader;
  const loaded = `groups that it has loaded up to ${leaderEpochStartOffset}`;
  fail('LoadedIsCommitted', `${label} serves ${loaded}, and the high watermark is ${highWatermark}`);
}
