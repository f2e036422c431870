/**
 * Ports for a cluster whose members must know each other's before any of them listens.
 *
 * They lie below the range from which the kernel takes ports for outgoing connections, so that nobody takes the port of a
 * broker while it is down.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

const lowest = 20_000;
const highest = 32_000;
const maxTries = 1_000;

/** `count` different ports of 127.0.0.1 that are free now. All are held until the last is found, so that none comes twice. */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  try {
    for (let tries = 0; held.size < count; tries++) {
      if (tries >= maxTries) throw new Error(`found only ${held.size} of ${count} free ports in ${maxTries} tries`);
      const port = lowest + Math.floor(Math.random() * (highest - lowest));
      const server = held.has(port) ? undefined : await tryListen(port);
      if (server !== undefined) held.set(port, server);
    }
  } finally {
    await Promise.all([...held.values()].map((server) => once(server.close(), 'close')));
  }
  return [...held.keys()];
}

async function tryListen(port: number): Promise<Server | undefined> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return server;
  } catch {
    return undefined;
  }
}
