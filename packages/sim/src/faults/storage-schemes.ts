/**
 * Faults in several steps around what a disk holds of a log: a leader alone writes what nobody else gets, has to cut it off for
 * its successor's fewer records, and loses its power, or hangs in a sync, meanwhile; a disk fails while the files of a log are
 * synced one by one; a follower's disk is full when it has to begin anew inside a batch.
 */
import { sometimes } from '@jackdaw/base';
import type { PartitionLog } from '@jackdaw/log';
import { batchBaseOffset } from '@jackdaw/protocol';
import { segmentPath } from '../checks/segment-path.ts';
import { dataDirectory, type SimNode } from '../node/sim-node.ts';
import { pick, type FaultContext } from './context.ts';
import { batchesIn } from './damage-faults.ts';
import { replaceAfterwards } from './disk-faults.ts';
import { holdDown } from './process-faults.ts';
import { makeChanges } from './quorum-schemes.ts';
import { tenantTopic } from '../workload/plan.ts';
import { isolated, patienceMs, pickPartition, shut, when, type Placed } from './scheme.ts';

/** Of each operation of its disk, when it is to lose its power in the midst of some. */
const slowMs = 250;

/** A leader that nobody else hears, but for some clients. */
export interface LoneLeader {
  readonly former: SimNode;
  readonly placed: Placed;
  /** Where its followers' logs ended when it was cut off. */
  readonly sharedEnd: number;
  /** Records that its successor has written; 0 while it has none. */
  readonly successorRecords: () => number;
  readonly undo: () => void;
}

export function leadAlone(context: FaultContext): LoneLeader | null {
  const { cluster, prng } = context;
  const controller = cluster.controller?.id ?? -1;
  const placed = pickPartition(context, ({ leader, isr }) => leader !== controller && isr.length > 1);
  if (placed === null) return null;
  const { replicas, leader: id } = placed.state;
  const former = cluster.node(id);
  if (logOf(former, placed) === null) return null;
  const undoNodes = isolated(context, former);
  // Some go on to write to it, the others look for its successor.
  const clients = [...cluster.world.clientHosts].filter((host) => prng.chance(0.5) && !host.includes('weak'));
  const undoClients = shut(
    context,
    clients.flatMap((host) => [[host, former.host] as const, [former.host, host] as const]),
  );
  const ends = replicas.filter((one) => one !== id).map((one) => logOf(cluster.node(one), placed)?.logEndOffset ?? 0);
  const successorRecords = (): number => {
    const leader = cluster.image?.partition(placed.topicId, placed.partition)?.leader ?? -1;
    if (leader < 0 || leader === former.id || logOf(former, placed) === null) return 0;
    const hosted = cluster.node(leader).services?.replicas.getById(placed.topicId, placed.partition);
    return (hosted?.log?.logEndOffset ?? 0) - (hosted?.leader?.leaderEpochStartOffset ?? Infinity);
  };
  const undo = (): void => {
    undoNodes();
    undoClients();
  };
  return { former, placed, sharedEnd: Math.max(0, ...ends), successorRecords, undo };
}

export function cutAndCrash(context: FaultContext): void {
  const alone = leadAlone(context);
  if (alone === null) return;
  const { former, placed, successorRecords, undo } = alone;
  when(context, {
    isDue: () => successorRecords() > 0,
    onDue: () => {
      slowDown(context, former);
      undo();
      crashAfterCut(context, former, placed);
    },
    otherwise: undo,
  });
}

/** A broker that is stopped waits for its disk to close a log, and the log's topic is deleted meanwhile. */
export function stopWhileHung(context: FaultContext): void {
  const former = context.cluster.image?.topicByName(tenantTopic)?.id;
  let found: Hosting | null = null;
  when(context, {
    // A new one: the broker shall be about to close its logs before it is deleted.
    isDue: () => (found = tenanted(context)) !== null && found.placed.topicId !== former,
    onDue: () => {
      if (found !== null) slowDownAndStop(context, found);
    },
  });
}

function slowDownAndStop(context: FaultContext, { node, placed }: Hosting): void {
  slowDown(context, node);
  when(context, {
    isDue: () => logOf(node, placed)?.needsSync === true,
    onDue: () => {
      holdDown(context, node);
      node.stop();
      const { services } = node;
      when(context, {
        isDue: () => !node.isRunning || services?.replicas.getById(placed.topicId, placed.partition) === undefined,
        onDue: () => {
          if (node.isRunning) sometimes('fault: a topic is deleted while its broker waits for its disk to stop');
        },
      });
    },
  });
}

interface Hosting {
  readonly node: SimNode;
  readonly placed: Placed;
}

/** A broker with a replica of the tenant's topic, which will be deleted soon. */
function tenanted({ cluster, book, prng }: FaultContext): Hosting | null {
  const topic = cluster.image?.topicByName(tenantTopic) ?? null;
  const state = topic?.partitions.get(0);
  if (topic === null || state === undefined) return null;
  const nodes = cluster.running.filter(({ id, broker }) => broker !== null && state.replicas.includes(id) && !book.isHeld(id));
  return nodes.length === 0
    ? null
    : { node: pick(prng, nodes), placed: { topicId: topic.id, topic: tenantTopic, partition: 0, state } };
}

export function logOf({ services }: SimNode, { topicId, partition }: Placed): PartitionLog | null {
  return services?.replicas.getById(topicId, partition)?.log ?? null;
}

export function slowDown({ cluster, book }: FaultContext, node: SimNode): void {
  const { slowDisks } = cluster.world;
  slowDisks.set(node.id, slowMs);
  book.undoAfter(2_000, () => void slowDisks.delete(node.id));
}

/** After one append or several, each of which the power may take on its own. */
function crashAfterCut(context: FaultContext, node: SimNode, placed: Placed): void {
  const { cluster, prng } = context;
  const truncations = logOf(node, placed)?.truncations ?? 0;
  const ends = new Set<number>();
  const appends = prng.between(1, 6);
  when(context, {
    pollMs: 2,
    isDue: () => {
      const log = logOf(node, placed);
      if (log === null || log.truncations === truncations || log.logEndOffset === log.durableOffset) return false;
      return ends.add(log.logEndOffset).size >= appends;
    },
    onDue: () => {
      sometimes('fault: power is cut while the cut of a log is not synced');
      holdDown(context, node);
      node.kill('power', 'random');
      cluster.world.slowDisks.delete(node.id);
    },
  });
}

/**
 * Syncs of its disk hang when it has synced what nobody else has, and a recovery point that says so is on its way; that gets
 * through when the log was cut below it and has rolled, and while nothing of what is new there is synced.
 */
export function cutAndRoll(context: FaultContext): void {
  const { cluster, book } = context;
  const alone = leadAlone(context);
  if (alone === null) return;
  const { former, placed, sharedEnd, successorRecords, undo } = alone;
  const { disk } = former;
  const goOn = (): void => {
    disk.holdSyncs = false;
    disk.releaseSyncs();
  };
  const over = (): void => {
    undo();
    goOn();
  };
  const meet = (): void => {
    undo();
    rollAfterCut(context, alone, goOn);
  };
  when(context, {
    pollMs: 2,
    isDue: () => (logOf(former, placed)?.recoveryPoint ?? 0) >= sharedEnd + cutRecords,
    onDue: () => {
      // One that is on the disk already is lowered by any cut.
      if (recoveryPointIn(former, placed, '') > sharedEnd) return undo();
      disk.holdSyncs = true;
      cluster.note(former.host, 'its syncs hang');
      book.undoAfter(patienceMs, goOn);
      when(context, {
        isDue: () => successorRecords() >= cutRecords && recoveryPointIn(former, placed, '.tmp') > sharedEnd,
        onDue: meet,
        otherwise: over,
      });
    },
    otherwise: undo,
  });
}

/** So many records are cut, and as many are there instead. */
const cutRecords = 3;

function rollAfterCut(context: FaultContext, { former, placed }: LoneLeader, goOn: () => void): void {
  const { loop } = context.cluster.world;
  const truncations = logOf(former, placed)?.truncations ?? 0;
  when(context, {
    pollMs: 1,
    isDue: () => {
      const log = logOf(former, placed);
      return log !== null && log.truncations > truncations && log.activeSegmentBaseOffset > log.recoveryPoint;
    },
    onDue: () => {
      sometimes('fault: a log is cut and rolls while its recovery point is written');
      // What hangs now is done, and the syncs that follow hang again for a moment.
      former.disk.releaseSyncs();
      loop.after(20, { owner: null, label: 'syncs go on', callback: goOn });
    },
    otherwise: goOn,
  });
}

/** What the file of the recovery points, or its successor, says of a log. */
export function recoveryPointIn(node: SimNode, { topic, partition }: Placed, suffix: '' | '.tmp'): number {
  const bytes = node.disk.contentOf(`${dataDirectory}/recovery-point-offset-checkpoint${suffix}`);
  const lines = Buffer.from(bytes ?? [])
    .toString()
    .split('\n');
  const name = `${topic} ${partition} `;
  return Number(lines.find((line) => line.startsWith(name))?.slice(name.length) ?? 0);
}

/**
 * A disk is slow, and a log has many files that are not synced; then a write fails, the broker gives itself up while a sync of
 * some of them is under way, and the machine loses its power.
 */
export function failInSync(context: FaultContext): void {
  const { cluster, book } = context;
  const { controller } = cluster;
  const placed = pickPartition(context, ({ leader }) => leader !== controller?.id);
  if (placed === null || controller === null || book.isHeld(placed.state.leader)) return;
  const node = cluster.node(placed.state.leader);
  const { slowDisks } = cluster.world;
  // Its quorum has something to write as well, so that it does not end at once.
  const endChanges = makeChanges(context, controller);
  slowDisks.set(node.id, slowMs);
  const over = (): void => {
    endChanges();
    slowDisks.delete(node.id);
  };
  when(context, {
    pollMs: 2,
    isDue: () => unsyncedSegments(logOf(node, placed)) >= manySegments,
    onDue: () => {
      sometimes('fault: a disk fails while files of a log are synced');
      cluster.note(node.host, 'its disk fails writes');
      node.disk.failing.add('write');
      over();
      replaceAfterwards(context, node, () => void node.disk.failing.delete('write'));
    },
    otherwise: over,
  });
}

const manySegments = 4;

function unsyncedSegments(log: PartitionLog | null): number {
  return log?.segmentBaseOffsets.filter((baseOffset) => baseOffset >= log.durableOffset).length ?? 0;
}

/**
 * The oldest records are deleted while a follower is down that has not even those; when it is back, its leader slowly reads what
 * it knows of their producers, from files that retention takes meanwhile.
 */
export function trimUnderWalk(context: FaultContext): void {
  const { cluster, book } = context;
  const placed = pickPartition(context, ({ isr, leader }) => isr.length > 2 && leader !== cluster.controller?.id);
  if (placed === null) return;
  const leader = cluster.node(placed.state.leader);
  const follower = pickFollower(context, placed);
  const end = logOf(follower, placed)?.logEndOffset ?? 0;
  book.hold(follower.id);
  follower.kill('killed', 'processOnly');
  const back = (): void => book.letGo(follower.id);
  const { slowReads } = cluster.world;
  when(context, {
    isDue: () => {
      const log = logOf(leader, placed);
      const trimmed = log?.segmentBaseOffsets.filter((baseOffset) => baseOffset < log.logStartOffset) ?? [];
      return trimmed.length >= manySegments && (log?.logStartOffset ?? 0) > end;
    },
    onDue: () => {
      sometimes('fault: a follower has to begin behind segments that are about to go');
      slowReads.set(leader.id, slowMs);
      book.undoAfter(patienceMs, () => void slowReads.delete(leader.id));
      back();
    },
    otherwise: back,
  });
}

function pickFollower({ cluster, prng }: FaultContext, { state }: Placed): SimNode {
  const others = state.replicas.filter((id) => id !== state.leader && id !== cluster.controller?.id);
  return cluster.node(pick(prng, others));
}

/**
 * The oldest records are deleted up to the middle of a batch while a follower is down that has not even those; its disk is full
 * when it hears its leader again, has to begin there, and is sent the whole batch.
 */
export function trimAndFill(context: FaultContext): void {
  const { cluster } = context;
  let placed: Placed | null = null;
  when(context, {
    isDue: () =>
      (placed = pickPartition(context, ({ isr, leader }) => isr.length > 2 && leader !== cluster.controller?.id)) !== null,
    onDue: () => {
      if (placed !== null) holdBack(context, placed);
    },
  });
}

function holdBack(context: FaultContext, placed: Placed): void {
  const { cluster, book } = context;
  const leader = cluster.node(placed.state.leader);
  const follower = pickFollower(context, placed);
  const end = logOf(follower, placed)?.logEndOffset ?? 0;
  const isInside = (): boolean => {
    const log = logOf(leader, placed);
    return log !== null && log.logStartOffset > end && isInsideBatch(leader, log);
  };
  cluster.note('scheme', `${follower.host} has to begin ${placed.topic}-${placed.partition} inside a batch`);
  book.hold(follower.id);
  follower.kill('killed', 'processOnly');
  const back = (): void => book.letGo(follower.id);
  when(context, {
    isDue: isInside,
    onDue: () => {
      const open = shut(context, [
        [leader.host, follower.host],
        [follower.host, leader.host],
      ]);
      back();
      when(context, {
        isDue: () => logOf(follower, placed) !== null && isInside(),
        onDue: () => {
          fillDisk(context, follower);
          open();
        },
        otherwise: open,
      });
    },
    otherwise: back,
  });
}

function fillDisk({ cluster, action, book }: FaultContext, { id, disk }: SimNode): void {
  sometimes('fault: the disk of a follower that has to begin inside a batch is full');
  cluster.ailing.add(id);
  disk.capacityBytes = disk.usedBytes;
  book.undoAfter(action.durationMs + 500, () => {
    disk.capacityBytes = Infinity;
  });
}

/** Whether the log's first offset is none at which a batch begins. */
function isInsideBatch({ disk }: SimNode, { directory, logStartOffset, segmentBaseOffsets }: PartitionLog): boolean {
  const segment = segmentBaseOffsets.findLast((baseOffset) => baseOffset <= logStartOffset) ?? 0;
  const path = segmentPath(directory, segment);
  const bytes = disk.contentOf(path) ?? new Uint8Array(0);
  return !batchesIn(disk, path).some((position) => batchBaseOffset(bytes, position) === logStartOffset);
}
