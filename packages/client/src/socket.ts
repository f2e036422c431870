/**
 * Opens the byte stream to a broker, plain or TLS, and turns every way this can fail into one sentence.
 */
import { ConnectionError } from './errors.ts';
import { formatAddress, type Address, type ResolvedOptions } from './options.ts';
import type { BrokerSocket } from './platform.ts';

/** A connected socket. Rejects with ConnectionError. */
export async function openSocket(address: Address, options: ResolvedOptions): Promise<BrokerSocket> {
  const name = formatAddress(address);
  const { platform, tls, connectTimeoutMs } = options;
  const givingUp = new AbortController();
  const timer = platform.scheduler.setTimer(connectTimeoutMs, () => givingUp.abort());
  try {
    return await platform.connect(address, { tls, signal: givingUp.signal });
  } catch (error) {
    if (givingUp.signal.aborted) {
      throw new ConnectionError(name, `cannot connect to ${name}: no answer within ${connectTimeoutMs} ms`);
    }
    throw connectionError(name, error instanceof Error ? error : new Error(String(error)));
  } finally {
    timer.cancel();
  }
}

/** Words for the system's error codes. */
export function connectionError(address: string, error: Error): ConnectionError {
  const code = 'code' in error ? String(error.code) : '';
  return new ConnectionError(address, `cannot connect to ${address}: ${reasons.get(code) ?? reasonOf(error, code)}`, {
    cause: error,
  });
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'the connection was reset'],
  ['ENOTFOUND', 'the host name does not resolve'],
  ['EAI_AGAIN', 'the host name could not be resolved now'],
  ['ETIMEDOUT', 'no answer'],
  ['EHOSTUNREACH', 'no route to the host'],
  ['ENETUNREACH', 'no route to the network'],
  ['EPIPE', 'the connection was closed by the broker'],
]);

/** With several addresses for one name, Node reports an AggregateError without a message of its own. */
function reasonOf(error: Error, code: string): string {
  if (error instanceof AggregateError) {
    const first: unknown = error.errors[0];
    if (first instanceof Error) return reasonOf(first, 'code' in first ? String(first.code) : '');
  }
  return reasons.get(code) ?? (error.message === '' ? code : error.message);
}
