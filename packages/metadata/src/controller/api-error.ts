/**
 * Kafka errors as values: the code that a client acts on and the sentence that a person reads.
 *
 * The sentences are Kafka's, for tools and tests compare them. An error that is given no sentence of its own has none,
 * as in Kafka when an exception carries only its default text.
 */

import { ErrorCode, type ErrorName } from '@jackdaw/protocol';

export interface ApiError {
  /** 0 is success. */
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

export const noError: ApiError = { errorCode: ErrorCode.NONE, errorMessage: null };

/**
 * In UTF-16 units; longer sentences are cut. They quote what the client sent, up to 32 KiB of it, and one answer may hold the
 * same sentence for each of a million things that were asked for.
 */
export const maxErrorMessageLength = 512;

export function apiError(name: ErrorName, errorMessage: string | null = null): ApiError {
  const isLong = errorMessage !== null && errorMessage.length > maxErrorMessageLength;
  return { errorCode: ErrorCode[name], errorMessage: isLong ? `${errorMessage.slice(0, maxErrorMessageLength)}…` : errorMessage };
}
