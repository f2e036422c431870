/**
 * What was durable is destroyed, on the one machine of the run that may lose it: wiped, put back to an older state, rotten.
 *
 * The damage is done when the atlas says that the promises of the cluster must survive it; when no such moment comes in time,
 * the node just starts again.
 */
import { sometimes } from '@jackdaw/base';
import type { MemoryFs } from '@jackdaw/log';
import { batchSizeInBytes } from '@jackdaw/protocol';
import type { SimNode } from '../node/sim-node.ts';
import { isCovered, isDispensable, isIdentityKnown, isPromiseKeptByOthers, victimOf } from './atlas.ts';
import { pick, type FaultContext } from './context.ts';

/** How often, and for how long, a moment is waited for in which the damage may be done, virtual ms. */
const pollMs = 50;
const patienceMs = 4_000;

/** Kills the victim, waits for the moment, does the damage, and lets it start again. */
export interface Damage {
  readonly node: SimNode;
  readonly isAllowed: () => boolean;
  readonly damage: () => void;
}

export function wipe(context: FaultContext): void {
  const node = victim(context);
  if (node === null || !isIdentityKnown(context.cluster, node.id)) return;
  const isSafeAtOnce = isCovered(context.cluster, node.id);
  if (isSafeAtOnce) sometimes('fault: a disk is wiped while its replicas are in sync');
  damageWhenAllowed(context, {
    node,
    // Meanwhile a partition may have come, or a minimum been lowered, so that it is safe no more.
    isAllowed: () => (isSafeAtOnce && isCovered(context.cluster, node.id)) || isDispensable(context.cluster, node.id),
    damage: () => {
      if (context.cluster.plan.voters.includes(node.id)) sometimes('fault: the disk of a voter is wiped');
      wipeDisks(node);
    },
  });
}

/** The machine comes back with its disks as they were a while ago. */
export function oldImage(context: FaultContext): void {
  const { cluster, prng } = context;
  const node = victim(context);
  if (node === null || !node.isRunning) return;
  const image = { disk: node.disk.cloneDurable(), database: node.database.image() };
  cluster.note(node.host, 'an image of its disks is taken');
  const killAfterMs = prng.between(50, 1_500);
  const restore = (): void => {
    const promisedTerm = node.services?.quorum.status.term ?? Infinity;
    damageWhenAllowed(context, {
      node,
      isAllowed: () => isDispensable(cluster, node.id) && isPromiseKeptByOthers(cluster, node.id, promisedTerm),
      damage: () => {
        sometimes('fault: a machine comes back with an old image of its disks');
        node.replaceDisks(image.disk, image.database);
      },
    });
  };
  cluster.world.loop.after(killAfterMs, { owner: null, label: 'old image', callback: restore });
}

/** The quorum's database cannot be read any more, so that the node does not start; then its operator wipes the disk. */
export function damagedDatabase(context: FaultContext): void {
  const { cluster, action, book } = context;
  const node = victim(context);
  if (node === null || !isIdentityKnown(cluster, node.id)) return;
  damageWhenAllowed(context, {
    node,
    isAllowed: () => isDispensable(cluster, node.id),
    damage: () => {
      sometimes('fault: the database of the quorum is damaged');
      node.database.isDamaged = true;
      book.undoAfter(action.durationMs, () => {
        if (node.isRunning) node.kill('killed', 'processOnly');
        wipeDisks(node);
      });
    },
  });
}

/** Bits of one file of the victim are flipped, while it runs or while it is down. */
export function bitRot(context: FaultContext): void {
  const { cluster, prng } = context;
  const node = victim(context);
  if (node === null) return;
  if (!isCovered(cluster, node.id)) {
    damageWhenAllowed(context, { node, isAllowed: () => isDispensable(cluster, node.id), damage: () => rot(context, node) });
  } else if (prng.chance(0.5)) {
    sometimes('fault: bits rot under a running broker');
    cluster.damaged.add(node.id);
    rot(context, node);
  } else damageWhenAllowed(context, { node, isAllowed: () => true, damage: () => rot(context, node) });
}

function victim({ cluster, book }: FaultContext): SimNode | null {
  const id = victimOf(cluster.plan);
  return id !== null && book.isPresent(id) && !book.isHeld(id) ? cluster.node(id) : null;
}

export function damageWhenAllowed({ cluster, action, prng, book }: FaultContext, { node, isAllowed, damage }: Damage): void {
  const { loop, network } = cluster.world;
  if (network.isHealed) return;
  book.hold(node.id);
  cluster.note(node.host, `${action.kind}: is killed for it`);
  node.kill(prng.chance(0.5) ? 'killed' : 'power', 'random');
  const deadlineMs = loop.nowMs + patienceMs;
  const look = (): void => {
    // What is healed is not hurt again.
    if (network.isHealed || loop.nowMs >= deadlineMs) book.letGo(node.id);
    else if (!isAllowed()) loop.after(pollMs, { owner: null, label: 'may it be damaged?', callback: look });
    else {
      cluster.damaged.add(node.id);
      cluster.note(node.host, `${action.kind}: is done`);
      damage();
      book.undoAfter(action.durationMs, () => book.letGo(node.id));
    }
  };
  loop.after(prng.between(0, 300), { owner: null, label: 'may it be damaged?', callback: look });
}

export function wipeDisks(node: SimNode): void {
  node.disk.wipe();
  node.database.wipe();
}

/** What a node does not start without is left alone: its operator would have to wipe it, which is a fault of its own. */
const vital = /meta\.properties$|partition\.metadata$|\.lock$/;

function rot({ cluster, prng }: FaultContext, node: SimNode): void {
  const files = node.disk.files().filter(({ path, sizeBytes }) => sizeBytes > 0 && !vital.test(path));
  if (files.length === 0) return;
  const isLog = prng.chance(0.6);
  const candidates = files.filter(({ path }) => path.endsWith('.log') === isLog);
  const { path, sizeBytes } = pick(prng, candidates.length > 0 ? candidates : files);
  const flips = prng.chance(0.5) ? 1 : prng.between(2, 40);
  const endByte = path.endsWith('.log') ? endOfTellable(node, path) : sizeBytes;
  if (endByte === 0) return;
  if (path.endsWith('.log')) sometimes('fault: bits rot in a log');
  else sometimes('fault: bits rot beside a log');
  cluster.note(node.host, `${flips} bits rot in ${path} of ${sizeBytes} bytes`);
  for (let flip = 0; flip < flips; flip++) node.disk.flipBit(path, prng.below(endByte * 8));
}

/**
 * Where the last batch of a segment begins. After a crash nobody can tell rot in the last batch of a log from a write that was
 * torn and never acknowledged: what may be lost like that is not promised to anybody.
 */
function endOfTellable(node: SimNode, path: string): number {
  return batchesIn(node.disk, path).at(-1) ?? 0;
}

/** Positions of the batches of a segment. */
export function batchesIn(disk: MemoryFs, path: string): number[] {
  const bytes = disk.contentOf(path) ?? new Uint8Array(0);
  const positions: number[] = [];
  for (let position = 0; bytes.length - position >= batchHeaderBytes;) {
    positions.push(position);
    const end = position + batchSizeInBytes(bytes, position);
    if (end < position + batchHeaderBytes || end > bytes.length) break;
    position = end;
  }
  return positions;
}

const batchHeaderBytes = 61;
