/**
 * The clients' network over TCP, as a thin layer on node:net.
 *
 * It sets the options of the listening socket and of those that it accepts. Connections, limits and idle times are the
 * listener's; but clients must not use up the process's file descriptors, without which no log can roll (F11), and how
 * many there are is known here only.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { reservedForFiles } from '../platform/descriptors.ts';
import type { BoundServer, ListenOptions, SocketNetwork } from './socket-network.ts';

/** A silent peer is probed after this time, so that one that vanished is noticed. */
const keepAliveInitialDelayMs = 30_000;
/** `maxDescriptors` is what the process may have open. */
export function createTcpNetwork(maxDescriptors: number): SocketNetwork {
  const highest = maxDescriptors - reservedForFiles(maxDescriptors);
  return { listen: (options) => listen(options, highest) };
}

async function listen(options: ListenOptions, highestDescriptor: number): Promise<BoundServer> {
  const { host, port, backlog, onSocket, onAcceptError } = options;
  const accept = (socket: Socket): void => {
    if (descriptorOf(socket) < highestDescriptor) return onSocket(socket);
    socket.destroy();
    onAcceptError(new Error(`more than ${highestDescriptor} files and sockets are open, the rest is for files (ulimit -n)`));
  };
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveInitialDelayMs }, accept);
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

/** The lowest number that was free: about as many are open. −1 where the system has no such numbers. */
function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const number: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  return typeof number === 'number' ? number : -1;
}
