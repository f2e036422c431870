/**
 * What an error code means, in words for people. A broker's own message, where it sends one, says more and goes first.
 */
import { ErrorCode, errorName } from '@jackdaw/protocol';

const texts: ReadonlyMap<number, string> = new Map([
  [ErrorCode.UNKNOWN_SERVER_ERROR, 'the broker met an error that it did not expect'],
  [ErrorCode.OFFSET_OUT_OF_RANGE, 'the offset is not within the log'],
  [ErrorCode.CORRUPT_MESSAGE, 'the records arrived damaged'],
  [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'the topic or partition does not exist'],
  [ErrorCode.LEADER_NOT_AVAILABLE, 'the partition has no leader at the moment'],
  [ErrorCode.NOT_LEADER_OR_FOLLOWER, 'the broker does not lead the partition (any more)'],
  [ErrorCode.REQUEST_TIMED_OUT, 'the broker could not finish in time'],
  [ErrorCode.MESSAGE_TOO_LARGE, 'the records are larger than the topic allows (max.message.bytes)'],
  [ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, 'the coordinator is still loading'],
  [ErrorCode.COORDINATOR_NOT_AVAILABLE, 'the coordinator is not available'],
  [ErrorCode.NOT_COORDINATOR, 'the broker is not the coordinator (any more)'],
  [ErrorCode.INVALID_TOPIC_EXCEPTION, 'the topic name is not valid'],
  [ErrorCode.RECORD_LIST_TOO_LARGE, 'the batch is larger than a segment'],
  [ErrorCode.NOT_ENOUGH_REPLICAS, 'fewer replicas are in sync than min.insync.replicas asks for'],
  [ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND, 'the records were written, but too few replicas are in sync'],
  [ErrorCode.ILLEGAL_GENERATION, 'the group has moved on to another generation'],
  [ErrorCode.UNKNOWN_MEMBER_ID, 'the group does not know this member'],
  [ErrorCode.REBALANCE_IN_PROGRESS, 'the group is rebalancing'],
  [ErrorCode.TOPIC_AUTHORIZATION_FAILED, 'not allowed on this topic'],
  [ErrorCode.GROUP_AUTHORIZATION_FAILED, 'not allowed on this group'],
  [ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'not allowed on this cluster'],
  [ErrorCode.INVALID_TIMESTAMP, 'a timestamp is outside what the topic allows'],
  [ErrorCode.UNSUPPORTED_SASL_MECHANISM, 'the broker does not offer this SASL mechanism'],
  [ErrorCode.UNSUPPORTED_VERSION, 'the broker does not speak this version'],
  [ErrorCode.TOPIC_ALREADY_EXISTS, 'the topic already exists'],
  [ErrorCode.INVALID_PARTITIONS, 'the number of partitions is not valid'],
  [ErrorCode.INVALID_REPLICATION_FACTOR, 'the replication factor is not valid'],
  [ErrorCode.INVALID_CONFIG, 'a configuration is not valid'],
  [ErrorCode.NOT_CONTROLLER, 'the broker is not the controller (any more)'],
  [ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 'the broker expected another sequence number of this producer'],
  [ErrorCode.INVALID_PRODUCER_EPOCH, 'a newer producer with the same id has taken over'],
  [ErrorCode.SASL_AUTHENTICATION_FAILED, 'user name or password is wrong'],
  [ErrorCode.NON_EMPTY_GROUP, 'the group has members'],
  [ErrorCode.GROUP_ID_NOT_FOUND, 'the group does not exist'],
  [ErrorCode.INVALID_RECORD, 'the broker refused a record'],
  [ErrorCode.ELECTION_NOT_NEEDED, 'the partition has its leader already'],
]);

export function errorText(code: number): string {
  return texts.get(code) ?? errorName(code).toLowerCase().replaceAll('_', ' ');
}
