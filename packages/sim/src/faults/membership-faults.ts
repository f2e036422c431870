/**
 * Brokers that join later, brokers that are decommissioned, and clocks that jump.
 */
import { sometimes } from '@jackdaw/base';
import { unregisterBrokerRequest, unregisterBrokerResponse } from '@jackdaw/protocol';
import { SimClient } from '../node/sim-client.ts';
import type { SimNode } from '../node/sim-node.ts';
import { isDispensable } from './atlas.ts';
import { pick, pickTarget, type FaultContext } from './context.ts';

export function join({ cluster, book, prng }: FaultContext): void {
  const absent = cluster.nodes.filter(({ id }) => !book.isPresent(id));
  if (absent.length === 0) return;
  const node = pick(prng, absent);
  cluster.note(node.host, 'joins');
  book.join(node.id);
}

/** Stopped, unregistered by an operator once nothing depends on it, and taken into use again later. */
export function decommission(context: FaultContext): void {
  const { cluster, action, book } = context;
  const node = pickTarget(context);
  if (node === null || !node.isBroker || book.isHeld(node.id)) return;
  const { loop, network } = cluster.world;
  book.hold(node.id);
  cluster.note(node.host, 'is stopped to be decommissioned');
  if (node.broker === null) node.kill('killed', 'processOnly');
  else node.stop();
  const deadlineMs = loop.nowMs + patienceMs;
  const look = (): void => {
    if (network.isHealed || loop.nowMs >= deadlineMs) book.letGo(node.id);
    else if (!isDispensable(cluster, node.id)) loop.after(pollMs, { owner: null, label: 'decommission', callback: look });
    else {
      unregister(context, node, () => undefined);
      book.undoAfter(action.durationMs, () => book.letGo(node.id));
    }
  };
  loop.after(pollMs, { owner: null, label: 'decommission', callback: look });
}

const pollMs = 50;
const patienceMs = 4_000;
const unregisterBroker = { request: unregisterBrokerRequest, response: unregisterBrokerResponse };

/** What an operator does who thinks that a broker is gone for good. */
export function unregister({ cluster, prng }: FaultContext, node: SimNode, onDone: () => void): void {
  const client = new SimClient({
    name: 'operator',
    world: cluster.world,
    seed: prng.uint32(),
    bootstrap: cluster.bootstrap,
    settings: { connectTimeoutMs: 500, requestTimeoutMs: 2_000, retryBackoffMs: 50, deadlineMs: 3_000 },
  });
  client.spawn(
    async () => {
      const connection = await client.connect();
      const { errorCode } = await connection.callAny(unregisterBroker, { brokerId: node.id });
      cluster.note(node.host, `is unregistered: ${errorCode}`);
      if (errorCode === 0) sometimes('fault: a broker is decommissioned');
      client.process.die('killed');
      onDone();
    },
    () => {
      client.process.die('killed');
      onDone();
    },
  );
}

const hourMs = 3_600_000;

/** Of the wall clock only; it stays within an hour of the truth. */
export function jumpClock(context: FaultContext): void {
  const node = pickTarget(context);
  if (node === null) return;
  const { prng, cluster } = context;
  const { clockFault } = node;
  const before = clockFault.wallOffsetMs;
  clockFault.wallOffsetMs = prng.chance(0.5) ? prng.between(-hourMs, hourMs) : before + prng.between(-5_000, 5_000);
  if (clockFault.wallOffsetMs < before) sometimes('fault: a wall clock jumps back');
  cluster.note(node.host, `its clock jumps by ${clockFault.wallOffsetMs - before} ms`);
}
