/**
 * What the disk says of leader epochs, whenever it could be all that is left.
 *
 *   EpochsAreFound        of the records that recovery would not walk the file of the epochs says what the log says (B6)
 *   EpochsOutliveRecords  when the oldest records go, the file says under which epoch they were written (B6, A4)
 */
import type { MemoryFs, PartitionLog } from '@jackdaw/log';
import { batchLeaderEpoch, batchSizeInBytes } from '@jackdaw/protocol';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import { fail } from './check.ts';
import { RecoveryPoints } from './recovery-points.ts';
import { segmentPath } from './segment-path.ts';
import type { Family, LiveNode } from './watch.ts';

interface Seen {
  readonly points: RecoveryPoints;
  /** Truncations and deletions of each log that were looked at. */
  readonly truncations: Map<PartitionLog, number>;
  /** Whether retention has taken segments in the event that is under way. */
  hasRetained: boolean;
}

interface EpochEntry {
  readonly epoch: number;
  readonly start: number;
}

const lookEveryMs = 50;
const retained = 'log: segments deleted by retention';
/** Least size of a batch. */
const headerBytes = 61;

export class EpochStorage implements Family {
  readonly #seen = new Map<LiveNode, Seen>();
  #nextLookMs = 0;

  onStarted(live: LiveNode): void {
    this.#seen.set(live, { points: new RecoveryPoints(live.node), truncations: new Map(), hasRetained: false });
  }

  onDied(live: LiveNode): void {
    this.#seen.delete(live);
  }

  onMark(live: LiveNode, name: string): void {
    const seen = this.#seen.get(live);
    if (seen !== undefined && name === retained) seen.hasRetained = true;
  }

  onEvent(live: LiveNode): void {
    const seen = this.#seen.get(live);
    if (seen === undefined || live.cluster.damaged.has(live.node.id)) return;
    if (seen.points.refresh()) expectFound(live, seen.points);
    for (const log of live.services.logManager.logs()) {
      const before = seen.truncations.get(log) ?? 0;
      if (log.isOffline || log.truncations === before) continue;
      seen.truncations.set(log, log.truncations);
      // A log that begins anew counts two, and has other records' epochs to know.
      if (seen.hasRetained && log.truncations === before + 1) expectOutlived(live, log);
    }
    seen.hasRetained = false;
  }

  onTime(cluster: SimCluster): void {
    const { nowMs } = cluster.world.loop;
    if (nowMs < this.#nextLookMs) return;
    this.#nextLookMs = nowMs + lookEveryMs;
    for (const [live, { points }] of this.#seen) {
      points.refresh();
      if (!cluster.damaged.has(live.node.id)) expectFound(live, points);
    }
  }
}

/** One look at each segment before the one that recovery would begin with. */
function expectFound({ node, services, label }: LiveNode, points: RecoveryPoints): void {
  for (const log of services.logManager.logs()) {
    const start = points.startOf(log);
    if (start === null || log.isOffline) continue;
    const unwalked = log.segmentBaseOffsets.filter((baseOffset) => baseOffset <= start && baseOffset > log.logStartOffset);
    if (unwalked.length === 0) continue;
    const entries = entriesOf(log, node.disk);
    for (const baseOffset of unwalked) {
      const [known, inFile] = [log.epochForOffset(baseOffset - 1), epochIn(entries, baseOffset - 1)];
      // One that begins too late, from before a log start that a crash has taken back, does not fit, and is made anew.
      if (inFile === null || known === inFile) continue;
      fail(
        'EpochsAreFound',
        `${label}: ${log.name} has epoch ${known} at ${baseOffset - 1}, its file ${inFile}, and recovery begins at ${start}`,
      );
    }
  }
}

/** Looks at the newest of the segments that have just gone, which are only renamed yet. */
function expectOutlived({ node, label }: LiveNode, log: PartitionLog): void {
  // Emptied by its leader's log start, and then told by it to forget the epoch of what had been there.
  if (log.latestEpoch() === null) return;
  const [first = 0] = log.segmentBaseOffsets;
  const gone = node.disk
    .list(log.directory)
    .filter((name) => name.endsWith('.log.deleted'))
    .map((name) => Number.parseInt(name, 10))
    .filter((baseOffset) => baseOffset < first);
  if (gone.length === 0) return;
  const epoch = lastEpochIn(node.disk.contentOf(`${segmentPath(log.directory, Math.max(...gone))}.deleted`));
  const inFile = epochIn(entriesOf(log, node.disk), log.logStartOffset) ?? -1;
  if (inFile >= epoch) return;
  const where = `records of epoch ${epoch} before ${first} are gone`;
  fail('EpochsOutliveRecords', `${label}: ${log.name}: ${where}, and the file knows ${inFile} at most`);
}

/** A version, a count, then `epoch start` in each line. */
function entriesOf(log: PartitionLog, disk: MemoryFs): EpochEntry[] {
  const content = disk.contentOf(`${log.directory}/leader-epoch-checkpoint`);
  const lines = Buffer.from(content ?? [])
    .toString()
    .split('\n')
    .slice(2);
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [epoch = 0, start = 0] = line.split(' ').map(Number);
      return { epoch, start };
    });
}

function epochIn(entries: readonly EpochEntry[], offset: number): number | null {
  return entries.findLast(({ start }) => start <= offset)?.epoch ?? null;
}

function lastEpochIn(segment: Uint8Array | null): number {
  let epoch = -1;
  for (let at = 0; segment !== null && segment.length - at >= headerBytes; at += batchSizeInBytes(segment, at)) {
    if (batchSizeInBytes(segment, at) < headerBytes) break;
    epoch = batchLeaderEpoch(segment, at);
  }
  return epoch;
}
