/**
 * Faults in several steps, each of which waits until the cluster has come to where the next one hurts.
 *
 * What they lead to takes a coincidence that single faults almost never make: an operator unregisters a broker that still runs, a
 * leader's tail survives two others' leaderships, a voter on a new disk is told to lead before others know it.
 */
import { sometimes } from '@jackdaw/base';
import type { PartitionRegistration } from '@jackdaw/metadata';
import type { SimNode } from '../node/sim-node.ts';
import { tenantTopic } from '../workload/plan.ts';
import { isIdentityKnown, isCovered, isDispensable, isUncounted, victimOf } from './atlas.ts';
import { pick, pickTarget, type FaultContext } from './context.ts';
import { damageWhenAllowed, wipeDisks } from './damage-faults.ts';
import { unregister } from './membership-faults.ts';
import { holdDown } from './process-faults.ts';
import { isolated, patienceMs, pickPartition, readAll, shut, when } from './scheme.ts';

/** A broker is off for a moment: it is back before the controller has noticed that it was gone. */
export function blink(context: FaultContext): void {
  const { cluster, prng, book } = context;
  const brokers = cluster.running.filter((one) => one.isBroker && one !== cluster.controller);
  if (brokers.length === 0) return;
  const node = pick(prng, brokers);
  const { controller } = cluster;
  holdDown(context, node, prng.between(1, 40));
  node.kill('power', 'random');
  if (controller === null) return;
  // As soon as it knows where to register: the controller's question whether its former process is there takes too long.
  when(context, {
    pollMs: 1,
    isDue: () => node.services?.quorum.softState.leaderId === controller.id,
    onDue: () => {
      const { network } = cluster.world;
      network.slow(controller.host, node.host, prng.between(260, 700));
      book.undoAfter(prng.between(800, 1_600), () => network.slow(controller.host, node.host, 0));
    },
  });
}

/** An operator unregisters a broker that is cut off and fenced, in the belief that it is gone; then it is back. */
export function unregisterAway(context: FaultContext): void {
  const { cluster, action, book } = context;
  const node = pickTarget(context);
  if (node === null || !node.isBroker || node === cluster.controller) return;
  const undo = isolated(context, node);
  when(context, {
    isDue: () => isUncounted(cluster, node.id),
    onDue: () => {
      sometimes('fault: a broker that runs is unregistered');
      unregister(context, node, () => book.undoAfter(action.durationMs, undo));
    },
    otherwise: undo,
  });
}

/** Two leaders of the quorum follow each other while a former one is away, whose last entries nobody else has. */
export function twoElections(context: FaultContext): void {
  const { cluster, book } = context;
  const former = cluster.controller;
  if (former === null) return;
  const undo = isolated(context, former);
  const commitIndex = (node: SimNode | null): number => node?.services?.quorum.status.commitIndex ?? 0;
  const before = commitIndex(former);
  when(context, {
    pollMs: 2,
    isDue: () => cluster.controller !== former && commitIndex(cluster.controller) > before,
    onDue: () => {
      const second = cluster.controller;
      const term = second?.services?.quorum.status.term ?? 0;
      if (second === null) return undo();
      sometimes('fault: a new leader of the quorum dies at once');
      book.hold(second.id);
      book.undoAfter(50, () => book.letGo(second.id));
      second.kill('killed', 'processOnly');
      when(context, {
        isDue: () => (cluster.controller?.services?.quorum.status.term ?? 0) > term,
        onDue: undo,
        otherwise: undo,
      });
    },
    otherwise: undo,
  });
}

/**
 * Two replicas lead in turns, each alone and without having heard of the other's records: in the end a follower's log has an
 * epoch that its leader lacks, and lacks the leader's one below it.
 */
export function relay(context: FaultContext): void {
  const { cluster, book } = context;
  const placed = pickPartition(context, ({ replicas, isr }) => replicas.length === 2 && isr.length === 2);
  if (placed === null) return;
  const { topicId, partition } = placed;
  const nodes = placed.state.replicas.map((id) => cluster.node(id));
  const first = nodes.find(({ id }) => id === placed.state.leader);
  const second = nodes.find(({ id }) => id !== placed.state.leader);
  if (first === undefined || second === undefined || nodes.some(({ id, broker }) => book.isHeld(id) || broker === null)) return;
  cluster.note('scheme', `${first.host} and ${second.host} lead ${placed.topic}-${partition} in turns`);
  /** It leads, and has records of its own epoch. */
  const hasLed = (node: SimNode): boolean => {
    const hosted = node.services?.replicas.getById(topicId, partition);
    const log = hosted?.log ?? null;
    if (hosted?.leader === null || hosted === undefined || log === null) return false;
    return log.logEndOffset > hosted.leader.leaderEpochStartOffset;
  };
  const turn = (down: SimNode, up: SimNode, next: () => void): void => {
    book.hold(down.id);
    down.stop();
    when(context, { isDue: () => hasLed(up), onDue: next, otherwise: () => book.letGo(down.id) });
  };
  const swap = (down: SimNode, up: SimNode, next: () => void): void => {
    book.hold(down.id);
    down.stop();
    book.letGo(up.id);
    when(context, { isDue: () => hasLed(up), onDue: next, otherwise: () => book.letGo(down.id) });
  };
  const rounds = context.prng.between(1, 2);
  const lead = (round: number): void => {
    swap(second, first, () =>
      swap(first, second, () => {
        if (round < rounds) return lead(round + 1);
        sometimes('fault: two replicas led in turns without each other');
        book.letGo(first.id);
      }),
    );
  };
  turn(first, second, () => lead(1));
}

/**
 * The only replica in sync loses its leadership and gets it back, and is the last to hear of it: its follower knows the new epoch
 * before it does.
 */
export function laggingLeader(context: FaultContext): void {
  const { cluster, book } = context;
  const { network } = cluster.world;
  const controller = cluster.controller;
  const placed = pickPartition(
    context,
    ({ replicas, isr }) => replicas.length === 2 && isr.length === 2 && !replicas.includes(controller?.id ?? -1),
  );
  if (placed === null || controller === null) return;
  const leader = cluster.node(placed.state.leader);
  const other = cluster.node(placed.state.replicas.find((id) => id !== leader.id) ?? leader.id);
  const state = (): PartitionRegistration | null => cluster.image?.partition(placed.topicId, placed.partition) ?? null;
  const open = shut(context, [
    [leader.host, other.host],
    [other.host, leader.host],
  ]);
  when(context, {
    isDue: () => state()?.isr.join() === String(leader.id),
    onDue: () => {
      const undo = isolated(context, leader);
      const reopen = (): void => {
        undo();
        open();
      };
      when(context, {
        isDue: () => state()?.leader === -1,
        onDue: () => {
          sometimes('fault: a leader hears last that it leads again');
          network.slow(controller.host, leader.host, lateNewsMs);
          book.undoAfter(2 * lateNewsMs, () => network.slow(controller.host, leader.host, 0));
          reopen();
        },
        otherwise: reopen,
      });
    },
    otherwise: open,
  });
}

const lateNewsMs = 600;

/** A broker is away while a topic of which it has a replica is deleted, and one of the same name is made on it. */
export function rebirth(context: FaultContext): void {
  const { cluster, book, prng } = context;
  const topicOf = () => cluster.image?.topicByName(tenantTopic) ?? null;
  const hasReplica = ({ id }: SimNode): boolean => topicOf()?.partitions.get(0)?.replicas.includes(id) === true;
  const candidates = (): SimNode[] => cluster.running.filter((one) => one !== cluster.controller && hasReplica(one));
  when(context, {
    isDue: () => candidates().length > 0,
    onDue: () => {
      const node = pick(prng, candidates());
      const before = topicOf()?.id;
      const open = isolated(context, node);
      book.hold(node.id);
      node.kill('killed', 'processOnly');
      const comeBack = (): void => {
        book.letGo(node.id);
        open();
      };
      when(context, {
        isDue: () => topicOf() !== null && topicOf()?.id !== before && hasReplica(node),
        onDue: () => {
          sometimes('fault: a topic is made anew while one of its brokers is away');
          comeBack();
        },
        otherwise: comeBack,
      });
    },
  });
}

/**
 * A voter comes back on a new disk, is taken in again, and is at once told to lead, while news from the leader to the others are
 * slow: these do not know its new identity yet.
 */
export function promoteWiped(context: FaultContext): void {
  const { cluster, book } = context;
  const id = victimOf(cluster.plan);
  const leader = cluster.controller;
  if (id === null || leader === null || !cluster.plan.voters.includes(id) || !book.isPresent(id) || book.isHeld(id)) return;
  if (leader.id === id || !isIdentityKnown(cluster, id)) return;
  const node = cluster.node(id);
  const isSafeAtOnce = isCovered(cluster, id);
  damageWhenAllowed(context, {
    node,
    isAllowed: () => (isSafeAtOnce && isCovered(cluster, id)) || isDispensable(cluster, id),
    damage: () => {
      wipeDisks(node);
      watchAdmission(context, node);
    },
  });
}

function watchAdmission(context: FaultContext, node: SimNode): void {
  const { cluster, book } = context;
  const { network } = cluster.world;
  const leader = cluster.controller;
  if (leader === null || leader === node) return;
  const others = cluster.nodes.filter((one) => one !== leader && one !== node);
  for (const { host } of others) network.slow(leader.host, host, slowMs);
  const undo = (): void => {
    for (const { host } of others) network.slow(leader.host, host, 0);
  };
  book.undoAfter(2 * patienceMs, undo);
  when(context, {
    pollMs: 1,
    isDue: () => {
      const directoryId = node.services?.quorum.status.directoryId;
      const voters = leader.services?.quorum.status.voters ?? [];
      return directoryId !== undefined && voters.some((voter) => voter.id === node.id && voter.directoryId === directoryId);
    },
    onDue: () => {
      sometimes('fault: a wiped voter is told to lead as soon as it was taken in again');
      leader.process?.after(0, 'promote', () => void leader.services?.quorum.handOver(slowMs));
      book.undoAfter(slowMs, undo);
    },
    otherwise: undo,
  });
}

const slowMs = 150;

/** A voter is down until it needs a snapshot, and the connection breaks over which it is sent. */
export function cutSnapshots(context: FaultContext): void {
  const { cluster, action, prng, book } = context;
  const { loop, network, wires } = cluster.world;
  const leader = cluster.controller;
  const followers = cluster.running.filter((one) => one !== leader && cluster.plan.voters.includes(one.id));
  if (leader === null || followers.length === 0) return;
  const follower = pick(prng, followers);
  // Slow enough to be hit on its way.
  network.slow(leader.host, follower.host, transferMs);
  book.undoAfter(action.durationMs + patienceMs, () => network.slow(leader.host, follower.host, 0));
  const cutAll = (): void => {
    for (const end of wires.ends) {
      if (end.process.host === leader.host && end.peer?.process.host === follower.host) wires.cut(end);
    }
  };
  if (prng.chance(0.5)) {
    holdDown(context, follower);
    follower.kill('killed', 'processOnly');
  } else {
    // What is under way to it is lost, too.
    const undo = isolated(context, follower);
    book.undoAfter(action.durationMs, () => {
      cutAll();
      undo();
    });
  }
  const isSending = (): boolean =>
    leader.services?.quorum.status.peers.some(({ id, state }) => id === follower.id && state === 'snapshot') === true;
  const cut = (): void => {
    sometimes('fault: a connection breaks while a snapshot is sent over it');
    cutAll();
  };
  loop.after(action.durationMs, {
    owner: null,
    label: 'cut snapshots',
    callback: () => when(context, { pollMs: 2, isDue: isSending, onDue: cut }),
  });
}

const transferMs = 30;

/** Everything that is read from a disk takes long; meanwhile its broker loses its leaderships for a moment. */
export function slowReads(context: FaultContext): void {
  const { cluster, action, prng, book } = context;
  const node = pickTarget(context);
  if (node === null) return;
  const extraMs = prng.between(100, 1_500);
  cluster.note(node.host, `reads from its disk take ${extraMs} ms for ${action.durationMs} ms`);
  cluster.world.slowReads.set(node.id, extraMs);
  book.undoAfter(action.durationMs, () => void cluster.world.slowReads.delete(node.id));
  const placed = pickPartition(context, ({ leader }) => leader === node.id);
  if (placed !== null) readAll(context, placed);
  if (prng.chance(0.3)) return;
  const { loop, network } = cluster.world;
  loop.after(prng.between(0, action.durationMs >> 1), {
    owner: null,
    label: 'slow reads',
    callback: () => {
      if (!network.isHealed) book.undoAfter(prng.between(300, 1_500), isolated(context, node));
    },
  });
}
