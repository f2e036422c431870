/**
 * A leader that hears neither a controller nor its followers: somebody else may lead its partitions by now (A26).
 *
 * Kafka's brokers let producers wait for their whole timeout then, and consumers for ever. Here a broker that no controller
 * has answered for a session sends away the producers that it cannot serve anyway, and the consumers that have read all it
 * has, so that they look for another leader. A controller alone that is away stops nobody: who can be served is served.
 */
import { ErrorCode } from '@jackdaw/protocol';
import type { PartitionLeader } from '@jackdaw/replication';
import type { BrokerServices } from '../broker-services.ts';

type Services = Pick<BrokerServices, 'clock' | 'lifecycle' | 'replicas'>;

/** Whether nothing that is appended here can be acknowledged before a controller is back. */
export function cannotAcknowledge({ clock, lifecycle }: Services, leader: PartitionLeader): boolean {
  return lifecycle.isOutOfTouch && leader.isHeldUp(clock.monotonicMs(), lifecycle.sessionTimeoutMs);
}

/** Whether there may be records that this leader does not know of. */
export function mayMissRecords({ lifecycle }: Services, leader: PartitionLeader): boolean {
  return lifecycle.isOutOfTouch && leader.replicas.length > 1;
}

/** Sends away the producers that wait for what cannot come. */
export function releaseCutOff(services: Services): void {
  if (!services.lifecycle.isOutOfTouch) return;
  for (const { leader } of services.replicas.partitions()) {
    if (leader === null || leader.waitingProducers === 0 || !cannotAcknowledge(services, leader)) continue;
    leader.failWaiting(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  }
}
