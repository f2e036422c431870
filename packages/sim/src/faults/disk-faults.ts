/**
 * Disks that are slow, full, or fail: a node with a failing disk must end itself and promise nothing more (B9, B10).
 */
import { sometimes } from '@jackdaw/base';
import type { SimNode } from '../node/sim-node.ts';
import { pickTarget, type FaultContext } from './context.ts';

/** Every operation takes longer, or syncs hang until the end. */
export function slowDisk(context: FaultContext): void {
  const { cluster, action, prng, book } = context;
  const node = pickTarget(context);
  if (node === null) return;
  const { disk } = node;
  if (prng.chance(0.3)) {
    cluster.note(node.host, `syncs hang for ${action.durationMs} ms`);
    disk.holdSyncs = true;
    book.undoAfter(action.durationMs, () => {
      disk.holdSyncs = false;
      disk.releaseSyncs();
    });
    return;
  }
  const extraMs = prng.between(1, prng.chance(0.3) ? 3_000 : 100);
  cluster.note(node.host, `its disk is ${extraMs} ms slower for ${action.durationMs} ms`);
  cluster.world.slowDisks.set(node.id, extraMs);
  book.undoAfter(action.durationMs, () => void cluster.world.slowDisks.delete(node.id));
}

export function fullDisk(context: FaultContext): void {
  const { cluster, action, prng, book } = context;
  const node = pickTarget(context);
  if (node === null) return;
  const { disk, process } = node;
  cluster.ailing.add(node.id);
  disk.capacityBytes = disk.usedBytes + (prng.chance(0.3) ? 0 : prng.below(prng.chance(0.5) ? 200 : 5_000));
  cluster.note(node.host, `its disk takes ${disk.capacityBytes - disk.usedBytes} bytes more for ${action.durationMs} ms`);
  book.undoAfter(action.durationMs, () => {
    if (process?.isDead === false && disk.usedBytes >= disk.capacityBytes) sometimes('fault: a broker lives through a full disk');
    disk.capacityBytes = Infinity;
  });
}

export function failingSync(context: FaultContext): void {
  failDisk(context, 'sync');
}

/** Writes fail, or in some runs reads. */
export function failingWrite(context: FaultContext): void {
  failDisk(context, context.prng.chance(0.7) ? 'write' : 'read');
}

function failDisk(context: FaultContext, operation: 'sync' | 'write' | 'read'): void {
  const { cluster, action, prng } = context;
  const node = pickTarget(context);
  if (node === null) return;
  const { disk } = node;
  const after = prng.below(6);
  cluster.note(node.host, `its disk fails ${operation}s after ${after} for ${action.durationMs} ms`);
  if (prng.chance(0.5)) disk.failing.add(operation);
  else if (operation === 'sync') disk.failSyncAfter = after;
  else if (operation === 'write') disk.failWriteAfter = after;
  else disk.failReadAfter = after;
  replaceAfterwards(context, node, () => {
    disk.failing.delete(operation);
    disk.failSyncAfter = null;
    disk.failWriteAfter = null;
    disk.failReadAfter = null;
  });
}

export function failingDatabase(context: FaultContext): void {
  const node = pickTarget(context);
  if (node === null) return;
  const { database } = node;
  context.cluster.note(node.host, `its database fails for ${context.action.durationMs} ms`);
  database.isFailing = true;
  replaceAfterwards(context, node, () => {
    database.isFailing = false;
  });
}

/**
 * The disk works again after a while. A node that has ended itself meanwhile comes back after its machine was started anew:
 * of what the kernel held only what had reached the device is left.
 */
export function replaceAfterwards({ cluster, action, prng, book }: FaultContext, node: SimNode, mend: () => void): void {
  const { process } = node;
  cluster.ailing.add(node.id);
  book.hold(node.id);
  book.undoAfter(action.durationMs, () => {
    mend();
    if (process?.isDead === true) {
      sometimes('fault: a broker ends itself when its disk fails');
      if (!node.isRunning) node.kill('power', prng.chance(0.5) ? 'random' : 'loseUnsynced');
    }
    book.letGo(node.id);
  });
}
