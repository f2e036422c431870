/**
 * What can go wrong for a client, as four kinds that callers tell apart.
 *
 * `KafkaError`: a broker answered with an error code. `ConnectionError`: no answer could be had (refused, reset, closed,
 * unresolvable). `TimeoutError`: the deadline passed. `UnsupportedError`: this broker does not speak the needed version.
 * Only the first two are ever retried, and only while the deadline allows.
 */
import { errorName, isRetriable as isRetriableCode } from '@jackdaw/protocol';
import { errorText } from './error-texts.ts';

/** A broker's error code. `codeName` is Kafka's constant, e.g. `TOPIC_ALREADY_EXISTS`. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError';
  readonly code: number;
  readonly codeName: string;
  readonly isRetriable: boolean;

  constructor(code: number, detail?: string | null) {
    super(detail !== undefined && detail !== null && detail !== '' ? detail : errorText(code));
    this.code = code;
    this.codeName = errorName(code);
    this.isRetriable = isRetriableCode(code);
  }
}

/** No connection to `address` ("host:port", or a list of them), or it broke before the answer came. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly address: string;

  constructor(address: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.address = address;
  }
}

/** The deadline passed. `cause` is the last failure that was being retried, when there was one. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/** The broker does not offer the API, or no version of it that this client can speak. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
}

/** Throws the code as a {@link KafkaError} unless it is 0. */
export function expectSuccess(code: number, detail?: string | null): void {
  if (code !== 0) throw new KafkaError(code, detail);
}

/** True when asking again, perhaps elsewhere, can help. */
export function isRetriable(error: unknown): boolean {
  return error instanceof ConnectionError || (error instanceof KafkaError && error.isRetriable);
}
