/**
 * The result of one item of an admin request: done, or the broker's error for that item alone.
 *
 * A request about ten topics can fail for two of them, so admin functions return an outcome each and throw only when the
 * request as a whole could not be carried out.
 */
import { isRetriable as isRetriableCode } from '@jackdaw/protocol';
import { KafkaError } from '../errors.ts';

export interface Outcome {
  readonly name: string;
  /** Undefined when the item was done. */
  readonly error: KafkaError | undefined;
}

export function outcomeOf(name: string, errorCode: number, errorMessage?: string | null): Outcome {
  return { name, error: errorCode === 0 ? undefined : new KafkaError(errorCode, errorMessage) };
}

/** Throws the first retriable error among the codes, so that the request is tried again as a whole. */
export function expectNoRetriable(items: readonly { readonly errorCode: number; readonly errorMessage?: string | null }[]): void {
  for (const item of items) {
    if (item.errorCode !== 0 && isRetriableCode(item.errorCode)) throw new KafkaError(item.errorCode, item.errorMessage);
  }
}
