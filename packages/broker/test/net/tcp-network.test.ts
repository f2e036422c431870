/** The thin layer on node:net: what it lets through, and what it keeps for files. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { createTcpNetwork } from '../../src/net/tcp-network.ts';
import { idleSegmentLimit, reservedForFiles } from '../../src/platform/descriptors.ts';
import type { ClientSocket } from '../../src/net/socket-network.ts';

async function outcomeOf(maxDescriptors: number): Promise<string[]> {
  const outcomes: string[] = [];
  const onSocket = (socket: ClientSocket): void => {
    outcomes.push('accepted');
    socket.destroy();
  };
  const onAcceptError = (error: Error): void => void outcomes.push(error.message);
  const network = createTcpNetwork(maxDescriptors);
  const server = await network.listen({ host: '127.0.0.1', port: 0, backlog: 5, onSocket, onAcceptError });
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'close');
  await server.close();
  return outcomes;
}

test('F11: connections that would take the last file descriptors are turned away, and it is said why', async () => {
  assert.deepEqual(await outcomeOf(10), ['more than 8 files and sockets are open, the rest is for files (ulimit -n)']);
  assert.deepEqual(await outcomeOf(100_000), ['accepted']);
  assert.deepEqual(await outcomeOf(Number.POSITIVE_INFINITY), ['accepted']);
});

test('F11: sealed segments that stay open leave room for those that are written to, however few descriptors there are', () => {
  for (const maxDescriptors of [256, 700, 1024, 20_000, 1_048_576, Number.POSITIVE_INFINITY]) {
    const reserved = reservedForFiles(maxDescriptors);
    assert.ok(idleSegmentLimit(maxDescriptors) <= reserved / 2, `${maxDescriptors}`);
    assert.ok(idleSegmentLimit(maxDescriptors) >= 1 && reserved <= 1024);
  }
  assert.equal(idleSegmentLimit(700), 70);
  assert.equal(idleSegmentLimit(Number.POSITIVE_INFINITY), 512);
});
