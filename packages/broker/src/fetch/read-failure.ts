/**
 * What a failed read of one partition's log means for a request: an error of that partition, never of the whole request.
 *
 * A read that waits for the disk may find the files gone because the topic was deleted meanwhile; that is a lost role and
 * no fault. Everything else takes the partition out of service, as a failed append does (B9).
 */
import { StorageError } from '@jackdaw/log';
import { ErrorCode } from '@jackdaw/protocol';
import type { LedPartition } from '../api/topic-lookup.ts';
import type { BrokerServices } from '../broker-services.ts';

/** The partition's error code. Errors of another kind are thrown on. */
export function readFailure(broker: BrokerServices, { hosted, leader, log }: LedPartition, error: unknown): number {
  if (!(error instanceof StorageError)) throw error;
  if (hosted.leader !== leader) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
  // Damage is for another replica to mend; where it is, a search does not say, so all is fetched again (B3).
  if (error.kind === 'corrupt') broker.replicas.onCorrupt(hosted, log.logStartOffset);
  else broker.replicas.onStorageFailure(hosted, error);
  return ErrorCode.KAFKA_STORAGE_ERROR;
}
