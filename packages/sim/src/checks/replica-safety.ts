/**
 * What must hold in each replica of a partition by itself, from one event to the next.
 *
 *   HighWatermarkInLog        high watermark ≤ log end (A5)
 *   DurableInLog              what is called durable is in the log
 *   LogStartInOrder           log start ≤ high watermark; it never goes back (B14)
 *   HighWatermarkGrows        while a role lasts, its high watermark does not go back (A6)
 *   RolesGrow                 no node leads or follows in an older epoch than before, in whichever of its lives that was (A2, A8)
 *   LeaderAppendsOnly         a leader's log grows only
 *   StrictMinIsr              nothing is committed while the ISR is below its minimum (A12)
 *   MinIsrBeforeAppend        nothing is appended with acks=all while the ISR is below its minimum (A13)
 *   HighWatermarkIsDurable    a leader commits what every member of its maximal ISR holds durably (A11, B1)
 *   EpochsInLog               no leader epoch begins behind the end of the log that remembers it; nor at its end, when the log
 *                             was cut: only who begins to lead has an epoch without records (A2, B6)
 *   OwnDirectory              a log is in a directory that was made for its topic's id (A25)
 *   ReplicationQuorumSuperset the leader's maximal ISR covers the ISR that is registered
 */
import type { HostedPartition } from '@jackdaw/broker';
import type { PartitionLog } from '@jackdaw/log';
import type { MetadataImage } from '@jackdaw/metadata';
import type { PartitionLeader } from '@jackdaw/replication';
import { fail } from './check.ts';
import type { CommittedRecords } from './committed-records.ts';
import { isPageCacheRun, type GhostPartition, type GhostPartitions } from './ghost-partition.ts';
import type { Family, LiveNode } from './watch.ts';

/** A replica as it was after the last event of its node. */
export interface SeenReplica {
  readonly live: LiveNode;
  readonly ghost: GhostPartition;
  readonly hosted: HostedPartition;
  log: PartitionLog | null;
  role: HostedPartition['role'];
  highWatermark: number;
  logEnd: number;
  durable: number;
  logStart: number;
  truncations: number;
  maximalIsr: ReadonlySet<number> | null;
  partitionEpoch: number;
  /** Up to here the log was compared with what is committed. */
  checkedUpTo: number;
}

interface SeenNode {
  image: MetadataImage | null;
  applied: number;
  replicas: SeenReplica[];
}

export class ReplicaSafety implements Family {
  readonly #ghosts: GhostPartitions;
  readonly #records: CommittedRecords;
  readonly #seen = new Map<LiveNode, SeenNode>();

  constructor(ghosts: GhostPartitions, records: CommittedRecords) {
    this.#ghosts = ghosts;
    this.#records = records;
  }

  onStarted(live: LiveNode): void {
    this.#seen.set(live, { image: null, applied: -1, replicas: [] });
  }

  onEvent(live: LiveNode): void {
    const node = this.#seen.get(live);
    if (node === undefined) return;
    const image = live.services.image();
    if (image !== node.image || image.appliedIndex !== node.applied) this.#onImage(live, node, image);
    const { replicas } = node;
    for (let i = 0; i < replicas.length; i++) this.#look(replicas[i] as SeenReplica);
  }

  onDied(live: LiveNode): void {
    // What was synced in the event in which the process died may have been told to the leader in it.
    for (const seen of this.#seen.get(live)?.replicas ?? []) {
      this.#noteSynced(seen);
      noteHighWatermark(seen);
    }
    this.#seen.delete(live);
    if (isPageCacheRun(live.cluster)) this.#ghosts.lossy.add(live.node.id);
  }

  /** Partitions come and go with the metadata only. */
  #onImage(live: LiveNode, node: SeenNode, image: MetadataImage): void {
    node.image = image;
    node.applied = image.appliedIndex;
    const known = new Map(node.replicas.map((seen) => [seen.hosted, seen]));
    node.replicas = [];
    for (const hosted of live.services.replicas.partitions()) {
      const seen = known.get(hosted) ?? this.#begin(live, hosted);
      if (seen !== null) node.replicas.push(seen);
    }
  }

  #begin(live: LiveNode, hosted: HostedPartition): SeenReplica | null {
    const ghost = this.#ghosts.get(hosted.topicId, hosted.partition);
    if (ghost === undefined) return null;
    return {
      ...{ live, ghost, hosted, log: null, role: hosted.role },
      ...{ highWatermark: -1, logEnd: -1, durable: -1, logStart: -1, truncations: -1 },
      ...{ maximalIsr: null, partitionEpoch: -1, checkedUpTo: 0 },
    };
  }

  #look(seen: SeenReplica): void {
    const { hosted } = seen;
    const { log, role } = hosted;
    noteHighWatermark(seen);
    if (log === null) return;
    if (log.isOffline) return this.#noteSynced(seen);
    const { highWatermark } = hosted;
    const isSame =
      role === seen.role &&
      highWatermark === seen.highWatermark &&
      log.logEndOffset === seen.logEnd &&
      log.durableOffset === seen.durable &&
      log.logStartOffset === seen.logStart &&
      log.truncations === seen.truncations &&
      (role.kind !== 'leader' || role.leader.maximalIsr === seen.maximalIsr);
    if (!isSame) this.#onChanged(seen, log, highWatermark);
  }

  /** A failed or dead log may still have got further with a sync than it was last seen; or it failed while it was cut. */
  #noteSynced(seen: SeenReplica): void {
    const { log } = seen.hosted;
    const holder = seen.ghost.holders.get(seen.live.node.id);
    if (log === null || log !== seen.log || holder === undefined) return;
    const isCut = log.durableOffset < seen.durable;
    if (isCut) holder.survived = Math.min(holder.survived, log.durableOffset);
    holder.durable = isCut ? log.durableOffset : Math.max(holder.durable, log.durableOffset);
  }

  #onChanged(seen: SeenReplica, log: PartitionLog, highWatermark: number): void {
    const { hosted, ghost } = seen;
    const isNewLog = seen.log !== log;
    const isNewRole = hosted.role !== seen.role || isNewLog;
    if (isNewLog) this.#records.onOpened(seen, log);
    else this.#records.onLog(seen, log);
    const isExcused =
      this.#ghosts.mayHaveLost(seen.live.cluster, ghost) || this.#ghosts.hasLost(seen.live.cluster, seen.live.node.id);
    expectBounds(seen, log, highWatermark);
    if (isNewLog || log.truncations !== seen.truncations) expectEpochsInLog(seen, log);
    if (isNewLog) expectOwnDirectory(seen, log);
    if (isNewRole) expectNewerRole(seen);
    if (!isNewLog && !isExcused) expectOrder(seen, log, { highWatermark, isNewRole });
    const { role } = hosted;
    const { partitionEpoch } = seen;
    if (role.kind === 'leader') this.#onLeader(seen, role.leader, { isNewRole, highWatermark });
    if (role.kind === 'leader' && !isNewRole) expectMinIsr({ ...seen, partitionEpoch }, role.leader, log);
    seen.log = log;
    seen.role = role;
    seen.highWatermark = highWatermark;
    seen.logEnd = log.logEndOffset;
    seen.durable = log.durableOffset;
    seen.logStart = log.logStartOffset;
    seen.truncations = log.truncations;
    if (role.kind !== 'none') this.#records.onHighWatermark(seen, highWatermark);
  }

  #onLeader(seen: SeenReplica, leader: PartitionLeader, now: { isNewRole: boolean; highWatermark: number }): void {
    if (now.isNewRole) this.#records.onLeader(seen, leader);
    else if (now.highWatermark > seen.highWatermark) this.#onCommitted(seen, leader, now.highWatermark);
    if (leader.maximalIsr !== seen.maximalIsr) expectSuperset(seen.ghost, leader, seen.live.label);
    seen.maximalIsr = leader.maximalIsr;
    seen.partitionEpoch = leader.partitionEpoch;
    this.#records.onVisible(seen, leader);
  }

  #onCommitted({ live, ghost, partitionEpoch }: SeenReplica, leader: PartitionLeader, highWatermark: number): void {
    const who = `${live.label} leads ${ghost.name} in epoch ${leader.leaderEpoch}`;
    // The ISR may have changed on both sides of the commit; then nothing is known of it in between.
    if (leader.isUnderMinIsr && leader.partitionEpoch === partitionEpoch) {
      fail('StrictMinIsr', `${who} and commits ${highWatermark} with the ISR ${[...leader.committedIsr].join()}`);
    }
    for (const id of leader.maximalIsr) {
      const durable = ghost.holders.get(id)?.durable ?? 0;
      if (id === live.node.id || durable >= highWatermark || this.#ghosts.hasLost(live.cluster, id)) continue;
      fail('HighWatermarkIsDurable', `${who} and commits ${highWatermark}, while node ${id} of its ISR holds ${durable}`);
    }
  }
}

/** Leader epochs that the log remembers begin within it. */
function expectEpochsInLog({ live, ghost, hosted, ...seen }: SeenReplica, log: PartitionLog): void {
  const latest = log.latestEpoch();
  const end = log.logEndOffset;
  if (latest === null) return;
  const isCut = seen.log === log && end < seen.logEnd && hosted.role.kind === 'follower';
  if (log.epochForOffset(end) === latest && !(isCut && log.epochForOffset(end - 1) !== latest)) return;
  const where = isCut ? 'not before' : 'behind';
  fail('EpochsInLog', `${ghost.name} on ${live.label}: epoch ${latest} begins ${where} the log's end, ${end}`);
}

function expectNewerRole({ live, ghost, hosted: { role } }: SeenReplica): void {
  if (role.kind === 'none') return;
  const { leaderEpoch } = role.kind === 'leader' ? role.leader : role.follower;
  const newest = ghost.newestRoles.get(live.node.id) ?? -1;
  if (leaderEpoch >= newest) return void ghost.newestRoles.set(live.node.id, leaderEpoch);
  const was = `and had a role in epoch ${newest} before`;
  fail('RolesGrow', `${live.label} is a ${role.kind} of ${ghost.name} in epoch ${leaderEpoch}, ${was}`);
}

function expectOwnDirectory({ live, ghost, hosted }: SeenReplica, log: PartitionLog): void {
  const bytes = live.node.disk.contentOf(`${log.directory}/partition.metadata`);
  if (bytes === null || Buffer.from(bytes).includes(hosted.topicId) || live.cluster.damaged.has(live.node.id)) return;
  fail('OwnDirectory', `${ghost.name} on ${live.label}, of topic ${hosted.topicId}, is in the directory of another topic`);
}

/** Looks only where every client asks for acks=all. */
function expectMinIsr({ live, ghost, logEnd, partitionEpoch }: SeenReplica, leader: PartitionLeader, log: PartitionLog): void {
  if (log.logEndOffset <= logEnd || !leader.isUnderMinIsr || leader.partitionEpoch !== partitionEpoch) return;
  if (live.cluster.plan.workload.weakSenders > 0) return;
  fail(
    'MinIsrBeforeAppend',
    `${live.label} leads ${ghost.name} and appends at ${logEnd} with the ISR ${[...leader.committedIsr].join()}`,
  );
}

function noteHighWatermark({ ghost, hosted }: SeenReplica): void {
  if (hosted.highWatermark > ghost.highestWatermark) ghost.highestWatermark = hosted.highWatermark;
}

/** The members of the registered ISR are all counted by whoever leads in the registered epoch. */
export function expectSuperset(ghost: GhostPartition, leader: PartitionLeader, label: string): void {
  const { leaderEpoch, isr } = ghost.registration;
  if (leader.leaderEpoch !== leaderEpoch || isr.every((id) => leader.maximalIsr.has(id))) return;
  const counted = [...leader.maximalIsr].join();
  fail('ReplicationQuorumSuperset', `${ghost.name}: the ISR is ${isr.join()}, and its leader, ${label}, counts ${counted}`);
}

function expectBounds({ live, ghost, hosted }: SeenReplica, log: PartitionLog, highWatermark: number): void {
  const { logEndOffset, durableOffset, logStartOffset } = log;
  const who = `${ghost.name} on ${live.label}`;
  if (durableOffset > logEndOffset)
    fail('DurableInLog', `${who}: durable up to ${durableOffset}, the log ends at ${logEndOffset}`);
  if (hosted.role.kind === 'none') return;
  if (highWatermark > logEndOffset) {
    fail('HighWatermarkInLog', `${who}: high watermark ${highWatermark}, the log ends at ${logEndOffset}`);
  }
  if (logStartOffset > highWatermark) {
    fail('LogStartInOrder', `${who}: the log starts at ${logStartOffset}, the high watermark is ${highWatermark}`);
  }
}

function expectOrder(seen: SeenReplica, log: PartitionLog, now: { highWatermark: number; isNewRole: boolean }): void {
  const who = `${seen.ghost.name} on ${seen.live.label}`;
  if (log.logStartOffset < seen.logStart) {
    fail('LogStartInOrder', `${who}: the log start went from ${seen.logStart} back to ${log.logStartOffset}`);
  }
  if (now.isNewRole) return;
  const { kind } = seen.role;
  if (kind === 'none') return;
  if (now.highWatermark < seen.highWatermark) {
    fail(
      'HighWatermarkGrows',
      `${who}: the high watermark of its ${kind} went from ${seen.highWatermark} to ${now.highWatermark}`,
    );
  }
  if (kind === 'leader' && log.logEndOffset < seen.logEnd) {
    fail('LeaderAppendsOnly', `${who}: the log of its leader ended at ${seen.logEnd}, and now at ${log.logEndOffset}`);
  }
}
