/**
 * The leader's view of the in-sync set: what the controller committed, and the one change it has been asked for.
 *
 * While a change is in flight its outcome is unknown, so everything that depends on the ISR uses the *maximal* set,
 * the union of both (A11, KIP-497). A change whose outcome stays unknown (controller lost, answer late) is proposed
 * again with the same partition epoch: the controller's compare-and-set makes that harmless (A15). A refusal that
 * says "your epoch is old" does not tell whether an earlier attempt went through; then the maximal set stays until
 * the metadata shows the newer partition epoch.
 */
import { assert, sometimes } from '@jackdaw/base';
import type { NodeId } from '@jackdaw/base';
import type { PartitionState } from './partition-state.ts';

type Pending =
  | { readonly kind: 'none' }
  | { readonly kind: 'inFlight'; readonly proposed: readonly NodeId[] }
  | { readonly kind: 'awaitingMetadata'; readonly proposed: readonly NodeId[] };

export class IsrState {
  #committed: ReadonlySet<NodeId>;
  #maximal: ReadonlySet<NodeId>;
  #partitionEpoch: number;
  #pending: Pending = { kind: 'none' };

  constructor(state: PartitionState) {
    this.#committed = new Set(state.isr);
    this.#maximal = this.#committed;
    this.#partitionEpoch = state.partitionEpoch;
  }

  get committed(): ReadonlySet<NodeId> {
    return this.#committed;
  }

  /** Committed ∪ proposed. */
  get maximal(): ReadonlySet<NodeId> {
    return this.#maximal;
  }

  /** In the maximal set and not in the committed one. */
  isOnlyProposed(id: NodeId): boolean {
    return this.#maximal.has(id) && !this.#committed.has(id);
  }

  get partitionEpoch(): number {
    return this.#partitionEpoch;
  }

  get hasPendingChange(): boolean {
    return this.#pending.kind !== 'none';
  }

  /** The set to send to the controller; undefined unless a change is in flight. */
  get proposed(): readonly NodeId[] | undefined {
    return this.#pending.kind === 'inFlight' ? this.#pending.proposed : undefined;
  }

  propose(isr: readonly NodeId[]): void {
    assert(this.#pending.kind === 'none', 'one ISR change at a time');
    this.#pending = { kind: 'inFlight', proposed: isr };
    this.#maximal = new Set([...this.#committed, ...isr]);
  }

  /**
   * The controller's answer to the change in flight. In the partition epoch that is known already it says that nothing had to
   * be changed: so it is when a leader says twice that it has recovered.
   */
  onAnswered(isr: readonly NodeId[], partitionEpoch: number): void {
    if (this.onCommitted(isr, partitionEpoch)) return;
    if (partitionEpoch !== this.#partitionEpoch || this.#pending.kind !== 'inFlight') return;
    this.#settle(this.#committed);
  }

  /** The metadata log says what is committed. Older news than what is known is ignored. */
  onCommitted(isr: readonly NodeId[], partitionEpoch: number): boolean {
    if (partitionEpoch < this.#partitionEpoch) sometimes('replication: older news of the ISR ignored');
    if (partitionEpoch <= this.#partitionEpoch) return false;
    this.#partitionEpoch = partitionEpoch;
    this.#settle(new Set(isr));
    return true;
  }

  /** The controller refused and certainly did not apply the change: back to the committed set. */
  onRefused(): void {
    sometimes('replication: ISR change refused');
    if (this.#pending.kind === 'inFlight') this.#settle(this.#committed);
  }

  /** The controller refused an outdated epoch: an earlier attempt may have gone through, so wait for the metadata. */
  onOutdated(): void {
    if (this.#pending.kind === 'inFlight') this.#pending = { kind: 'awaitingMetadata', proposed: this.#pending.proposed };
  }

  #settle(committed: ReadonlySet<NodeId>): void {
    this.#committed = committed;
    this.#maximal = committed;
    this.#pending = { kind: 'none' };
  }
}
