/**
 * Bits that rot where it hurts: in an index, in the epoch of a batch, in records that nobody else has at hand.
 *
 * As all damage of a run it is done to one machine, and to records that others have, too (atlas.ts).
 */
import { sometimes } from '@jackdaw/base';
import { batchSizeInBytes } from '@jackdaw/protocol';
import type { SimNode } from '../node/sim-node.ts';
import { isCovered, victimOf } from './atlas.ts';
import { pick, type FaultContext } from './context.ts';
import { batchesIn, damageWhenAllowed } from './damage-faults.ts';
import { cutAllPower } from './process-faults.ts';
import { logOf } from './storage-schemes.ts';
import { isolated, pickPartition, readAll, shut, when, type Placed } from './scheme.ts';

/** Where the epoch of a batch begins; the CRC does not cover it. */
const epochByte = 12;
/** The first byte of a batch that its CRC covers. */
const coveredByte = 21;

function victim({ cluster, book }: FaultContext): SimNode | null {
  const id = victimOf(cluster.plan);
  return id !== null && book.isPresent(id) && !book.isHeld(id) ? cluster.node(id) : null;
}

/** Entries of indexes flip while a broker is stopped, which finds its logs clean when it comes back. Any machine may be hit. */
export function rotIndex(context: FaultContext): void {
  const { cluster, prng, book } = context;
  const running = cluster.nodes.filter(({ id, isBroker, broker }) => isBroker && broker !== null && !book.isHeld(id));
  if (running.length === 0) return;
  const node = pick(prng, running);
  book.hold(node.id);
  node.stop();
  when(context, {
    isDue: () => !node.isRunning,
    onDue: () => {
      const indexes = node.disk.files().filter(({ path, sizeBytes }) => path.endsWith('.index') && sizeBytes > 0);
      for (const { path, sizeBytes } of indexes) {
        // The low bits of a position: an index whose entries do not even ascend is found out when it is opened.
        const entry = prng.below(Math.max(1, sizeBytes >> 3));
        if (prng.chance(0.8)) node.disk.flipBit(path, Math.min(8 * entry + 7, sizeBytes - 1) * 8 + prng.below(5));
      }
      if (indexes.length > 0) sometimes('fault: bits of indexes rot in a stopped broker');
      cluster.note(node.host, `bits rot in ${indexes.length} indexes`);
      book.undoAfter(context.action.durationMs, () => book.letGo(node.id));
      readLater(context, node);
    },
    otherwise: () => book.letGo(node.id),
  });
}

/** What a broker leads when it is back is read by pieces, each of which is looked for in the index. */
function readLater(context: FaultContext, node: SimNode): void {
  const { loop, network } = context.cluster.world;
  const callback = (): void => {
    const placed = pickPartition(context, ({ leader }) => leader === node.id);
    if (placed !== null && !network.isHealed) readAll(context, placed);
  };
  loop.after(context.action.durationMs + rebalancedMs, { owner: null, label: 'read later', callback });
}

/** Until then it has registered, caught up and been elected as the preferred leader. */
const rebalancedMs = 1_300;

/**
 * The epoch of one batch flips while its broker is down: of any, of the last one of a log that it then has to lead, or of the
 * last one of which there is no other copy, and which has to be led with all the same.
 */
export function rotEpoch(context: FaultContext): void {
  if (rotOnlyCopy(context)) return;
  if (context.prng.chance(0.75)) {
    whenLeading(context, {
      isFit: ({ replicas }, others) => replicas.length > 1 && mayBeAway(context, others),
      onDue: (node, placed) => rotLastEpoch(context, node, placed),
    });
    return;
  }
  when(context, {
    isDue: () => isCovered(context.cluster, victim(context)?.id ?? -1),
    onDue: () => {
      const node = victim(context);
      if (node === null) return;
      damageWhenAllowed(context, { node, isAllowed: () => true, damage: () => flipEpoch(context, node) });
      if (context.prng.chance(0.3)) cutAllPower(context);
    },
  });
}

/** False when the victim leads no partition that nobody else is a replica of. */
function rotOnlyCopy(context: FaultContext): boolean {
  const node = victim(context);
  if (node === null || node.broker === null) return false;
  const placed = pickPartition(context, ({ leader, replicas }) => leader === node.id && replicas.length === 1);
  if (placed === null || batchCount(node, placed) === 0) return false;
  const directory = logOf(node, placed)?.directory ?? '';
  sometimes('fault: the epoch of a batch rots in the only copy');
  // No record goes with it, so that it may be done to the only copy.
  damageWhenAllowed(context, { node, isAllowed: () => true, damage: () => flipEpoch(context, node, directory) });
  return true;
}

function rotLastEpoch(context: FaultContext, node: SimNode, placed: Placed): void {
  const { cluster, action, book } = context;
  const others = othersOf(context, node, placed.state);
  const undo = isolated(context, ...others);
  const directory = logOf(node, placed)?.directory ?? '';
  when(context, {
    isDue: () => others.every(({ id }) => cluster.image?.brokers.get(id)?.fenced !== false),
    onDue: () => {
      damageWhenAllowed(context, {
        node,
        // Without it there may be no quorum: nothing changes until it is back.
        isAllowed: () => true,
        damage: () => flipEpoch(context, node, directory),
      });
      book.undoAfter(action.durationMs + 2_000, undo);
    },
    otherwise: undo,
  });
}

function flipEpoch({ cluster, prng }: FaultContext, node: SimNode, directory: string | null = null): void {
  const isThere = (path: string): boolean => path.endsWith('.log') && (directory === null || path.startsWith(`${directory}/`));
  const logs = node.disk.files().filter(({ path, sizeBytes }) => isThere(path) && sizeBytes > 0);
  const candidates = logs
    .map(({ path }) => ({ path, batches: batchesIn(node.disk, path) }))
    .filter(({ batches }) => batches.length > 0);
  if (candidates.length === 0) return;
  const { path, batches } = directory === null ? pick(prng, candidates) : (candidates.at(-1) as (typeof candidates)[number]);
  const position = directory !== null || prng.chance(0.3) ? (batches.at(-1) as number) : pick(prng, batches);
  sometimes('fault: the epoch of a batch rots');
  cluster.note(node.host, `the epoch of the batch at ${position} of ${path} rots`);
  // Far from any epoch of a run: one that is near could be true for all that a replica alone can know.
  node.disk.flipBit(path, (position + epochByte) * 8 + prng.below(16));
}

/** A leader's records rot while all other replicas are away: it is the last hope, and has to go on with what is sound. */
export function rotAlone(context: FaultContext): void {
  whenLeading(context, {
    isFit: ({ replicas }, others) => replicas.length > 1 && mayBeAway(context, others),
    onDue: (node, placed) => cutOffAndRot(context, node, placed),
  });
}

function cutOffAndRot(context: FaultContext, node: SimNode, placed: Placed): void {
  const { cluster, action, book } = context;
  const others = othersOf(context, node, placed.state);
  const undo = isolated(context, ...others);
  when(context, {
    isDue: () => others.every(({ id }) => cluster.image?.brokers.get(id)?.fenced !== false),
    onDue: () => {
      sometimes('fault: the only copy at hand rots');
      rotBatches(context, node, { placed, fromOffset: 0 });
      readAll(context, placed);
      book.undoAfter(action.durationMs + 500, undo);
    },
    otherwise: undo,
  });
}

/** A leader's records rot before one of its followers, which was away, has fetched them. */
export function rotBehind(context: FaultContext): void {
  whenLeading(context, {
    isFit: ({ isr }, others) => isr.length > 2 && others.some((other) => mayBeAway(context, [other])),
    onDue: (node, placed) => rotUnfetched(context, node, placed),
  });
}

function rotUnfetched(context: FaultContext, node: SimNode, placed: Placed): void {
  const { prng, book } = context;
  const follower = pick(
    prng,
    othersOf(context, node, placed.state).filter((other) => mayBeAway(context, [other])),
  );
  const from = endOn(follower, placed);
  // Down, and not only cut off: what was sent to it would be on its way.
  book.hold(follower.id);
  follower.kill('killed', 'processOnly');
  when(context, {
    // Committed without the follower: others have these records as well.
    isDue: () => (node.services?.replicas.getById(placed.topicId, placed.partition)?.highWatermark ?? 0) > from + unfetched,
    onDue: () => {
      sometimes('fault: records rot before a follower has them');
      rotBatches(context, node, { placed, fromOffset: from });
      book.undoAfter(prng.between(0, 100), () => book.letGo(follower.id));
    },
    otherwise: () => book.letGo(follower.id),
  });
}

/**
 * A broker whose records have rotted cuts them off when it starts, and is killed before it could tell anybody; when it starts
 * again, its log is sound and short, and the only other replica is away: it must not lead.
 */
export function rotTwice(context: FaultContext): void {
  whenOneOfTwo(context, {
    isFit: (others) => mayBeAway(context, others),
    onDue: (node, placed) => rotAndKill(context, node, placed),
  });
}

/**
 * A broker's records rot while it is down for so short a time that it is still in sync, or at least may lead: it must say when
 * it registers that it has lost some.
 */
export function rotDown(context: FaultContext): void {
  const { book, prng } = context;
  whenOneOfTwo(context, {
    isFit: () => true,
    onDue: (node, placed) => {
      sometimes('fault: records rot in a broker that is down for a moment');
      rotBatches(context, node, { placed, fromOffset: 0 });
      book.hold(node.id);
      node.kill('killed', 'processOnly');
      book.undoAfter(prng.between(0, 300), () => book.letGo(node.id));
    },
  });
}

/** Waits until the victim is one of two in sync and has some batches, and everything that it has is somewhere else, too. */
function whenOneOfTwo(context: FaultContext, { isFit, onDue }: Opportunity<(others: readonly SimNode[]) => boolean>): void {
  const { cluster } = context;
  whenFound(context, {
    find: () => {
      const node = victim(context);
      if (node === null || node.broker === null || !isCovered(cluster, node.id)) return null;
      const placed = pickPartition(context, (state) => {
        const others = othersOf(context, node, state);
        return state.replicas.includes(node.id) && state.isr.length === 2 && others.length === 1 && isFit(others);
      });
      return placed !== null && batchCount(node, placed) >= fewBatches ? { node, placed } : null;
    },
    onDue,
  });
}

/** Enough that the first of those that rot is not among the last. */
const fewBatches = 4;

function batchCount(node: SimNode, placed: Placed): number {
  const log = logOf(node, placed);
  const logs = node.disk.files().filter(({ path }) => log !== null && path.startsWith(`${log.directory}/`));
  return logs.reduce((count, { path }) => count + (path.endsWith('.log') ? batchesIn(node.disk, path).length : 0), 0);
}

function rotAndKill(context: FaultContext, node: SimNode, placed: Placed): void {
  const { book } = context;
  rotBatches(context, node, { placed, fromOffset: 0 });
  const unheard = isolated(context, node);
  book.hold(node.id);
  node.kill('killed', 'processOnly');
  book.letGo(node.id);
  when(context, {
    pollMs: 1,
    isDue: () => (node.services?.logManager.damagedLogs ?? 0) > 0,
    onDue: () => {
      sometimes('fault: a broker dies between a cut of damage and its registration');
      book.hold(node.id);
      node.kill('killed', 'processOnly');
      comeBackAlone(context, node, placed);
      unheard();
      book.letGo(node.id);
    },
    otherwise: unheard,
  });
}

/** It does not hear the other replica, and when it is registered, nobody does. */
function comeBackAlone(context: FaultContext, node: SimNode, { state }: Placed): void {
  const { cluster, book } = context;
  const others = othersOf(context, node, state);
  const hear = shut(
    context,
    others.flatMap(({ host }) => [[host, node.host] as const, [node.host, host] as const]),
  );
  const { starts } = node;
  when(context, {
    isDue: () => node.starts > starts && node.services !== null && cluster.image?.brokers.get(node.id)?.fenced === false,
    onDue: () => {
      const reach = isolated(context, ...others);
      book.undoAfter(aloneMs, () => {
        reach();
        hear();
      });
    },
    otherwise: hear,
  });
}

/** The controller misses the other replica within it. */
const aloneMs = 1_200;

/** Records that the follower shall miss. */
const unfetched = 10;

function endOn(node: SimNode, placed: Placed): number {
  return logOf(node, placed)?.logEndOffset ?? 0;
}

interface Opportunity<Fit> {
  readonly isFit: Fit;
  readonly onDue: (node: SimNode, placed: Placed) => void;
}

type FitOfPartition = (state: Placed['state'], others: readonly SimNode[]) => boolean;

/** Waits until the victim leads a fitting partition, and everything that it has is somewhere else, too. */
function whenLeading(context: FaultContext, { isFit, onDue }: Opportunity<FitOfPartition>): void {
  whenFound(context, {
    find: () => {
      const node = victim(context);
      if (node === null || node.broker === null || !isCovered(context.cluster, node.id)) return null;
      const placed = pickPartition(context, (state) => state.leader === node.id && isFit(state, othersOf(context, node, state)));
      return placed === null ? null : { node, placed };
    },
    onDue,
  });
}

interface Found {
  readonly node: SimNode;
  readonly placed: Placed;
}

interface Search extends Pick<Opportunity<unknown>, 'onDue'> {
  readonly find: () => Found | null;
}

function whenFound(context: FaultContext, { find, onDue }: Search): void {
  let found: Found | null = null;
  when(context, {
    isDue: () => (found = find()) !== null,
    onDue: () => {
      if (found !== null) onDue(found.node, found.placed);
    },
  });
}

function othersOf({ cluster }: FaultContext, node: SimNode, { replicas }: Placed['state']): SimNode[] {
  return replicas.filter((id) => id !== node.id).map((id) => cluster.node(id));
}

/** There is a controller, and a quorum, without them. */
function mayBeAway({ cluster }: FaultContext, away: readonly SimNode[]): boolean {
  const { voters } = cluster.plan;
  if (cluster.controller === null || away.includes(cluster.controller)) return false;
  const left = cluster.running.filter((node) => voters.includes(node.id) && !away.includes(node));
  return left.length * 2 > voters.length;
}

interface Rot {
  readonly placed: Placed;
  readonly fromOffset: number;
}

/** One bit in each batch from an offset on, at most so many; not in the last one, for that could have been torn as well. */
function rotBatches({ cluster, prng }: FaultContext, node: SimNode, { placed, fromOffset }: Rot): void {
  const log = logOf(node, placed);
  if (log === null) return;
  cluster.damaged.add(node.id);
  let left = maxRotten;
  for (const { path } of node.disk.files().toReversed()) {
    if (!path.startsWith(`${log.directory}/`) || !path.endsWith('.log')) continue;
    const bytes = node.disk.contentOf(path) ?? new Uint8Array(0);
    for (const position of batchesIn(node.disk, path).slice(0, -1).toReversed()) {
      const baseOffset = Number(Buffer.from(bytes.subarray(position, position + 8)).readBigInt64BE());
      if (baseOffset < fromOffset || left-- <= 0) return;
      const sizeBytes = batchSizeInBytes(bytes, position);
      node.disk.flipBit(path, (position + coveredByte) * 8 + prng.below((sizeBytes - coveredByte) * 8));
    }
  }
  cluster.note(node.host, `${maxRotten - left} batches of ${placed.topic}-${placed.partition} rot`);
}

const maxRotten = 30;
