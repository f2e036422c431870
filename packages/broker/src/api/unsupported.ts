/**
 * The refusals for whole features of Kafka that this version does not have, so that every handler says the same.
 */
import { ErrorCode } from '@jackdaw/protocol';
import type { Refusal } from './handler.ts';

/** UNSUPPORTED_VERSION is final to Java's producer and to kafkajs; FindCoordinator says more about librdkafka. */
export const transactionsUnsupported: Refusal = {
  errorCode: ErrorCode.UNSUPPORTED_VERSION,
  errorMessage: 'transactions are not supported by this version of Jackdaw',
};
