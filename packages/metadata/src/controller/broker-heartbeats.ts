/**
 * Who is alive: the active controller's table of broker sessions. Not replicated; a new controller starts a new one
 * and gives every unfenced broker a full session to report.
 *
 * Monotonic milliseconds only (B19). Kafka keeps the same in `BrokerHeartbeatManager` and `BrokerHeartbeatTracker`;
 * here a broken heartbeat stream may end a session before its time.
 */

import { sometimes } from '@jackdaw/base';
import type { NodeId, RaftIndex } from '@jackdaw/base';

interface Session {
  readonly brokerEpoch: number;
  /** When the broker was last heard. */
  contactMs: number;
  /** Highest metadata index that the broker said it has applied; −1 before its first heartbeat. */
  metadataIndex: RaftIndex;
  /** Index that every active broker must have applied before this one may stop; −1 when it is not shutting down. */
  controlledShutdownIndex: RaftIndex;
  /** When the session ends because its stream broke; null while it has not. */
  brokenUntilMs: number | null;
}

export interface SessionLimits {
  /** Silence after which a session is over: `broker.session.timeout.ms`. */
  readonly sessionTimeoutMs: number;
  /** How long after its heartbeat stream broke a broker may still come back: `broker.disconnect.fencing.ms`. */
  readonly brokenStreamGraceMs: number;
}

export class BrokerHeartbeats {
  /** By broker; one session each, so it is bounded by the number of registered brokers. */
  readonly #sessions = new Map<NodeId, Session>();
  readonly #limits: SessionLimits;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  /** The broker was heard from. A session of another epoch is replaced. */
  touch(brokerId: NodeId, brokerEpoch: number, nowMs: number): void {
    const session = this.#sessions.get(brokerId);
    if (session === undefined || session.brokerEpoch !== brokerEpoch) {
      this.#sessions.set(brokerId, {
        brokerEpoch,
        contactMs: nowMs,
        metadataIndex: -1,
        controlledShutdownIndex: -1,
        brokenUntilMs: null,
      });
      return;
    }
    if (session.brokenUntilMs !== null) sometimes('controller: broker came back within the grace for its stream');
    session.contactMs = nowMs;
    session.brokenUntilMs = null;
  }

  remove(brokerId: NodeId): void {
    this.#sessions.delete(brokerId);
  }

  /** Whether this incarnation was heard from within the session timeout: then its id is taken (E13). */
  hasValidSession(brokerId: NodeId, brokerEpoch: number, nowMs: number): boolean {
    const session = this.#sessions.get(brokerId);
    return session !== undefined && session.brokerEpoch === brokerEpoch && this.#deadline(session) >= nowMs;
  }

  noteMetadataIndex(brokerId: NodeId, index: RaftIndex): void {
    const session = this.#sessions.get(brokerId);
    if (session !== undefined) session.metadataIndex = index;
  }

  metadataIndexOf(brokerId: NodeId): RaftIndex {
    return this.#sessions.get(brokerId)?.metadataIndex ?? -1;
  }

  /** The broker began a controlled shutdown; it ends when every active broker has applied `index`. First call counts. */
  noteControlledShutdown(brokerId: NodeId, index: RaftIndex): void {
    const session = this.#sessions.get(brokerId);
    if (session !== undefined && session.controlledShutdownIndex < 0) session.controlledShutdownIndex = index;
  }

  controlledShutdownIndexOf(brokerId: NodeId): RaftIndex {
    return this.#sessions.get(brokerId)?.controlledShutdownIndex ?? -1;
  }

  /** The broker's heartbeat stream ended without a goodbye: it keeps a short grace in place of the full session. */
  streamBroken(brokerId: NodeId, nowMs: number): void {
    const session = this.#sessions.get(brokerId);
    if (session !== undefined) session.brokenUntilMs = nowMs + this.#limits.brokenStreamGraceMs;
  }

  /** The broker is known to be gone: its session is over now. */
  expire(brokerId: NodeId): void {
    const session = this.#sessions.get(brokerId);
    if (session !== undefined) session.brokenUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** Brokers whose session is over, in the order in which they registered. */
  staleBrokers(nowMs: number): { brokerId: NodeId; brokerEpoch: number; streamBroken: boolean }[] {
    const stale = [];
    for (const [brokerId, session] of this.#sessions) {
      if (this.#deadline(session) >= nowMs) continue;
      stale.push({ brokerId, brokerEpoch: session.brokerEpoch, streamBroken: session.brokenUntilMs !== null });
    }
    return stale;
  }

  /** When the next session may end, in monotonic milliseconds; null when there is none. */
  nextDeadlineMs(): number | null {
    let earliest: number | null = null;
    for (const session of this.#sessions.values()) {
      const deadline = this.#deadline(session);
      if (earliest === null || deadline < earliest) earliest = deadline;
    }
    return earliest;
  }

  #deadline(session: Session): number {
    const byTime = session.contactMs + this.#limits.sessionTimeoutMs;
    return session.brokenUntilMs === null ? byTime : Math.min(byTime, session.brokenUntilMs);
  }
}
