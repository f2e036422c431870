/**
 * Faults in several steps around what a leader and the controller know of replicas: tails that nobody else has, ISR changes that
 * are late, brokers that restart between a report and what is decided by it, a minimum that changes while nobody is in sync.
 */
import { sometimes } from '@jackdaw/base';
import { alterConfigs } from '@jackdaw/client';
import type { PartitionRegistration } from '@jackdaw/metadata';
import type { PartitionLeader } from '@jackdaw/replication';
import { SimClient } from '../node/sim-client.ts';
import type { SimNode } from '../node/sim-node.ts';
import type { FaultContext } from './context.ts';
import { holdDown } from './process-faults.ts';
import { pickPartition, shut, when, type Placed } from './scheme.ts';

/** Both ways between two machines; what is returned opens them, once. */
function cut(context: FaultContext, a: SimNode, b: SimNode): () => void {
  return shut(context, [
    [a.host, b.host],
    [b.host, a.host],
  ]);
}

function stateOf({ cluster }: FaultContext, { topicId, partition }: Placed): PartitionRegistration | null {
  return cluster.image?.partition(topicId, partition) ?? null;
}

function endOn(node: SimNode, { topicId, partition }: Placed): number {
  return node.services?.replicas.getById(topicId, partition)?.log?.logEndOffset ?? 0;
}

function roleOn(node: SimNode, { topicId, partition }: Placed): PartitionLeader | null {
  return node.services?.replicas.getById(topicId, partition)?.leader ?? null;
}

interface Pair {
  readonly placed: Placed;
  readonly leader: SimNode;
  readonly follower: SimNode;
  readonly controller: SimNode;
}

/** A partition with two replicas in sync, neither of them on the controller's node. */
function pickPair(context: FaultContext): Pair | null {
  const { cluster, book } = context;
  const { controller } = cluster;
  if (controller === null) return null;
  const placed = pickPartition(
    context,
    ({ replicas, isr }) => replicas.length === 2 && isr.length === 2 && !replicas.includes(controller.id),
  );
  if (placed === null) return null;
  const leader = cluster.node(placed.state.leader);
  const follower = cluster.node(placed.state.replicas.find((id) => id !== leader.id) ?? leader.id);
  return [leader, follower].some(({ id, broker }) => book.isHeld(id) || broker === null)
    ? null
    : { placed, leader, follower, controller };
}

/**
 * A leader dies with records of its epoch that its follower lacks, and leads again after that has led alone, and has written
 * beyond their end: the follower's own part of the epoch is shorter than the leader's, and its log is longer.
 */
export function relayTail(context: FaultContext): void {
  const { cluster, book } = context;
  const pair = pickPair(context);
  if (pair === null) return;
  const { placed, leader: first, follower: second } = pair;
  cluster.note('scheme', `${first.host} gets ahead of ${second.host} with ${placed.topic}-${placed.partition}`);
  const open = cut(context, first, second);
  const down = (node: SimNode): void => {
    book.hold(node.id);
    node.kill('killed', 'processOnly');
  };
  const firstIsBack = (): void => {
    sometimes('fault: a leader is back with records that nobody else has');
    book.letGo(second.id);
  };
  const secondHasLed = (): void => {
    down(second);
    book.letGo(first.id);
    when(context, { isDue: () => roleOn(first, placed) !== null, onDue: firstIsBack, otherwise: () => book.letGo(second.id) });
  };
  when(context, {
    isDue: () => endOn(first, placed) >= endOn(second, placed) + tail,
    onDue: () => {
      const end = endOn(first, placed);
      down(first);
      open();
      when(context, { isDue: () => endOn(second, placed) > end, onDue: secondHasLed, otherwise: () => book.letGo(first.id) });
    },
    otherwise: open,
  });
}

/** So many records, which are several batches. */
const tail = 6;

/** The only replica of a partition is away, and an operator sets the minimum of its topic. */
export function clearElr(context: FaultContext): void {
  const { cluster, action, book } = context;
  const { controller } = cluster;
  const placed = pickPartition(context, ({ replicas, leader }) => replicas.length === 1 && leader !== controller?.id);
  if (placed === null || book.isHeld(placed.state.leader)) return;
  const node = cluster.node(placed.state.leader);
  book.hold(node.id);
  node.kill('killed', 'processOnly');
  const back = (): void => book.letGo(node.id);
  when(context, {
    isDue: () => stateOf(context, placed)?.isr.length === 0,
    onDue: () => {
      book.undoAfter(action.durationMs + 500, back);
      setMinimum(context, placed.topic);
    },
    otherwise: back,
  });
}

function setMinimum({ cluster, prng }: FaultContext, topic: string): void {
  const client = new SimClient({
    name: 'operator',
    world: cluster.world,
    seed: prng.uint32(),
    bootstrap: cluster.bootstrap,
    settings: { connectTimeoutMs: 300, requestTimeoutMs: 1_000, retryBackoffMs: 50, deadlineMs: 2_000 },
  });
  const end = (): void => client.process.die('killed');
  client.spawn(async () => {
    const connection = await client.connect();
    const change = { key: 'min.insync.replicas', operation: 'set', value: '2' } as const;
    await alterConfigs(connection, { type: 'topic', name: topic }, [change]);
    sometimes('fault: the minimum of a partition without a leader is set');
    end();
  }, end);
}

/**
 * A follower that the controller has fenced goes on to report to its leader; then it restarts, and the controller takes it in
 * again before the leader hears from it.
 */
export function fencedRestart(context: FaultContext): void {
  const { cluster, book } = context;
  const pair = pickPair(context);
  if (pair === null) return;
  const { placed, leader, follower, controller } = pair;
  cluster.note('scheme', `${follower.host} is fenced, restarts, and ${leader.host} does not hear of it`);
  const reach = cut(context, follower, controller);
  const isFenced = (): boolean => cluster.image?.brokers.get(follower.id)?.fenced !== false;
  const restart = (): void => {
    const hear = cut(context, follower, leader);
    book.hold(follower.id);
    follower.kill('killed', 'processOnly');
    reach();
    book.letGo(follower.id);
    when(context, {
      isDue: () => !isFenced(),
      onDue: () => {
        sometimes('fault: a broker serves again before its leader hears of its restart');
        book.undoAfter(unheardMs, hear);
      },
      otherwise: hear,
    });
  };
  when(context, {
    isDue: () => isFenced() && roleOn(leader, placed)?.follower(follower.id)?.hasReportedSinceLeft === true,
    onDue: restart,
    otherwise: reach,
  });
}

/** The leader looks at its followers more often than that. */
const unheardMs = 500;

/**
 * A leader asks for a follower to be taken in, and what it says is late; until it arrives, the controller has fenced another
 * member and trusts it again, and this one is not back with the leader.
 */
export function lateIsrChange(context: FaultContext): void {
  const { cluster } = context;
  let placed: Placed | null = null;
  when(context, {
    isDue: () => {
      const away = cluster.controller?.id ?? -1;
      placed = pickPartition(context, ({ replicas, isr }) => isr.length === 3 && !replicas.includes(away));
      return placed !== null;
    },
    onDue: () => {
      if (placed !== null && cluster.controller !== null) delayJoin(context, placed, cluster.controller);
    },
  });
}

function delayJoin(context: FaultContext, placed: Placed, controller: SimNode): void {
  const { cluster, book } = context;
  const { network } = cluster.world;
  const leader = cluster.node(placed.state.leader);
  const [joining, lost] = placed.state.replicas.filter((id) => id !== leader.id).map((id) => cluster.node(id));
  if (joining === undefined || lost === undefined) return;
  // The quorum stays whole without the leader and the lost one.
  const left = cluster.plan.voters.filter((id) => id !== leader.id && id !== lost.id);
  if (left.length * 2 <= cluster.plan.voters.length) return;
  cluster.note('scheme', `${leader.host} says too late that ${joining.host} is in sync, and ${lost.host} is not`);
  const join = cut(context, joining, leader);
  when(context, {
    isDue: () => stateOf(context, placed)?.isr.includes(joining.id) === false,
    onDue: () => {
      network.slow(leader.host, controller.host, lateMs);
      book.undoAfter(2 * lateMs, () => network.slow(leader.host, controller.host, 0));
      join();
      const isAsked = (): boolean => roleOn(leader, placed)?.maximalIsr.has(joining.id) === true;
      const onDue = (): void => fenceForAWhile(context, placed, { lost, leader, controller });
      when(context, { pollMs: 2, isDue: isAsked, onDue });
    },
    otherwise: join,
  });
}

interface Parties {
  readonly lost: SimNode;
  readonly leader: SimNode;
  readonly controller: SimNode;
}

function fenceForAWhile(context: FaultContext, placed: Placed, { lost, leader, controller }: Parties): void {
  const { cluster, book } = context;
  const { wires } = cluster.world;
  const hear = cut(context, lost, leader);
  const reach = cut(context, lost, controller);
  for (const end of wires.ends) {
    const ends = [end.process.host, end.peer?.process.host];
    if (ends.includes(lost.host) && ends.includes(controller.host)) wires.cut(end);
  }
  book.undoAfter(2 * lateMs, hear);
  when(context, {
    isDue: () => stateOf(context, placed)?.isr.includes(lost.id) === false,
    onDue: () => {
      sometimes('fault: a member of the ISR is fenced while a change of it is under way');
      reach();
    },
    otherwise: reach,
  });
}

/** Longer than it takes the controller to see that nobody answers at the lost one, and to trust it again. */
export const lateMs = 3_000;

/**
 * A leader dies, and the machine of its successor loses its power as soon as that leads: the metadata by which it led may not be
 * on its disk, and it must not go by the older ones that are.
 */
export function cutNewLeader(context: FaultContext): void {
  const { cluster, book } = context;
  const controllerId = cluster.controller?.id ?? -1;
  const placed = pickPartition(context, ({ leader, isr }) => isr.length > 1 && leader !== controllerId && !book.isHeld(leader));
  if (placed === null) return;
  const { leader, isr } = placed.state;
  const candidates = isr.filter((id) => id !== leader && id !== controllerId).map((id) => cluster.node(id));
  holdDown(context, cluster.node(leader));
  cluster.node(leader).kill('killed', 'processOnly');
  const successor = (): SimNode | undefined => candidates.find((node) => !book.isHeld(node.id) && roleOn(node, placed) !== null);
  when(context, {
    pollMs: closelyMs,
    isDue: () => successor() !== undefined,
    onDue: () => {
      const node = successor();
      if (node === undefined) return;
      sometimes('fault: power is cut as soon as a broker leads');
      holdDown(context, node);
      node.kill('power', 'loseUnsynced');
    },
  });
}

/** In virtual ms; metadata are on a disk half a millisecond after they are known. */
const closelyMs = 0.1;
