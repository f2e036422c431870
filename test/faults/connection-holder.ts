/**
 * Program: holds idle connections to a broker, each of which has asked for the API versions once, until it is told to go.
 *
 *   node connection-holder.js HOST PORT COUNT SOURCE-ADDRESS
 *
 * A process of its own, because one process has not descriptors enough for all of them. Tells its parent how many there are.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { apiVersionsRequest, encodeRequestFrame } from '@jackdaw/protocol';

const atOnce = 64;
const [host = '', port = '', count = '', localAddress = ''] = process.argv.slice(2);
const held = new Set<Socket>();

const header = { apiKey: 18, apiVersion: 3, correlationId: 1, clientId: 'idle' };
const body = { clientSoftwareName: 'idle', clientSoftwareVersion: '1' };
const question = Buffer.concat(encodeRequestFrame({ schema: apiVersionsRequest, header, body }));

process.on('disconnect', () => process.exit(0));
process.on('message', () => process.send?.({ held: held.size }));
let left = Number(count);
await Promise.all(Array.from({ length: atOnce }, openAll));
process.send?.({ held: held.size });

async function openAll(): Promise<void> {
  while (left-- > 0) await openOne();
}

async function openOne(): Promise<void> {
  const socket = connect({ host, port: Number(port), localAddress });
  held.add(socket);
  socket.on('error', () => undefined);
  socket.on('close', () => held.delete(socket));
  socket.write(question);
  await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => undefined);
}
