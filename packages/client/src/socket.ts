/**
 * Opens the byte stream to a broker, plain or TLS, and turns every way this can fail into one sentence.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ConnectionError } from './errors.ts';
import { formatAddress, type Address, type ResolvedOptions } from './options.ts';

/** A connected socket. Rejects with ConnectionError. */
export function openSocket(address: Address, options: ResolvedOptions): Promise<Socket> {
  const name = formatAddress(address);
  return new Promise((resolve, reject) => {
    const socket = startConnecting(address, options);
    const timer = setTimeout(() => {
      fail(new ConnectionError(name, `cannot connect to ${name}: no answer within ${options.connectTimeoutMs} ms`));
    }, options.connectTimeoutMs);
    const fail = (error: ConnectionError): void => {
      clearTimeout(timer);
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onError = (error: Error): void => fail(connectionError(name, error));
    socket.once('error', onError);
    socket.once(options.tls === undefined ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer);
      socket.removeListener('error', onError);
      resolve(socket);
    });
  });
}

function startConnecting(address: Address, options: ResolvedOptions): Socket {
  if (options.tls === undefined) return connectTcp({ host: address.host, port: address.port, noDelay: true });
  const servername = isIP(address.host) === 0 ? { servername: address.host } : {};
  const socket = connectTls({ ...servername, ...options.tls, host: address.host, port: address.port });
  socket.setNoDelay(true);
  return socket;
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
