/**
 * A partition log in memory: records, a durable prefix, and leader epochs with exactly Kafka's rules.
 *
 * The answers of `endOffsetForEpoch` are worked out from a plain list each time, by the wording of KIP-101/279, so that
 * they check `@jackdaw/log`'s cache as a second opinion. Tests append to it directly and read `records`.
 */
import assert from 'node:assert/strict';
import type { EpochEndOffset, ReplicaLog } from '../src/index.ts';

export interface MemoryRecord {
  readonly offset: number;
  readonly epoch: number;
  readonly value: number;
}

interface EpochStart {
  readonly epoch: number;
  readonly startOffset: number;
}

export class MemoryLog implements ReplicaLog {
  logStartOffset = 0;
  durableOffset = 0;
  /** Contiguous, the first one at `#baseOffset`. */
  #records: MemoryRecord[] = [];
  #baseOffset = 0;
  #epochs: EpochStart[] = [];

  /** A log whose n-th record has the n-th of these epochs, all durable: `MemoryLog.of(0, 0, 1)`. */
  static of(...epochs: number[]): MemoryLog {
    const log = new MemoryLog();
    for (const epoch of epochs) log.append(epoch, log.logEndOffset);
    log.flush();
    return log;
  }

  get logEndOffset(): number {
    return this.#baseOffset + this.#records.length;
  }

  get records(): readonly MemoryRecord[] {
    return this.#records;
  }

  get epochs(): readonly EpochStart[] {
    return this.#epochs;
  }

  at(offset: number): MemoryRecord | undefined {
    return this.#records[offset - this.#baseOffset];
  }

  /** As leader: the next record of an epoch. */
  append(epoch: number, value: number): MemoryRecord {
    const record = { offset: this.logEndOffset, epoch, value };
    this.appendRecord(record);
    return record;
  }

  /** As follower: exactly the next record of the leader's log. */
  appendRecord(record: MemoryRecord): void {
    assert.equal(record.offset, this.logEndOffset, 'an appended record continues the log');
    const latest = this.latestEpoch();
    assert.ok(latest === null || record.epoch >= latest, `epoch ${record.epoch} after epoch ${latest}`);
    this.#records.push(record);
    this.assignEpochStartOffset(record.epoch, record.offset);
  }

  flush(upTo: number = this.logEndOffset): void {
    this.durableOffset = Math.max(this.durableOffset, Math.min(upTo, this.logEndOffset));
  }

  /** The machine loses power: what is not durable is gone, and epochs are found again in the records. */
  crash(): void {
    this.#records = this.#records.slice(0, this.durableOffset - this.#baseOffset);
    this.#epochs = [];
    for (const { epoch, offset } of this.#records) this.assignEpochStartOffset(epoch, offset);
  }

  /** A disk that lied, or a part of the log that was damaged: durable records go too. */
  loseDurableFrom(offset: number): void {
    this.durableOffset = Math.min(this.durableOffset, Math.max(offset, this.logStartOffset));
    this.crash();
  }

  /** Retention, or DeleteRecords. */
  deleteBelow(offset: number): void {
    assert.ok(offset <= this.logEndOffset);
    this.#records = this.#records.slice(Math.max(0, offset - this.#baseOffset));
    this.#baseOffset = Math.max(offset, this.#baseOffset);
    this.logStartOffset = this.#baseOffset;
    const spanning = this.#epochs.findLast((entry) => entry.startOffset <= offset);
    const later = this.#epochs.filter((entry) => entry.startOffset > offset);
    this.#epochs = spanning === undefined ? later : [{ epoch: spanning.epoch, startOffset: offset }, ...later];
  }

  latestEpoch(): number | null {
    return this.#epochs.at(-1)?.epoch ?? null;
  }

  endOffsetForEpoch(epoch: number): EpochEndOffset {
    if (epoch < 0) return { leaderEpoch: -1, endOffset: -1 };
    if (epoch === this.latestEpoch()) return { leaderEpoch: epoch, endOffset: this.logEndOffset };
    const higher = this.#epochs.find((entry) => entry.epoch > epoch);
    if (higher === undefined) return { leaderEpoch: -1, endOffset: -1 };
    const floor = this.#epochs.findLast((entry) => entry.epoch <= epoch);
    return { leaderEpoch: floor?.epoch ?? epoch, endOffset: higher.startOffset };
  }

  assignEpochStartOffset(epoch: number, startOffset: number): void {
    const last = this.#epochs.at(-1);
    if (last !== undefined && last.epoch === epoch && startOffset >= last.startOffset) return;
    while ((this.#epochs.at(-1)?.epoch ?? -1) >= epoch || (this.#epochs.at(-1)?.startOffset ?? -1) >= startOffset) {
      this.#epochs.pop();
    }
    this.#epochs.push({ epoch, startOffset });
  }

  truncateTo(offset: number): void {
    if (offset < this.#baseOffset) return this.truncateFullyAndStartAt(offset);
    this.#records = this.#records.slice(0, offset - this.#baseOffset);
    this.durableOffset = Math.min(this.durableOffset, this.logEndOffset);
    this.#epochs = this.#epochs.filter((entry) => entry.startOffset < this.logEndOffset);
  }

  truncateFullyAndStartAt(offset: number): void {
    this.#records = [];
    this.#epochs = [];
    this.#baseOffset = offset;
    this.logStartOffset = offset;
    this.durableOffset = offset;
  }

  /** `0:0 0:1 1:2`, epoch and value of each record; for comparing and for messages. */
  toString(): string {
    return this.#records.map(({ epoch, value }) => `${epoch}:${value}`).join(' ');
  }
}
