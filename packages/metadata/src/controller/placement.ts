/**
 * Where the replicas of new partitions go: Kafka's `StripedReplicaPlacer`.
 *
 * Racks take turns, and within a rack its brokers do, both from a random start that moves by one for each partition.
 * Fenced brokers are used only when a rack has no other left, and never for the first replica, which will lead. After
 * as many partitions as there are unfenced brokers everything is shuffled, so that pairs do not repeat.
 */

import type { NodeId, Prng } from '@jackdaw/base';

export interface UsableBroker {
  readonly brokerId: NodeId;
  readonly rack: string | null;
  readonly fenced: boolean;
}

export interface PlacementSpec {
  readonly partitionCount: number;
  readonly replicationFactor: number;
}

export type Placement =
  | { readonly ok: true; readonly assignments: readonly (readonly NodeId[])[] }
  /** Kafka's sentence that belongs to INVALID_REPLICATION_FACTOR. */
  | { readonly ok: false; readonly reason: string };

export function placeReplicas(spec: PlacementSpec, brokers: Iterable<UsableBroker>, prng: Prng): Placement {
  const racks = new RackList(brokers, prng);
  const { replicationFactor } = spec;
  if (replicationFactor <= 0) {
    return { ok: false, reason: `Invalid replication factor ${replicationFactor}: the replication factor must be positive.` };
  }
  if (racks.unfencedCount === 0) {
    return { ok: false, reason: 'All brokers are currently fenced, or have all their log directories cordoned.' };
  }
  if (replicationFactor > racks.totalCount) {
    const reason =
      `The target replication factor of ${replicationFactor} cannot be reached because only ` +
      `${racks.totalCount} broker(s) are registered or some brokers have all their log directories cordoned.`;
    return { ok: false, reason };
  }
  const assignments: (readonly NodeId[])[] = [];
  for (let i = 0; i < spec.partitionCount; i++) assignments.push(racks.place(replicationFactor));
  return { ok: true, assignments };
}

/** Brokers that take turns. In each round every one is given out once; a new round starts one further. */
class BrokerRing {
  #brokers: NodeId[] = [];
  #taken = 0;
  #start = 0;
  #round = 0;

  add(brokerId: NodeId): void {
    this.#brokers.push(brokerId);
  }

  initialize(prng: Prng): void {
    this.#brokers.sort((a, b) => a - b);
    if (this.#brokers.length > 0) this.#start = prng.below(this.#brokers.length);
  }

  shuffle(prng: Prng): void {
    this.#brokers = prng.shuffled(this.#brokers);
  }

  next(round: number): NodeId | null {
    const count = this.#brokers.length;
    if (count === 0) return null;
    if (this.#round !== round) {
      this.#round = round;
      this.#taken = 0;
      this.#start = (this.#start + 1) % count;
    }
    if (this.#taken >= count) return null;
    const brokerId = this.#brokers[(this.#taken + this.#start) % count] as NodeId;
    this.#taken++;
    return brokerId;
  }
}

interface Rack {
  readonly fenced: BrokerRing;
  readonly unfenced: BrokerRing;
}

class RackList {
  totalCount = 0;
  unfencedCount = 0;
  readonly #prng: Prng;
  #racks: Rack[];
  #round = 0;
  #start: number;

  constructor(brokers: Iterable<UsableBroker>, prng: Prng) {
    this.#prng = prng;
    const byName = new Map<string | null, Rack>();
    for (const { brokerId, rack: name, fenced } of brokers) {
      const rack = byName.get(name) ?? { fenced: new BrokerRing(), unfenced: new BrokerRing() };
      byName.set(name, rack);
      (fenced ? rack.fenced : rack.unfenced).add(brokerId);
      this.totalCount++;
      if (!fenced) this.unfencedCount++;
    }
    // The order must not depend on who registered first, for a seed to reproduce a run. No rack sorts first.
    const sorted = [...byName].toSorted(([a], [b]) => (a === b ? 0 : a === null || (b !== null && a < b) ? -1 : 1));
    this.#racks = sorted.map(([, rack]) => rack);
    for (const rack of this.#racks) {
      rack.fenced.initialize(prng);
      rack.unfenced.initialize(prng);
    }
    this.#start = this.#racks.length === 0 ? 0 : prng.below(this.#racks.length);
  }

  /** The replicas of the next partition; the caller has checked that there are enough brokers. */
  place(replicationFactor: number): NodeId[] {
    // A single unfenced broker has nothing to shuffle with, and starting its round anew would give it out never again.
    if (this.#round === this.unfencedCount && this.unfencedCount > 1) this.#shuffle();
    if (this.#start >= this.#racks.length) this.#start = 0;
    const first = this.#placeFirst();
    const replicas = [first.brokerId];
    let rackIndex = this.#start;
    // The rack that gave the leader is passed over once, so that replicas spread over racks.
    let passOver: number | null = first.rackIndex;
    while (replicas.length < replicationFactor) {
      if (rackIndex === passOver) {
        passOver = null;
      } else {
        const brokerId = this.#nextIn(rackIndex);
        if (brokerId !== null) replicas.push(brokerId);
      }
      rackIndex = (rackIndex + 1) % this.#racks.length;
    }
    this.#round++;
    this.#start++;
    return replicas;
  }

  #placeFirst(): { brokerId: NodeId; rackIndex: number } {
    let rackIndex = this.#start;
    for (;;) {
      const brokerId = this.#racks[rackIndex]?.unfenced.next(this.#round) ?? null;
      if (brokerId !== null) return { brokerId, rackIndex };
      rackIndex = (rackIndex + 1) % this.#racks.length;
    }
  }

  #nextIn(rackIndex: number): NodeId | null {
    const rack = this.#racks[rackIndex];
    return rack?.unfenced.next(this.#round) ?? rack?.fenced.next(this.#round) ?? null;
  }

  #shuffle(): void {
    this.#racks = this.#prng.shuffled(this.#racks);
    for (const rack of this.#racks) {
      rack.fenced.shuffle(this.#prng);
      rack.unfenced.shuffle(this.#prng);
    }
    this.#round = 0;
  }
}
