/**
 * The committed offsets of a shard's groups, and beside each one what is on its way into the log.
 *
 * OffsetFetch sees `committed` only; deletion, expiry and snapshots go by `latest`, which is what the log will say once all
 * pending writes are through. Writes end in the order in which they began (see AppendQueue).
 */
import { sometimes } from '@jackdaw/base';

export interface CommittedOffset {
  readonly offset: number;
  /** −1 when the client did not say. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  /** Wall clock of the commit. */
  readonly commitTimestampMs: number;
  /** −1 for an offset that follows the retention of its group (KIP-211). */
  readonly expireTimestampMs: number;
  /** Zero when unknown: written before topic ids. */
  readonly topicId: string;
}

export interface OffsetKey {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
}

export interface OffsetEntry {
  committed: CommittedOffset | null;
  latest: CommittedOffset | null;
  pendingWrites: number;
}

export type PartitionOffsets = ReadonlyMap<number, OffsetEntry>;

interface GroupOffsets {
  readonly topics: Map<string, Map<number, OffsetEntry>>;
  entries: number;
}

export class OffsetStore {
  readonly #groups = new Map<string, GroupOffsets>();
  #committed = 0;

  /** Offsets that a fetch could return. */
  get committedCount(): number {
    return this.#committed;
  }

  /** What a fetch could return, of all groups. */
  *committedOffsets(): Generator<OffsetKey & { readonly offset: number }> {
    for (const [groupId, { topics }] of this.#groups) {
      for (const [topic, partitions] of topics) {
        for (const [partition, { committed }] of partitions) {
          if (committed !== null) yield { groupId, topic, partition, offset: committed.offset };
        }
      }
    }
  }

  groupIds(): Iterable<string> {
    return this.#groups.keys();
  }

  /** Committed and pending ones of the group together. */
  entryCount(groupId: string): number {
    return this.#groups.get(groupId)?.entries ?? 0;
  }

  topicsOf(groupId: string): ReadonlyMap<string, PartitionOffsets> | null {
    return this.#groups.get(groupId)?.topics ?? null;
  }

  entry({ groupId, topic, partition }: OffsetKey): OffsetEntry | null {
    return this.#groups.get(groupId)?.topics.get(topic)?.get(partition) ?? null;
  }

  /** The offset, or its deletion (null), has been submitted. */
  beginWrite(key: OffsetKey, value: CommittedOffset | null): void {
    const entry = this.#entryFor(key);
    entry.latest = value;
    entry.pendingWrites++;
  }

  /** The oldest pending write of this key is through: it is the state now, or never happened. */
  endWrite(key: OffsetKey, value: CommittedOffset | null, { isCommitted }: { readonly isCommitted: boolean }): void {
    const entry = this.#entryFor(key);
    entry.pendingWrites--;
    if (isCommitted) this.#setCommitted(entry, value);
    if (entry.pendingWrites > 0) sometimes('groups: several commits of one offset are open');
    if (entry.pendingWrites === 0) entry.latest = entry.committed;
    this.#removeIfBlank(key, entry);
  }

  /** For loading. */
  load(key: OffsetKey, value: CommittedOffset | null): void {
    const entry = this.#entryFor(key);
    this.#setCommitted(entry, value);
    entry.latest = value;
    this.#removeIfBlank(key, entry);
  }

  #setCommitted(entry: OffsetEntry, value: CommittedOffset | null): void {
    this.#committed += (value === null ? 0 : 1) - (entry.committed === null ? 0 : 1);
    entry.committed = value;
  }

  #entryFor({ groupId, topic, partition }: OffsetKey): OffsetEntry {
    let group = this.#groups.get(groupId);
    if (group === undefined) {
      group = { topics: new Map(), entries: 0 };
      this.#groups.set(groupId, group);
    }
    let partitions = group.topics.get(topic);
    if (partitions === undefined) {
      partitions = new Map();
      group.topics.set(topic, partitions);
    }
    let entry = partitions.get(partition);
    if (entry === undefined) {
      entry = { committed: null, latest: null, pendingWrites: 0 };
      partitions.set(partition, entry);
      group.entries++;
    }
    return entry;
  }

  #removeIfBlank({ groupId, topic, partition }: OffsetKey, entry: OffsetEntry): void {
    if (entry.committed !== null || entry.pendingWrites > 0) return;
    const group = this.#groups.get(groupId);
    const partitions = group?.topics.get(topic);
    if (group === undefined || partitions === undefined) return;
    partitions.delete(partition);
    group.entries--;
    if (partitions.size === 0) group.topics.delete(topic);
    if (group.topics.size === 0) this.#groups.delete(groupId);
  }
}
