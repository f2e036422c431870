/**
 * The clients' network over TCP, as a thin layer on node:net.
 *
 * It sets the options of the listening socket and of those that it accepts, and decides nothing: connections, limits and
 * idle times are the listener's.
 */
import { createServer, type Server } from 'node:net';
import type { BoundServer, ListenOptions, SocketNetwork } from './socket-network.ts';

/** A silent peer is probed after this time, so that one that vanished is noticed. */
const keepAliveInitialDelayMs = 30_000;

export function createTcpNetwork(): SocketNetwork {
  return { listen };
}

async function listen({ host, port, backlog, onSocket, onAcceptError }: ListenOptions): Promise<BoundServer> {
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveInitialDelayMs }, onSocket);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog }, () => {
      server.off('error', reject);
      server.on('error', onAcceptError);
      resolve();
    });
  });
  return { port: boundPort(server, port), close: () => new Promise((resolve) => server.close(() => resolve())) };
}

function boundPort(server: Server, askedPort: number): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : askedPort;
}
