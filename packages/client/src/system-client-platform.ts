/**
 * The real platform of a client: Node's timers and clocks, `Math.random`, TCP and TLS sockets.
 *
 * Thin on purpose: it decides nothing, so that a client which runs in the simulator is the client that runs in production.
 * Timers keep the process alive, as a call that waits for its answer should.
 */
import { randomBytes } from 'node:crypto';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Timer } from '@jackdaw/base';
import type { Address } from './options.ts';
import type { ClientPlatform, ConnectOptions } from './platform.ts';

export const systemClientPlatform: ClientPlatform = {
  clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
  scheduler: { setTimer, defer: (callback) => void setImmediate(callback) },
  random: { bytes: (count) => new Uint8Array(randomBytes(count)), float: () => Math.random() },
  connect,
};

function setTimer(delayMs: number, callback: () => void): Timer {
  const timeout = setTimeout(callback, delayMs);
  return { cancel: () => clearTimeout(timeout) };
}

function connect(address: Address, options: ConnectOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = startConnecting(address, options);
    const fail = (error: Error): void => {
      options.signal.removeEventListener('abort', onAbort);
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(new Error('given up', { cause: options.signal.reason }));
    socket.once('error', fail);
    socket.once(options.tls === undefined ? 'connect' : 'secureConnect', () => {
      options.signal.removeEventListener('abort', onAbort);
      socket.removeListener('error', fail);
      resolve(socket);
    });
    options.signal.addEventListener('abort', onAbort, { once: true });
  });
}

function startConnecting(address: Address, { tls }: ConnectOptions): Socket {
  if (tls === undefined) return connectTcp({ host: address.host, port: address.port, noDelay: true });
  const servername = isIP(address.host) === 0 ? { servername: address.host } : {};
  const socket = connectTls({ ...servername, ...tls, host: address.host, port: address.port });
  socket.setNoDelay(true);
  return socket;
}
