/**
 * The quorum's messages as a check may look at them: on their way out of a process, and just before a process gets them.
 *
 * It is the only way to know what a voter was asked and told; who listens changes nothing and throws nothing.
 */
import type { SimProcess } from './process.ts';

/** Of RaftFrame in the broker, what checks ask for: of the kinds, exactly one is there. */
export interface QuorumFrame {
  readonly from: number;
  readonly to: number;
  readonly term?: number | null;
  readonly preVote?: object | null;
  readonly preVoteReply?: { readonly isGranted: boolean } | null;
  readonly vote?: { readonly isTransfer: boolean } | null;
  readonly voteReply?: { readonly isGranted: boolean } | null;
  readonly append?: object | null;
  readonly heartbeat?: object | null;
  readonly snapshot?: object | null;
  readonly timeoutNow?: object | null;
}

export interface QuorumTap {
  onSent(process: SimProcess, frame: QuorumFrame): void;
  /** Called before the process does anything about it. */
  onDelivered(process: SimProcess, frame: QuorumFrame): void;
}
