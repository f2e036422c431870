/**
 * Committed records, followed over all replicas: what was below any high watermark once stays as it is, everywhere.
 *
 *   LogMatching                 a batch at one offset of one epoch is the same everywhere, and follows one of the same epoch
 *   ConsistentRead              an offset below a high watermark never changes (A20)
 *   DurableSurvives             a restart finds every record that had been durable (B1, B2)
 *   NeverTwoLeadersInSameEpoch  one role object of one start leads in a leader epoch (A9)
 *   LeaderIsElected             nobody leads that was not elected
 *   LeaderHasAllAckedValues     who becomes leader holds all that was committed when it was elected
 *   LeaderCandidateCompleteness so does, durably, every member of ISR and ELR at any time (Vanlightly)
 *   VisibleHighWatermarkGrows   what clients may see as the end does not go back with a new leader (A10, A19)
 */
import type { PartitionLog } from '@jackdaw/log';
import type { PartitionLeader } from '@jackdaw/replication';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import { fail } from './check.ts';
import type { GhostPartition, GhostPartitions, Holder } from './ghost-partition.ts';
import { describeBatch, isSameBatch, LogMirror, type BatchMark } from './log-mirror.ts';
import type { SeenReplica } from './replica-safety.ts';

export class CommittedRecords {
  readonly #ghosts: GhostPartitions;

  constructor(ghosts: GhostPartitions) {
    this.#ghosts = ghosts;
  }

  /** The log was opened, and so recovered, in a new start of its node. */
  onOpened(seen: SeenReplica, log: PartitionLog): void {
    const { ghost, live } = seen;
    const former = ghost.holders.get(live.node.id);
    const survived = Math.min(former?.durable ?? 0, log.logEndOffset);
    const holder: Holder = { durable: Math.max(log.durableOffset, survived), survived, mirror: new LogMirror(log) };
    ghost.holders.set(live.node.id, holder);
    this.#read(seen, holder, log);
    if (former === undefined || this.#isLost(seen)) return;
    if (log.logEndOffset < former.durable) {
      fail(
        'DurableSurvives',
        `${nameOf(seen)}: durable up to ${former.durable}, and after the restart it ends at ${log.logEndOffset}`,
      );
    }
    expectPrefix({ of: former.mirror.batches, upTo: former.durable }, holder.mirror, {
      check: 'DurableSurvives',
      who: `${nameOf(seen)} after a restart`,
      from: log.logStartOffset,
    });
  }

  /** The log has grown, was cut or was synced. */
  onLog(seen: SeenReplica, log: PartitionLog): void {
    const holder = seen.ghost.holders.get(seen.live.node.id);
    if (holder === undefined) return;
    const before = holder.durable;
    holder.survived = Math.min(holder.survived, log.logEndOffset);
    holder.durable = Math.max(log.durableOffset, holder.survived);
    this.#read(seen, holder, log);
    if (holder.durable < before) this.expectCandidates(seen.ghost, seen.live.cluster);
  }

  #read({ ghost, live }: SeenReplica, { mirror }: Holder, log: PartitionLog): void {
    const isLost = live.cluster.damaged.has(live.node.id);
    mirror.sync(log, live.node.disk, (batch) => {
      let byEpoch = ghost.written.get(batch.baseOffset);
      if (byEpoch === undefined) ghost.written.set(batch.baseOffset, (byEpoch = new Map<number, BatchMark>()));
      const known = byEpoch.get(batch.leaderEpoch);
      if (isLost) return;
      if (known === undefined || known.epochBefore === undefined) byEpoch.set(batch.leaderEpoch, batch);
      if (known !== undefined) expectMatching(known, batch, `${ghost.name} on ${live.label}`);
    });
  }

  onLeader(seen: SeenReplica, leader: PartitionLeader): void {
    const { ghost, live } = seen;
    const { leaderEpoch } = leader;
    const known = ghost.leaders.get(leaderEpoch);
    if (known !== undefined && known.leader !== leader) {
      fail('NeverTwoLeadersInSameEpoch', `${ghost.name}: ${known.label} and ${live.label} lead in epoch ${leaderEpoch}`);
    }
    ghost.leaders.set(leaderEpoch, { leader, label: live.label });
    const elected = ghost.elected.get(leaderEpoch);
    if (elected !== live.node.id) {
      fail('LeaderIsElected', `${nameOf(seen)} leads in epoch ${leaderEpoch}, for which ${elected ?? 'nobody'} was elected`);
    }
    if (this.#ghosts.mayHaveLost(live.cluster, ghost)) return;
    const committedEnd = ghost.committedAtElection.get(leaderEpoch) ?? 0;
    const start = leader.leaderEpochStartOffset;
    if (start < committedEnd) {
      const detail = `leads in epoch ${leaderEpoch} from ${start} on, and up to ${committedEnd} all was committed`;
      fail('LeaderHasAllAckedValues', `${nameOf(seen)} ${detail}`);
    }
    const holder = ghost.holders.get(live.node.id);
    if (holder === undefined || this.#isLost(seen)) return;
    const prefix = { of: ghost.committed, upTo: committedEnd };
    const from = seen.hosted.log?.logStartOffset ?? 0;
    expectPrefix(prefix, holder.mirror, { check: 'LeaderHasAllAckedValues', who: `${nameOf(seen)}, now its leader`, from });
  }

  /** The replica believes that all below is committed. */
  onHighWatermark(seen: SeenReplica, highWatermark: number): void {
    if (highWatermark <= seen.checkedUpTo) return;
    const { ghost, live } = seen;
    const holder = ghost.holders.get(live.node.id);
    if (holder === undefined || this.#isLost(seen) || this.#ghosts.mayHaveLost(live.cluster, ghost)) return;
    const { batches } = holder.mirror;
    let end = ghost.committedEnd;
    const before = end;
    // What is deleted changes as it likes.
    const from = Math.max(seen.checkedUpTo, seen.hosted.log?.logStartOffset ?? 0);
    for (let i = holder.mirror.indexOf(from); i < batches.length; i++) {
      const batch = batches[i] as BatchMark;
      if (batch.nextOffset > highWatermark) break;
      if (batch.baseOffset >= end) {
        ghost.committed.push(batch);
        end = batch.nextOffset;
      } else this.#expectSame(seen, batch);
    }
    seen.checkedUpTo = highWatermark;
    if (end > before) this.expectCandidates(ghost, live.cluster);
  }

  #expectSame(seen: SeenReplica, batch: BatchMark): void {
    const known = committedAt(seen.ghost, batch.baseOffset);
    if (known !== undefined && isSameBatch(known, batch)) return;
    const expected = known === undefined ? 'nothing' : describeBatch(known);
    fail(
      'ConsistentRead',
      `${nameOf(seen)} has ${describeBatch(batch)} below its high watermark; ${expected} was committed there`,
    );
  }

  onVisible(seen: SeenReplica, leader: PartitionLeader): void {
    const { ghost, live } = seen;
    const { leaderEpoch, highWatermark } = leader;
    if (!leader.isHighWatermarkReady || ghost.visible.get(leaderEpoch) === highWatermark) return;
    ghost.visible.set(leaderEpoch, highWatermark);
    if (this.#ghosts.mayHaveLost(live.cluster, ghost)) return;
    for (const [epoch, shown] of ghost.visible) {
      if (epoch < leaderEpoch ? shown <= highWatermark : shown >= highWatermark) continue;
      const detail = `shows ${highWatermark} in epoch ${leaderEpoch}, and that of epoch ${epoch} showed ${shown}`;
      fail('VisibleHighWatermarkGrows', `${nameOf(seen)}, its leader, ${detail}`);
    }
  }

  /** Who may be elected cleanly, now or later, holds everything that is committed, whatever it knows of that. */
  expectCandidates(ghost: GhostPartition, cluster: SimCluster): void {
    const end = ghost.committedEnd;
    if (end === 0 || this.#ghosts.mayHaveLost(cluster, ghost)) return;
    const { isr, elr } = ghost.registration;
    for (const id of isr) this.#expectHolds(ghost, cluster, { id, end, set: 'ISR' });
    for (const id of elr) this.#expectHolds(ghost, cluster, { id, end, set: 'ELR' });
  }

  #expectHolds(ghost: GhostPartition, cluster: SimCluster, one: { id: number; end: number; set: string }): void {
    const durable = ghost.holders.get(one.id)?.durable ?? 0;
    if (durable >= one.end || this.#ghosts.hasLost(cluster, one.id)) return;
    const detail = `node ${one.id} is in the ${one.set} with ${durable} of ${one.end} committed offsets`;
    fail('LeaderCandidateCompleteness', `${ghost.name}: ${detail}`);
  }

  #isLost({ live }: SeenReplica): boolean {
    return this.#ghosts.hasLost(live.cluster, live.node.id);
  }
}

/** With what is before it, by induction: two logs that have this batch agree in everything below. */
function expectMatching(known: BatchMark, batch: BatchMark, who: string): void {
  if (!isSameBatch(known, batch)) fail('LogMatching', `${who}: ${describeBatch(batch)}, elsewhere ${describeBatch(known)}`);
  const [before, elsewhere] = [batch.epochBefore, known.epochBefore];
  if (before === undefined || elsewhere === undefined || before === elsewhere) return;
  fail('LogMatching', `${who}: ${describeBatch(batch)} follows a batch of epoch ${before}, elsewhere one of epoch ${elsewhere}`);
}

function nameOf({ ghost, live }: SeenReplica): string {
  return `${ghost.name} on ${live.label}`;
}

function committedAt({ committed }: GhostPartition, baseOffset: number): BatchMark | undefined {
  let low = 0;
  let high = committed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((committed[middle] as BatchMark).baseOffset < baseOffset) low = middle + 1;
    else high = middle;
  }
  return committed[low]?.baseOffset === baseOffset ? committed[low] : undefined;
}

/** The batches below an offset, as far as the log still goes back to them, are all in a mirror. */
export function expectPrefix(
  prefix: { of: readonly BatchMark[]; upTo: number },
  mirror: LogMirror,
  told: { check: string; who: string; from: number },
): void {
  let at = mirror.indexOf(told.from);
  if ((mirror.batches[at]?.baseOffset ?? told.from) < told.from) at++;
  for (const batch of prefix.of) {
    if (batch.nextOffset > prefix.upTo) return;
    if (batch.baseOffset < told.from) continue;
    const own = mirror.batches[at++];
    if (own !== undefined && isSameBatch(own, batch)) continue;
    const found = own === undefined ? 'nothing' : describeBatch(own);
    fail(told.check, `${told.who} has ${found} in the place of ${describeBatch(batch)}`);
  }
}
