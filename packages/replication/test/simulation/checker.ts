/**
 * The named invariants of one replicated partition, looked at after every event of a simulation.
 *
 * `committed` is what any replica has ever seen below its high watermark: it is never taken back (ConsistentRead), and
 * every elected replica must hold it durably (LeaderCompleteness; with acknowledged records LeaderHasAllAckedValues).
 */
import type { PartitionLeader } from '../../src/index.ts';
import type { MemoryLog, MemoryRecord } from '../memory-log.ts';
import type { SimulatedReplica } from './simulated-replica.ts';

export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

export function expectInvariant(condition: boolean, name: string, detail: string): void {
  if (!condition) throw new InvariantViolation(`${name}: ${detail}`);
}

export class Checker {
  readonly committed: MemoryRecord[] = [];
  /** Records of produce requests that were answered with success, not yet compared with `committed`. */
  #newlyAcked: MemoryRecord[] = [];
  ackedCount = 0;
  /** Who led each epoch: a replica object of one incarnation. */
  readonly #leaders = new Map<number, string>();
  /** High watermark of each leader object when it was last looked at. */
  readonly #seen = new WeakMap<PartitionLeader, number>();
  readonly #committedAtElection = new Map<number, number>();
  /** Largest high watermark that clients could see, by leader epoch. */
  readonly #visible = new Map<number, number>();

  onAcked(records: readonly MemoryRecord[]): void {
    this.ackedCount += records.length;
    this.#newlyAcked.push(...records);
  }

  /** The controller has elected a replica: what it holds on disk is what counts from now on. */
  onElected(replica: SimulatedReplica, leaderEpoch: number): void {
    const { log, id } = replica;
    this.#committedAtElection.set(leaderEpoch, this.committed.length);
    expectInvariant(
      log.durableOffset >= this.committed.length,
      'LeaderHasAllAckedValues',
      `replica ${id} is elected with ${log.durableOffset} of ${this.committed.length} committed records`,
    );
    this.#expectHoldsCommitted(log, { upTo: this.committed.length, name: `elected replica ${id}` });
  }

  onBecameLeader(replica: SimulatedReplica, leaderEpoch: number): void {
    const name = `${replica.id} under broker epoch ${replica.brokerEpoch}`;
    expectInvariant(
      !this.#leaders.has(leaderEpoch),
      'NeverTwoLeadersInSameEpoch',
      `${name} and ${this.#leaders.get(leaderEpoch)} in epoch ${leaderEpoch}`,
    );
    this.#leaders.set(leaderEpoch, name);
    // It may hear of its election late, when there is a newer leader already that has committed more.
    const upTo = this.#committedAtElection.get(leaderEpoch) ?? 0;
    this.#expectHoldsCommitted(replica.log, { upTo, name: `leader ${name}` });
  }

  /** A leader has accepted a follower's position: up to there both logs are the same. */
  onAccepted(leader: MemoryLog, follower: { log: MemoryLog; upTo: number; id: number }): void {
    for (let offset = 0; offset < follower.upTo; offset++) {
      const mine = leader.at(offset);
      const theirs = follower.log.at(offset);
      expectInvariant(
        mine !== undefined && theirs !== undefined && mine.value === theirs.value && mine.epoch === theirs.epoch,
        'LogMatching',
        `offset ${offset} differs on replica ${follower.id} after an accepted fetch`,
      );
    }
  }

  afterEvent(replicas: readonly SimulatedReplica[]): void {
    for (const replica of replicas) this.#checkHighWatermark(replica);
    for (const { offset, value } of this.#newlyAcked) {
      const committed = this.committed[offset];
      expectInvariant(committed?.value === value, 'AckedIsCommitted', `offset ${offset} was acknowledged with value ${value}`);
    }
    this.#newlyAcked = [];
  }

  #checkHighWatermark(replica: SimulatedReplica): void {
    if (!replica.isUp) return;
    const { log, highWatermark, id } = replica;
    expectInvariant(
      highWatermark <= log.logEndOffset,
      'HighWatermarkInLog',
      `replica ${id}: ${highWatermark} > ${log.logEndOffset}`,
    );
    for (let offset = replica.checkedUpTo; offset < highWatermark; offset++) {
      const record = log.at(offset) as MemoryRecord;
      const committed = this.committed[offset];
      if (committed === undefined) this.committed.push(record);
      else expectInvariant(committed.value === record.value, 'ConsistentRead', `offset ${offset} changed on replica ${id}`);
    }
    replica.checkedUpTo = Math.max(replica.checkedUpTo, highWatermark);
    this.#checkMinIsr(replica);
    this.#checkVisible(replica);
  }

  /** A12: nothing is committed while the ISR is below its minimum. And a leader's high watermark never goes back. */
  #checkMinIsr({ leader, id }: SimulatedReplica): void {
    if (leader === null) return;
    const seen = this.#seen.get(leader) ?? leader.highWatermark;
    expectInvariant(leader.highWatermark >= seen, 'HighWatermarkGrows', `leader ${id}: ${leader.highWatermark} after ${seen}`);
    expectInvariant(leader.highWatermark === seen || !leader.isUnderMinIsr, 'StrictMinIsr', `leader ${id} commits below min ISR`);
    this.#seen.set(leader, leader.highWatermark);
  }

  /** A19: the high watermark that clients see does not go back with a new leader. */
  #checkVisible({ leader, id }: SimulatedReplica): void {
    if (leader === null || !leader.isHighWatermarkReady) return;
    for (const [epoch, seen] of this.#visible) {
      expectInvariant(
        epoch >= leader.leaderEpoch || seen <= leader.highWatermark,
        'VisibleHighWatermarkGrows',
        `leader ${id} of epoch ${leader.leaderEpoch} shows ${leader.highWatermark}, epoch ${epoch} showed ${seen}`,
      );
    }
    this.#visible.set(leader.leaderEpoch, leader.highWatermark);
  }

  #expectHoldsCommitted(log: MemoryLog, { upTo, name }: { upTo: number; name: string }): void {
    for (const { offset, value } of this.committed.slice(0, upTo)) {
      expectInvariant(log.at(offset)?.value === value, 'LeaderHasAllAckedValues', `${name} lacks committed offset ${offset}`);
    }
  }
}
