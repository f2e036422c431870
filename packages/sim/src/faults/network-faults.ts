/**
 * Ways that shut, slow down or lose their connections. Every way that a fault shuts it opens again itself.
 */
import { sometimes } from '@jackdaw/base';
import { pick, pickTarget, type FaultContext } from './context.ts';

type Way = readonly [from: string, to: string];

/** One machine alone, sometimes together with the clients on its side. */
export function isolate(context: FaultContext): void {
  const node = pickTarget(context);
  if (node === null) return;
  if (node.id === context.cluster.controller?.id) sometimes('fault: the active controller is isolated');
  const others = othersOf(context, node.host, context.prng.chance(0.5));
  shutFor(context, bothWays(others.map((other) => [node.host, other])));
}

/** Two groups; each client is in one of them, or sees both. */
export function halves(context: FaultContext): void {
  const { cluster, prng } = context;
  const nodes = prng.shuffled(hosts(context));
  const middle = prng.between(1, Math.max(1, nodes.length - 1));
  const left = nodes.slice(0, middle);
  const right = nodes.slice(middle);
  for (const client of cluster.world.clientHosts) {
    const side = prng.below(3);
    if (side < 2) (side === 0 ? left : right).push(client);
  }
  shutFor(context, bothWays(left.flatMap((a) => right.map((b): Way => [a, b]))));
}

/** Every node sees a majority, and no two of them the same one: each sees only its neighbours in a ring. */
export function majorityRing(context: FaultContext): void {
  const ring = context.prng.shuffled(hosts(context));
  const size = ring.length;
  const ways: Way[] = [];
  for (let a = 0; a < size; a++) {
    for (let b = a + 1; b < size; b++) {
      const distance = Math.min(b - a, size - (b - a));
      // Of three, each is the others' neighbour: there, one link less makes two majorities of two.
      if (distance > 1 || (size === 3 && a === 0 && b === 1)) ways.push([ring[a] as string, ring[b] as string]);
    }
  }
  shutFor(context, bothWays(ways));
}

/** Two groups that see each other only through one node, which sees all. */
export function bridge(context: FaultContext): void {
  const { prng } = context;
  const [, ...others] = prng.shuffled(hosts(context));
  const left = others.slice(0, others.length >> 1);
  const right = others.slice(others.length >> 1);
  shutFor(context, bothWays(left.flatMap((a) => right.map((b): Way => [a, b]))));
}

/** The target hears nobody. */
export function oneWayIn(context: FaultContext): void {
  const node = pickTarget(context);
  if (node === null) return;
  if (node.id === context.cluster.controller?.id) sometimes('fault: the active controller hears nobody');
  shutFor(
    context,
    othersOf(context, node.host, context.prng.chance(0.3)).map((other): Way => [other, node.host]),
  );
}

/** Nobody hears the target. */
export function oneWayOut(context: FaultContext): void {
  const node = pickTarget(context);
  if (node === null) return;
  if (node.id === context.cluster.controller?.id) sometimes('fault: nobody hears the active controller');
  shutFor(
    context,
    othersOf(context, node.host, context.prng.chance(0.3)).map((other): Way => [node.host, other]),
  );
}

/** Isolated and back, again and again. */
export function flap(context: FaultContext): void {
  const { cluster, action, prng, book } = context;
  const node = pickTarget(context);
  if (node === null) return;
  const ways = bothWays(othersOf(context, node.host, false).map((other) => [node.host, other]));
  for (let atMs = 0; atMs < action.durationMs; atMs += prng.between(20, 700)) {
    const shutMs = prng.between(10, 400);
    cluster.world.loop.after(atMs, { owner: null, label: 'flap', callback: () => shutWays(context, ways, shutMs) });
  }
  // Marks the end; each shutting undoes itself.
  book.undoAfter(action.durationMs, () => sometimes('fault: a node flaps'));
}

/** FoundationDB's swizzle: links of some nodes shut one by one and open in another order. */
export function clog(context: FaultContext): void {
  const { cluster, action, prng } = context;
  const nodes = prng.shuffled(hosts(context)).slice(0, prng.between(1, hosts(context).length));
  for (const host of nodes) {
    const ways = bothWays(othersOf(context, host, false).map((other) => [host, other]));
    const beginMs = prng.below(Math.max(1, action.durationMs >> 1));
    const shutMs = prng.between(1, Math.max(1, action.durationMs - beginMs));
    cluster.world.loop.after(beginMs, { owner: null, label: 'clog', callback: () => shutWays(context, ways, shutMs) });
  }
}

export function slowLink(context: FaultContext): void {
  const { cluster, action, prng, book } = context;
  const node = pickTarget(context);
  if (node === null) return;
  const extraMs = prng.between(5, prng.chance(0.3) ? 2_000 : 100);
  const ways = bothWays(othersOf(context, node.host, prng.chance(0.3)).map((other) => [node.host, other]));
  cluster.note(node.host, `its links are ${extraMs} ms slower for ${action.durationMs} ms`);
  for (const [from, to] of ways) cluster.world.network.slow(from, to, extraMs);
  book.undoAfter(action.durationMs, () => {
    for (const [from, to] of ways) cluster.world.network.slow(from, to, 0);
  });
}

/** Some or all connections of a machine end at once, in the middle of whatever is on them. */
export function resetConnections(context: FaultContext): void {
  const { cluster, prng } = context;
  const node = pickTarget(context);
  if (node === null) return;
  const share = prng.chance(0.5) ? 1 : prng.float();
  const ends = cluster.world.wires.ends.filter(({ process, peer }) => process.host === node.host && peer !== null);
  const cut = ends.filter(() => prng.chance(share));
  if (cut.some(({ inFlightBytes }) => inFlightBytes > 0)) sometimes('fault: a connection is reset with bytes under way');
  cluster.note(node.host, `${cut.length} of its ${ends.length} connections are reset`);
  for (const end of cut) cluster.world.wires.cut(end);
}

/** Clients lose sight of one node, or of all. */
export function cutClients(context: FaultContext): void {
  const { cluster, prng } = context;
  const clients = [...cluster.world.clientHosts].filter(() => prng.chance(0.6));
  const nodes = prng.chance(0.3) ? hosts(context) : [pick(prng, hosts(context))];
  const ways = clients.flatMap((client) => nodes.map((node): Way => [client, node]));
  if (prng.chance(0.7)) shutFor(context, bothWays(ways));
  else shutFor(context, prng.chance(0.5) ? ways : ways.map(([from, to]): Way => [to, from]));
}

function hosts({ cluster }: FaultContext): string[] {
  return cluster.nodes.map(({ host }) => host);
}

function othersOf(context: FaultContext, host: string, withClients: boolean): string[] {
  const clients = withClients ? [...context.cluster.world.clientHosts] : [];
  return [...hosts(context), ...clients].filter((other) => other !== host);
}

function bothWays(pairs: readonly Way[]): Way[] {
  return pairs.flatMap(([a, b]): Way[] => [
    [a, b],
    [b, a],
  ]);
}

function shutFor(context: FaultContext, ways: readonly Way[]): void {
  const { cluster, action } = context;
  cluster.note('network', `${action.kind} for ${action.durationMs} ms: ${ways.map(([from, to]) => `${from}>${to}`).join(' ')}`);
  shutWays(context, ways, action.durationMs);
}

function shutWays({ cluster, book }: FaultContext, ways: readonly Way[], durationMs: number): void {
  const { network } = cluster.world;
  if (network.isHealed) return;
  for (const [from, to] of ways) network.shut(from, to);
  book.undoAfter(durationMs, () => {
    for (const [from, to] of ways) network.open(from, to);
  });
}
