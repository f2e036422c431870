/**
 * What the active controller does unasked: fence brokers that fell silent, bring leaderships back to the preferred
 * replicas, and elect uncleanly where a topic allows it and nothing better is left.
 */

import { sometimes } from '@jackdaw/base';
import type { MetadataImage } from '../image.ts';
import { hasPreferredLeader } from '../partition-registration.ts';
import { noLeader } from '../records.ts';
import { fenceBroker, partitionsWhere } from './broker-changes.ts';
import { Decision } from './decision.ts';
import type { ControllerContext, OperationResult } from './operation.ts';

/** Elections that one round of rebalancing makes at most, so that clients are not all sent elsewhere at once. */
export const maxElectionsPerRound = 1_000;

/**
 * Fences the first broker whose session is over; null when none is. One at a time, so that the effects of the first
 * are in the image before the next is looked at.
 */
export function maybeFenceStaleBroker(image: MetadataImage, context: ControllerContext): OperationResult<null> | null {
  for (const { brokerId, brokerEpoch, streamBroken } of context.heartbeats.staleBrokers(context.nowMs)) {
    context.heartbeats.remove(brokerId);
    const broker = image.brokers.get(brokerId);
    if (broker === undefined || broker.brokerEpoch !== brokerEpoch || broker.fenced) continue;
    if (streamBroken) sometimes('controller: broker fenced because its stream broke');
    else sometimes('controller: broker fenced because its session ended');
    const decision = new Decision(image, context);
    fenceBroker(image, decision, { broker, reason: streamBroken ? 'stream-broken' : 'session-expired' });
    return decision.result(null);
  }
  return null;
}

/** Moves leaderships to the preferred replicas that can take them (`auto.leader.rebalance.enable`). */
export function balanceLeaders(image: MetadataImage, context: ControllerContext): OperationResult<null> {
  const decision = new Decision(image, context);
  for (const [topic, partitionId] of partitionsWhere(image, (registration) => !hasPreferredLeader(registration))) {
    if (decision.records.length >= maxElectionsPerRound) break;
    if (decision.changePartition(topic, partitionId, { election: 'preferred' }) !== null) {
      sometimes('controller: leadership moved to the preferred replica');
    }
  }
  return decision.result(null);
}

/** Elects any live replica for partitions without a leader whose topic has `unclean.leader.election.enable`. */
export function electUncleanLeaders(image: MetadataImage, context: ControllerContext): OperationResult<null> {
  const decision = new Decision(image, context);
  for (const [topic, partitionId] of partitionsWhere(image, ({ leader }) => leader === noLeader)) {
    if (decision.records.length >= maxElectionsPerRound) break;
    if (!decision.electionConfig(topic).uncleanElection) continue;
    decision.changePartition(topic, partitionId, { election: 'unclean' });
  }
  return decision.result(null);
}
