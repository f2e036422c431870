/**
 * The controller while its node leads the metadata quorum: what the driver makes when it has won and drops when it has
 * lost.
 *
 * It decides on a speculative image: a copy of the committed one with everything proposed since on top, so that two
 * requests in a row see each other's effects before either is committed. The committed image is never touched, so
 * losing leadership needs no undoing (E11). Make it only when the own term's first entry is committed and applied: then
 * the committed image holds all that earlier leaders may have promised.
 */

import { assert, expectDefined, type NodeId, type Prng, type RaftIndex, type Term, sometimes } from '@jackdaw/base';
import type { MetadataImage } from '../image.ts';
import { encodeRecord, joinFrames } from '../record-codec.ts';
import type { MetadataRecord } from '../records.ts';
import { apiError } from './api-error.ts';
import { bootstrapRecords } from './bootstrap.ts';
import { BrokerHeartbeats } from './broker-heartbeats.ts';
import { operationByKey } from './dispatch.ts';
import { controllerConfigView } from './effective-config.ts';
import type {
  ControllerContext,
  ControllerDecision,
  ControllerReply,
  ControllerRequest,
  ControllerSettings,
  OperationResult,
} from './operation.ts';
import { balanceLeaders, electUncleanLeaders, maxElectionsPerRound, maybeFenceStaleBroker } from './periodic.ts';

export interface ActiveControllerOptions {
  /** The committed image, up to and including an entry of `term`. It is copied, never changed. */
  readonly image: MetadataImage;
  readonly term: Term;
  readonly controllerId: NodeId;
  readonly settings: ControllerSettings;
  readonly prng: Prng;
  /** A fresh random uuid in Kafka's text form. */
  readonly newUuid: () => string;
  /**
   * Incarnation of the broker in this very process; null on a node without one. An older one of the same node is then
   * known to be dead: it is fenced by the first `tick` and does not keep its successor waiting for a session timeout.
   */
  readonly localIncarnationId: string | null;
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  /** Largest payload of one Raft entry, in bytes; larger atomic changes are refused (E12). */
  readonly maxEntryBytes?: number;
}

/** When a decision is asked for, and which index its first entry will have. */
export interface ControllerMoment {
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  readonly nextIndex: RaftIndex;
}

export const defaultMaxEntryBytes = 4 * 1024 * 1024;
/** How often partitions without a leader are looked at again for an unclean election. */
export const uncleanElectionIntervalMs = 5_000;
/** Of a request whose version does not matter to the decision. */
const newestVersion = 0x7fff;

export class ActiveController {
  readonly #image: MetadataImage;
  readonly #options: ActiveControllerOptions;
  readonly #heartbeats: BrokerHeartbeats;
  readonly #maxEntryBytes: number;
  #nextBalanceMs: number;
  #nextUncleanElectionMs: number;

  constructor(options: ActiveControllerOptions) {
    const { nowMs } = options;
    this.#options = options;
    this.#image = options.image.clone();
    this.#maxEntryBytes = options.maxEntryBytes ?? defaultMaxEntryBytes;
    const view = controllerConfigView(this.#image, options);
    this.#heartbeats = new BrokerHeartbeats({
      sessionTimeoutMs: view.number('broker.session.timeout.ms'),
      brokenStreamGraceMs: view.number('broker.disconnect.fencing.ms'),
    });
    // Nobody has reported to this controller yet: whoever was alive gets a full session to do so.
    for (const { brokerId, brokerEpoch, incarnationId, fenced } of this.#image.brokers.values()) {
      if (fenced) continue;
      this.#heartbeats.touch(brokerId, brokerEpoch, nowMs);
      const isFormerSelf = brokerId === options.controllerId && incarnationId !== options.localIncarnationId;
      if (isFormerSelf) sometimes('controller: former process of the own broker fenced at once');
      if (isFormerSelf) this.#heartbeats.expire(brokerId);
    }
    this.#nextBalanceMs = nowMs + this.#balanceIntervalMs();
    this.#nextUncleanElectionMs = nowMs + uncleanElectionIntervalMs;
  }

  /** What is decided so far, committed or not. For decisions only: what clients are told comes from the committed image. */
  get image(): MetadataImage {
    return this.#image;
  }

  /** The first records of a new cluster; an empty decision when it exists already. */
  bootstrap(clusterId: string, moment: ControllerMoment): ControllerDecision {
    const records = bootstrapRecords(this.#image, clusterId, this.#context(moment, newestVersion));
    const parts = splitIntoEntries(records, this.#maxEntryBytes);
    return this.#propose({ records, response: null, events: [] }, parts, moment);
  }

  /** Answers a request whose key is in `controllerApiKeys`; its records are in effect for the next one. */
  handle(request: ControllerRequest): ControllerReply {
    const operation = expectDefined(operationByKey.get(request.apiKey), `the controller has no API ${request.apiKey}`);
    const result = operation.decide(this.#image, request.body, this.#context(request, request.apiVersion));
    const parts = splitIntoEntries(result.records, this.#maxEntryBytes);
    if (operation.isAtomic && parts.length > 1) {
      const error = apiError('POLICY_VIOLATION', 'Unable to perform excessively large batch operation.');
      return { entries: [], records: [], events: [], response: operation.refuse(error, request.body) };
    }
    return { ...this.#propose(result, parts, request), response: result.response };
  }

  /** The heartbeat stream of a broker ended unexpectedly. It is fenced soon unless it comes back; `tick` does it. */
  onBrokerStreamBroken(brokerId: NodeId, nowMs: number): void {
    sometimes('controller: stream of a broker broke');
    this.#heartbeats.streamBroken(brokerId, nowMs);
  }

  /** The process of a broker is known to be gone: it cannot come back within a grace, so the next `tick` fences it. */
  onBrokerGone(brokerId: NodeId): void {
    sometimes('controller: broker known to be gone');
    this.#heartbeats.expire(brokerId);
  }

  /** Does what is due: call it at {@link nextDeadlineMs} or somewhat later. */
  tick(moment: ControllerMoment): ControllerDecision {
    const decisions: ControllerDecision[] = [];
    const context = (): ControllerContext => {
      const taken = decisions.reduce((count, decision) => count + decision.entries.length, 0);
      return this.#context({ nowMs: moment.nowMs, nextIndex: moment.nextIndex + taken }, newestVersion);
    };
    const decide = (result: OperationResult<null>, at: ControllerContext): void => {
      const parts = splitIntoEntries(result.records, this.#maxEntryBytes);
      if (parts.length > 0) decisions.push(this.#propose(result, parts, at));
    };
    for (;;) {
      const at = context();
      const fenced = maybeFenceStaleBroker(this.#image, at);
      if (fenced === null) break;
      decide(fenced, at);
    }
    if (moment.nowMs >= this.#nextUncleanElectionMs) {
      const at = context();
      const elected = electUncleanLeaders(this.#image, at);
      decide(elected, at);
      this.#nextUncleanElectionMs = moment.nowMs + (isRoundFull(elected) ? 0 : uncleanElectionIntervalMs);
    }
    if (moment.nowMs >= this.#nextBalanceMs) {
      const at = context();
      const elected = balanceLeaders(this.#image, at);
      decide(elected, at);
      this.#nextBalanceMs = moment.nowMs + (isRoundFull(elected) ? 0 : this.#balanceIntervalMs());
    }
    return {
      entries: decisions.flatMap(({ entries }) => entries),
      records: decisions.flatMap(({ records }) => records),
      events: decisions.flatMap(({ events }) => events),
    };
  }

  /** When `tick` next has something to do, in monotonic milliseconds. */
  nextDeadlineMs(): number {
    // A session ends after its deadline, not at it.
    const session = this.#heartbeats.nextDeadlineMs();
    const periodic = Math.min(this.#nextBalanceMs, this.#nextUncleanElectionMs);
    return session === null ? periodic : Math.min(session + 1, periodic);
  }

  #context(moment: ControllerMoment, apiVersion: number): ControllerContext {
    const { prng, newUuid, settings, controllerId } = this.#options;
    const { nowMs, nextIndex } = moment;
    return { nowMs, nextIndex, apiVersion, prng, newUuid, settings, controllerId, heartbeats: this.#heartbeats };
  }

  /** Infinite while `auto.leader.rebalance.enable` is off. */
  #balanceIntervalMs(): number {
    const view = controllerConfigView(this.#image, this.#options);
    if (!view.boolean('auto.leader.rebalance.enable')) return Number.POSITIVE_INFINITY;
    return view.number('leader.imbalance.check.interval.seconds') * 1_000;
  }

  /** Replays the records into the speculative image, entry by entry, and encodes the entries. */
  #propose(
    { records, events }: OperationResult<unknown>,
    parts: readonly EntryPart[],
    { nextIndex }: ControllerMoment,
  ): ControllerDecision {
    const { appliedIndex } = this.#image;
    assert(parts.length === 0 || nextIndex > appliedIndex, `index ${nextIndex} is taken: ${appliedIndex} was proposed already`);
    const entries = parts.map((part, i) => {
      this.#image.applyEntry({ index: nextIndex + i, term: this.#options.term, records: part.records });
      return joinFrames(part.frames);
    });
    return { entries, records, events };
  }
}

/** There may be more to elect: the next tick goes on. */
function isRoundFull({ records }: OperationResult<null>): boolean {
  return records.length >= maxElectionsPerRound;
}

/** The records of one entry, and their bytes. */
interface EntryPart {
  readonly records: MetadataRecord[];
  readonly frames: Uint8Array[];
}

/** As few entries as the limit allows; the order of records stays. */
function splitIntoEntries(records: readonly MetadataRecord[], maxEntryBytes: number): EntryPart[] {
  /** The format byte, or the length before a record; generously. */
  const framingBytes = 5;
  const parts: EntryPart[] = [];
  let sizeBytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const frame = encodeRecord(record);
    if (sizeBytes + frame.length + framingBytes > maxEntryBytes) {
      parts.push({ records: [], frames: [] });
      sizeBytes = framingBytes;
    }
    const part = expectDefined(parts.at(-1), 'the first record opens an entry');
    part.records.push(record);
    part.frames.push(frame);
    sizeBytes += frame.length + framingBytes;
  }
  return parts;
}
