/**
 * What must hold, as the run sees it: after each event, and at the end when the world is whole again.
 */
import type { SimCluster } from '../cluster/sim-cluster.ts';
import type { FaultAction } from '../faults/actions.ts';
import type { HistoryEvent } from '../history/history.ts';

/** A promise was broken. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure';
  /** Name of the check, as in the literature where there is one. */
  readonly check: string;

  constructor(check: string, detail: string) {
    super(detail);
    this.check = check;
  }
}

export interface Check {
  readonly name: string;
  /** Called after each event; must be cheap when nothing has changed. Throws {@link CheckFailure}. */
  afterEvent?(cluster: SimCluster): void;
  /** The product has come to the rare place of this name (`sometimes`), in the event that is under way. */
  onMark?(cluster: SimCluster, name: string): void;
  /** A client asks, or was told, something. */
  onHistory?(cluster: SimCluster, event: HistoryEvent): void;
  /** A fault begins. */
  onFault?(cluster: SimCluster, action: FaultAction): void;
  /** Called once, after the world is whole and has come to rest. */
  atEnd?(cluster: SimCluster): void;
}

/** Ends the run. Called where a check has found its promise broken, so that details cost nothing while all is well. */
export function fail(check: string, detail: string): never {
  throw new CheckFailure(check, detail);
}
