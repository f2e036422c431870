/**
 * One member of a classic group: what it said about itself, what it was assigned, and the requests of it that wait.
 */
import type { Deadline } from '../deadlines.ts';
import type { JoinGroupProtocol, JoinGroupResponse, SyncGroupResponse } from '../messages.ts';
import type { Reply } from '../shard-api.ts';

export const emptyBytes = new Uint8Array(0);

export interface ClassicMember {
  readonly memberId: string;
  /** Not null for a static member (KIP-345). */
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  readonly protocolType: string;
  /** In the member's order of preference. */
  protocols: readonly JoinGroupProtocol[];
  assignment: Uint8Array;
  /** The JoinGroup that waits for the generation to be formed. Changed by `ClassicGroup` only, which counts them. */
  awaitingJoin: Reply<JoinGroupResponse> | null;
  /** The SyncGroup that waits for the leader's assignment to be committed. */
  awaitingSync: Reply<SyncGroupResponse> | null;
  /** Until its first generation is formed, a member can expire even while it waits. */
  isNew: boolean;
  /** Fires when the member was not heard of for its session timeout. */
  readonly session: Deadline;
}

export interface MemberIdentity {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
}

/** A member that waits for the group cannot send heartbeats and needs none, unless it is new. */
export function hasSatisfiedHeartbeat(member: ClassicMember): boolean {
  return !member.isNew && (member.awaitingJoin !== null || member.awaitingSync !== null);
}

/** The metadata that the member gave for this protocol, or null when it does not support it. */
export function metadataFor(member: ClassicMember, protocolName: string): Uint8Array | null {
  return member.protocols.find((protocol) => protocol.name === protocolName)?.metadata ?? null;
}

/** Whether the member offers the very same protocols, in the same order, with the same metadata. */
export function offersSameProtocols(member: ClassicMember, protocols: readonly JoinGroupProtocol[]): boolean {
  return (
    member.protocols.length === protocols.length &&
    member.protocols.every((own, index) => {
      const other = protocols[index];
      return other !== undefined && own.name === other.name && isSameBytes(own.metadata, other.metadata);
    })
  );
}

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
