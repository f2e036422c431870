/**
 * BrokerHeartbeat (63): a broker says that it lives, how far it has followed the metadata, and what it wants.
 *
 * States as in Kafka's `BrokerHeartbeatManager`: fenced → unfenced once it has applied its own registration; unfenced →
 * controlled shutdown while it still leads something → shut down now, when its leaderships have moved and every active
 * broker has applied the moves, so that no client is told of the old leader any more (F12).
 */

import { expectDefined, sometimes } from '@jackdaw/base';
import type { BrokerHeartbeatRequest, BrokerHeartbeatResponseDraft } from '@jackdaw/protocol';
import type { BrokerRegistration, MetadataImage } from '../image.ts';
import { brokerRegistrationChange } from '../records.ts';
import type { ApiError } from './api-error.ts';
import {
  beginControlledShutdown,
  checkBrokerEpoch,
  fenceBroker,
  isLeadingAny,
  noteOfflineDirectories,
  unfenceBroker,
} from './broker-changes.ts';
import { Decision } from './decision.ts';
import type { FencingReason } from './events.ts';
import type { ControllerContext, OperationResult } from './operation.ts';

type Response = BrokerHeartbeatResponseDraft;
type BrokerState = 'fenced' | 'unfenced' | 'controlled-shutdown' | 'shutdown-now';

export function brokerHeartbeat(
  image: MetadataImage,
  request: BrokerHeartbeatRequest,
  context: ControllerContext,
): OperationResult<Response> {
  const { brokerId, brokerEpoch } = request;
  const decision = new Decision(image, context);
  const error = checkBrokerEpoch(image, brokerId, brokerEpoch);
  if (error !== null) return decision.result(failedBrokerHeartbeat(error));
  const broker = expectDefined(image.brokers.get(brokerId), 'a broker whose epoch was checked is registered');
  context.heartbeats.touch(brokerId, brokerEpoch, context.nowMs);
  const next = nextState(image, request, { context, broker });
  changeState(image, decision, { broker, next, reason: fencingReason(request, broker) });
  context.heartbeats.noteMetadataIndex(brokerId, request.currentMetadataOffset);
  if (next === 'controlled-shutdown') {
    const isChanging = decision.records.length > 0;
    context.heartbeats.noteControlledShutdown(brokerId, isChanging ? context.nextIndex : context.nextIndex - 1);
  }
  // A broker that was told to stop gives up its session: its successor need not wait for it to run out.
  if (next === 'shutdown-now') {
    sometimes('controller: broker let go');
    context.heartbeats.remove(brokerId);
  }
  noteOfflineDirectories(image, decision, { broker, offline: request.offlineLogDirs });
  noteCordonedDirectories(decision, { broker, cordoned: request.cordonedLogDirs });
  return decision.result({
    throttleTimeMs: 0,
    errorCode: 0,
    isCaughtUp: request.currentMetadataOffset >= broker.brokerEpoch,
    isFenced: next === 'fenced' || next === 'shutdown-now',
    shouldShutDown: next === 'shutdown-now',
  });
}

export function failedBrokerHeartbeat(error: ApiError): Response {
  return { throttleTimeMs: 0, errorCode: error.errorCode, isCaughtUp: false, isFenced: true, shouldShutDown: false };
}

interface Asked {
  readonly context: ControllerContext;
  readonly broker: BrokerRegistration;
}

function nextState(image: MetadataImage, request: BrokerHeartbeatRequest, { context, broker }: Asked): BrokerState {
  const wantFence = request.wantFence || hasLostAllDirectories(request, broker);
  if (broker.fenced) {
    if (request.wantShutDown) return 'shutdown-now';
    // Who began to shut down comes back only as a new incarnation: unfenced it would lead without being active.
    const mayUnfence = !wantFence && !broker.inControlledShutdown;
    return mayUnfence && request.currentMetadataOffset >= broker.brokerEpoch ? 'unfenced' : 'fenced';
  }
  const shutdownIndex = context.heartbeats.controlledShutdownIndexOf(broker.brokerId);
  if (shutdownIndex >= 0) {
    if (isLeadingAny(image, broker.brokerId)) return 'controlled-shutdown';
    const haveOthersSeen = shutdownIndex <= lowestActiveIndex(image, context);
    if (!haveOthersSeen) sometimes('controller: shutdown waits until others have noticed');
    return haveOthersSeen ? 'shutdown-now' : 'controlled-shutdown';
  }
  if (wantFence) return request.wantShutDown ? 'shutdown-now' : 'fenced';
  if (!request.wantShutDown) return 'unfenced';
  return isLeadingAny(image, broker.brokerId) ? 'controlled-shutdown' : 'shutdown-now';
}

function changeState(
  image: MetadataImage,
  decision: Decision,
  { broker, next, reason }: { broker: BrokerRegistration; next: BrokerState; reason: FencingReason },
): void {
  switch (next) {
    case 'fenced':
    case 'shutdown-now':
      if (!broker.fenced) fenceBroker(image, decision, { broker, reason });
      return;
    case 'unfenced':
      if (broker.fenced) {
        sometimes('controller: broker unfenced');
        unfenceBroker(image, decision, broker);
      }
      return;
    case 'controlled-shutdown':
      beginControlledShutdown(image, decision, broker);
  }
}

/** A broker that cannot store anything is as good as fenced, until it registers anew with a directory. */
function hasLostAllDirectories({ offlineLogDirs }: BrokerHeartbeatRequest, { logDirs }: BrokerRegistration): boolean {
  return logDirs.length > 0 && logDirs.every((directory) => offlineLogDirs.includes(directory));
}

function fencingReason(request: BrokerHeartbeatRequest, broker: BrokerRegistration): FencingReason {
  if (hasLostAllDirectories(request, broker)) return 'log-dirs-offline';
  return request.wantFence ? 'asked-to' : 'shutdown';
}

/** The metadata index that every active broker has said to have applied; unbounded when none is active. */
function lowestActiveIndex(image: MetadataImage, context: ControllerContext): number {
  let lowest = Number.MAX_SAFE_INTEGER;
  for (const { brokerId } of image.brokers.values()) {
    if (image.isActiveBroker(brokerId)) lowest = Math.min(lowest, context.heartbeats.metadataIndexOf(brokerId));
  }
  return lowest;
}

function noteCordonedDirectories(
  decision: Decision,
  { broker, cordoned }: { broker: BrokerRegistration; cordoned: readonly string[] | null },
): void {
  if (cordoned === null) return;
  const before = broker.cordonedLogDirs ?? [];
  const isSame = cordoned.length === before.length && cordoned.every((directory) => before.includes(directory));
  if (isSame && broker.cordonedLogDirs !== null) return;
  if (isSame && cordoned.length === 0) return;
  decision.push(brokerRegistrationChange(broker.brokerId, broker.brokerEpoch, { cordonedLogDirs: cordoned }));
}
