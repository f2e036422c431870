/**
 * The quorum's state machine as a driver sees it. First published as signatures; the behaviour follows.
 */

import { assert, type NodeId, type RaftIndex } from '@jackdaw/base';
import type { RaftMessage } from './messages.ts';
import type { ProposeResult, RaftOptions, RaftStatus, ReadRequestResult, Ready, Snapshot } from './types.ts';

export class RaftNode {
  readonly #options: RaftOptions;
  constructor(options: RaftOptions) {
    this.#options = options;
  }
  /** One step of time. */
  tick(): void {}
  step(message: RaftMessage): void {
    assert(message.to === this.#options.id, 'misdelivered');
  }
  propose(_data: Uint8Array): ProposeResult {
    return { kind: 'notLeader', leaderId: null };
  }
  /** Asks for the index that a fresh read must have applied; answered in Ready.reads under the same readId. */
  requestRead(_readId: number): ReadRequestResult {
    return { kind: 'notLeader', leaderId: null };
  }
  /** False when this node does not lead or `to` cannot lead. */
  transferLeadership(_to: NodeId): boolean {
    return false;
  }
  campaign(): void {}
  hasReady(): boolean {
    return false;
  }
  ready(): Ready {
    throw new Error('unpublished');
  }
  /** What may be sent now, even while a Ready is being written: a slow disk must not silence heartbeats. */
  takeMessages(): RaftMessage[] {
    return [];
  }
  advance(_ready: Ready): void {}
  status(): RaftStatus {
    throw new Error('unpublished');
  }
  /** The snapshot of the application's state at `index` (≤ applied) to persist; then storage.saveSnapshot and compact. */
  createdSnapshot(_index: RaftIndex, _data: Uint8Array): Snapshot {
    throw new Error('unpublished');
  }
  reportUnreachable(_id: NodeId): void {}
  reportSnapshot(_id: NodeId, _ok: boolean): void {}
}
