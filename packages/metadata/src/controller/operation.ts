/**
 * The shape of a controller operation: `(image, request, context) → {records, response, events}`.
 *
 * An operation only reads the image and decides; the records change it, when they are replayed. Everything that is not
 * a function of the image (time, randomness, liveness, the controller's own settings) comes in through the context.
 */

import type { NodeId, Prng, RaftIndex } from '@jackdaw/base';
import type { ConfigMap } from '../config/config-view.ts';
import type { MetadataRecord } from '../records.ts';
import type { BrokerHeartbeats } from './broker-heartbeats.ts';
import type { ControllerEvent } from './events.ts';

/** What the active controller was started with. */
export interface ControllerSettings {
  /**
   * Broker configurations that were set by flags, environment or file, valid and without defaults: the lowest layer
   * below dynamic broker, cluster-wide and topic overrides, which are in the image.
   */
  readonly staticConfig: ConfigMap;
}

export interface ControllerContext {
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  readonly prng: Prng;
  /** A fresh random uuid in Kafka's text form. */
  readonly newUuid: () => string;
  readonly settings: ControllerSettings;
  readonly heartbeats: BrokerHeartbeats;
  readonly controllerId: NodeId;
  /** Index that the Raft entry with this operation's records will have; it becomes a new broker's epoch. */
  readonly nextIndex: RaftIndex;
  /** Version of the request; operations without one take the newest. */
  readonly apiVersion: number;
}

export interface OperationResult<Response> {
  /** To be committed as one entry before the response leaves; empty when nothing changes. */
  readonly records: readonly MetadataRecord[];
  readonly response: Response;
  readonly events: readonly ControllerEvent[];
}

/** What `ActiveController.handle` takes: a request of the Kafka protocol, decoded, and what the moment adds to it. */
export interface ControllerRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  /** The decoded request body that belongs to the key. */
  readonly body: unknown;
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  /** Index that the next proposed Raft entry will have. */
  readonly nextIndex: RaftIndex;
}

/** What the driver does with a decision. */
export interface ControllerDecision {
  /**
   * Payloads of Raft entries to propose at once, in this order, from `nextIndex` on. Empty: nothing changes and the
   * response may leave as soon as everything proposed before is committed.
   */
  readonly entries: readonly Uint8Array[];
  /** The records in all entries together, for logs and tests. */
  readonly records: readonly MetadataRecord[];
  /** To be logged and counted when the last entry is committed. */
  readonly events: readonly ControllerEvent[];
}

/** A decision that answers a request: the response leaves when the last entry is committed. */
export interface ControllerReply extends ControllerDecision {
  /** The response body that belongs to the request's key. */
  readonly response: unknown;
}
