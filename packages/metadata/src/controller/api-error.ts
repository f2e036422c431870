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

export function apiError(name: ErrorName, errorMessage: string | null = null): ApiError {
  return { errorCode: ErrorCode[name], errorMessage };
}
