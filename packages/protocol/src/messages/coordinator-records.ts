/**
 * Records of `__consumer_offsets` and `__transaction_state` for classic groups, offsets and transactions.
 *
 * Key and value each begin with an int16: for keys the type of record, for values the version of the table here. Kafka's own
 * formats, so that its tools can read our topics. Keys 0 and 1 both commit an offset; 0 is only read, for old logs. Adding
 * anything but tagged fields would break a downgrade (KIP-915).
 */
import type { Body, Draft } from '../schema.ts';
import { array, between, bytes, int16, int32, int64, int8, message, nullable, since, string, tagged, uuid } from '../schema.ts';

export const legacyOffsetCommitKey = message(
  { name: 'LegacyOffsetCommitKey', key: 0, versions: [0, 0], flexibleFrom: null },
  {
    group: string,
    topic: string,
    partition: int32,
  },
);
export type LegacyOffsetCommitKey = Body<typeof legacyOffsetCommitKey>;
export type LegacyOffsetCommitKeyDraft = Draft<typeof legacyOffsetCommitKey>;

export const legacyOffsetCommitValue = message(
  { name: 'LegacyOffsetCommitValue', key: 0, versions: [0, 0], flexibleFrom: null },
  {
    offset: int64,
    metadata: string,
    /** Milliseconds since 1970, as all times here. */
    commitTimestamp: int64,
  },
);
export type LegacyOffsetCommitValue = Body<typeof legacyOffsetCommitValue>;
export type LegacyOffsetCommitValueDraft = Draft<typeof legacyOffsetCommitValue>;

export const offsetCommitKey = message(
  { name: 'OffsetCommitKey', key: 1, versions: [0, 0], flexibleFrom: null },
  {
    group: string,
    topic: string,
    partition: int32,
  },
);
export type OffsetCommitKey = Body<typeof offsetCommitKey>;
export type OffsetCommitKeyDraft = Draft<typeof offsetCommitKey>;

export const offsetCommitValue = message(
  { name: 'OffsetCommitValue', key: 1, versions: [0, 4], flexibleFrom: 4 },
  {
    offset: int64,
    leaderEpoch: since(3, int32, -1),
    metadata: string,
    commitTimestamp: int64,
    /** Version 1 only; later the retention of the broker counts. */
    expireTimestamp: between([1, 1], int64, -1),
    topicId: tagged(0, since(4, uuid)),
  },
);
export type OffsetCommitValue = Body<typeof offsetCommitValue>;
export type OffsetCommitValueDraft = Draft<typeof offsetCommitValue>;

export const groupMetadataKey = message(
  { name: 'GroupMetadataKey', key: 2, versions: [0, 0], flexibleFrom: null },
  {
    group: string,
  },
);
export type GroupMetadataKey = Body<typeof groupMetadataKey>;
export type GroupMetadataKeyDraft = Draft<typeof groupMetadataKey>;

const memberMetadata = {
  memberId: string,
  groupInstanceId: since(3, nullable(string), null),
  clientId: string,
  clientHost: string,
  rebalanceTimeout: since(1, int32, -1),
  sessionTimeout: int32,
  subscription: bytes,
  assignment: bytes,
};

export const groupMetadataValue = message(
  { name: 'GroupMetadataValue', key: 2, versions: [0, 4], flexibleFrom: 4 },
  {
    protocolType: string,
    generation: int32,
    protocol: nullable(string),
    leader: nullable(string),
    /** When the group became empty or stable; -1 is unknown. */
    currentStateTimestamp: since(2, int64, -1),
    members: array(memberMetadata),
  },
);
export type GroupMetadataValue = Body<typeof groupMetadataValue>;
export type GroupMetadataValueDraft = Draft<typeof groupMetadataValue>;

export const transactionLogKey = message(
  { name: 'TransactionLogKey', key: 0, versions: [0, 0], flexibleFrom: null },
  {
    transactionalId: string,
  },
);
export type TransactionLogKey = Body<typeof transactionLogKey>;
export type TransactionLogKeyDraft = Draft<typeof transactionLogKey>;

export const transactionLogValue = message(
  { name: 'TransactionLogValue', key: 0, versions: [0, 1], flexibleFrom: 1 },
  {
    producerId: int64,
    previousProducerId: tagged(0, since(1, int64, -1)),
    nextProducerId: tagged(1, since(1, int64, -1)),
    producerEpoch: int16,
    nextProducerEpoch: tagged(3, since(1, int16, -1)),
    transactionTimeoutMs: int32,
    transactionStatus: int8,
    transactionPartitions: nullable(
      array({
        topic: string,
        partitionIds: array(int32),
      }),
    ),
    transactionLastUpdateTimestampMs: int64,
    transactionStartTimestampMs: int64,
    clientTransactionVersion: tagged(2, since(1, int16, 0)),
  },
);
export type TransactionLogValue = Body<typeof transactionLogValue>;
export type TransactionLogValueDraft = Draft<typeof transactionLogValue>;
