/**
 * A tiny correct controller for one partition: a list of metadata versions, each what the cluster knows at one moment.
 *
 * AlterPartition is a compare-and-set on both epochs; a member must be unfenced under the broker epoch that the leader
 * saw. Leaders come from the ISR only, each election has a new leader epoch, and the last member of the ISR stays in it
 * when it goes down. An incarnation of a broker that did not stop cleanly leaves the ISR when it registers (A18).
 */
import type { Prng } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import type { BrokerFacts, IsrProposal, PartitionState } from '../../src/index.ts';

export interface MetadataVersion {
  readonly state: PartitionState;
  readonly brokers: ReadonlyMap<number, BrokerFacts>;
}

export interface AlterPartition {
  readonly brokerId: number;
  readonly brokerEpoch: number;
  readonly proposal: IsrProposal;
}

export type AlterPartitionAnswer = { isr: readonly number[]; partitionEpoch: number; leaderEpoch: number } | { error: number };

export class SimulatedController {
  readonly versions: MetadataVersion[];
  readonly #prng: Prng;
  readonly #onElected: (leader: number, leaderEpoch: number) => void;
  #lastBrokerEpoch = 100;

  constructor(options: { ids: readonly number[]; prng: Prng; onElected: (leader: number, leaderEpoch: number) => void }) {
    this.#prng = options.prng;
    this.#onElected = options.onElected;
    const state = { leader: options.ids[0] ?? 0, leaderEpoch: 0, partitionEpoch: 0, replicas: options.ids, isr: options.ids };
    const facts = options.ids.map((id): [number, BrokerFacts] => [id, factsOf(++this.#lastBrokerEpoch)]);
    this.versions = [{ state, brokers: new Map(facts) }];
  }

  get current(): MetadataVersion {
    return this.versions.at(-1) as MetadataVersion;
  }

  factsOf(id: number): BrokerFacts {
    return this.current.brokers.get(id) as BrokerFacts;
  }

  /** A new incarnation; its broker epoch. It is fenced until it has heard of its own registration. */
  register(id: number, isClean: boolean): number {
    const brokerEpoch = ++this.#lastBrokerEpoch;
    const { isr } = this.current.state;
    this.#commit({ isr: isClean ? isr : withoutUnlessLast(isr, id), facts: [id, { ...factsOf(brokerEpoch), isFenced: true }] });
    return brokerEpoch;
  }

  fence(id: number): void {
    const { isr } = this.current.state;
    this.#commit({ isr: withoutUnlessLast(isr, id), facts: [id, { ...this.factsOf(id), isFenced: true }] });
  }

  unfence(id: number): void {
    this.#commit({ isr: this.current.state.isr, facts: [id, { ...this.factsOf(id), isFenced: false, isShuttingDown: false }] });
  }

  /** A controlled shutdown begins: the broker gives up leadership and membership while it still runs. */
  beginShutdown(id: number): void {
    const { isr } = this.current.state;
    this.#commit({ isr: withoutUnlessLast(isr, id), facts: [id, { ...this.factsOf(id), isShuttingDown: true }] });
  }

  /** Moves the leadership without any fault, as preferred-leader balancing does. */
  moveLeadership(): void {
    const { state } = this.current;
    const others = state.isr.filter((id) => id !== state.leader && this.#isActive(id, this.current.brokers));
    const leader = others[this.#prng.below(Math.max(1, others.length))];
    if (leader !== undefined) this.#commit({ isr: state.isr, leader });
  }

  alterPartition(request: AlterPartition): AlterPartitionAnswer {
    const { state } = this.current;
    const { proposal } = request;
    if (this.factsOf(request.brokerId).brokerEpoch !== request.brokerEpoch) return { error: ErrorCode.STALE_BROKER_EPOCH };
    if (proposal.leaderEpoch !== state.leaderEpoch || state.leader !== request.brokerId) {
      return { error: ErrorCode.FENCED_LEADER_EPOCH };
    }
    if (proposal.partitionEpoch !== state.partitionEpoch) return { error: ErrorCode.INVALID_UPDATE_VERSION };
    const isEligible = ({ brokerId, brokerEpoch }: { brokerId: number; brokerEpoch: number }): boolean =>
      this.#isActive(brokerId, this.current.brokers) && this.factsOf(brokerId).brokerEpoch === brokerEpoch;
    if (!proposal.isr.every(isEligible)) return { error: ErrorCode.INELIGIBLE_REPLICA };
    this.#commit({ isr: proposal.isr.map(({ brokerId }) => brokerId) });
    const after = this.current.state;
    return { isr: after.isr, partitionEpoch: after.partitionEpoch, leaderEpoch: after.leaderEpoch };
  }

  /** The next version: keeps the leader while it is active and in the ISR, otherwise elects another one or none. */
  #commit(change: { isr: readonly number[]; facts?: [number, BrokerFacts]; leader?: number }): void {
    const { state } = this.current;
    const brokers = new Map(this.current.brokers);
    if (change.facts !== undefined) brokers.set(...change.facts);
    const candidates = change.isr.filter((id) => this.#isActive(id, brokers));
    const isKept = candidates.includes(state.leader);
    const leader =
      change.leader ?? (isKept ? state.leader : (candidates[this.#prng.below(Math.max(1, candidates.length))] ?? -1));
    const hasChanged = leader !== state.leader || change.isr.join() !== state.isr.join();
    this.versions.push({
      state: {
        leader,
        leaderEpoch: leader === state.leader ? state.leaderEpoch : state.leaderEpoch + 1,
        partitionEpoch: hasChanged ? state.partitionEpoch + 1 : state.partitionEpoch,
        replicas: state.replicas,
        isr: change.isr,
      },
      brokers,
    });
    if (leader >= 0 && leader !== state.leader) this.#onElected(leader, this.current.state.leaderEpoch);
  }

  #isActive(id: number, brokers: ReadonlyMap<number, BrokerFacts>): boolean {
    const facts = brokers.get(id);
    return facts !== undefined && !facts.isFenced && !facts.isShuttingDown;
  }
}

function factsOf(brokerEpoch: number): BrokerFacts {
  return { brokerEpoch, isFenced: false, isShuttingDown: false };
}

function withoutUnlessLast(isr: readonly number[], id: number): readonly number[] {
  const others = isr.filter((member) => member !== id);
  return others.length === 0 ? isr : others;
}
