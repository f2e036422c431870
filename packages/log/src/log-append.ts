/**
 * Appending: by the leader, which assigns offsets, and by a follower, which keeps those it is given.
 *
 * Both write whole batches into the page cache in one synchronous call and then bring the notes up to date: indexes,
 * epochs, producers, tail cache, log end. Every check that can refuse comes before the write, and every note after it,
 * so a failed write changes nothing.
 */

import { maxSafeOffset, type Offset, buggify, sometimes } from '@jackdaw/base';
import {
  batchBaseOffset,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchMaxTimestamp,
  batchProducerId,
  batchTimestampType,
  CorruptRecordError,
  endOfBatch,
  ErrorCode,
  expectCurrentBatch,
  isValidCrc,
  patchBaseOffset,
  patchLeaderEpoch,
} from '@jackdaw/protocol';
import { StorageError } from './fs.ts';
import { lowerCheckpoint, type LogParts } from './log-parts.ts';
import type { AppendResult, LeaderAppendOptions } from './log-types.ts';
import { ProducerUpdates, type ProducerCheckContext } from './producer-append.ts';
import { Segment } from './segment.ts';

/** One for all appends, which are synchronous and follow each other: what an append has noted is of no use after it. */
const sharedUpdates = new ProducerUpdates();

/** Batches that go into one segment together. */
interface Group {
  sizeBytes: number;
  baseOffset: Offset;
  lastOffset: Offset;
  maxTimestamp: number;
  hasProducers: boolean;
}

/** The leader's append. A full disk answers KAFKA_STORAGE_ERROR; a broken one throws StorageError of kind `io`. */
export function appendLeader(parts: LogParts, batches: Uint8Array, options: LeaderAppendOptions): AppendResult {
  const { config } = parts;
  if (batches.length > config.segmentBytes) {
    return refuse(ErrorCode.RECORD_LIST_TOO_LARGE, `${batches.length} bytes do not fit a segment of ${config.segmentBytes}`);
  }
  const duplicate = findDuplicate(parts, batches, options);
  if (duplicate !== null) return duplicate;
  parts.expectRoom(batches.length);
  const group = assignOffsets(batches, parts.logEndOffset, options.leaderEpoch);
  const updates = beginUpdates();
  if (group.hasProducers) {
    const refusal = checkProducers(parts, batches, updates, options);
    if (refusal !== null) return refusal;
  }
  parts.epochs.assign(options.leaderEpoch, group.baseOffset);
  rollIfFull(parts, group, { nowMs: options.nowMs });
  writeGroup(parts, batches, { group, updates, nowMs: options.nowMs, isForReaders: true });
  return {
    kind: 'appended',
    baseOffset: group.baseOffset,
    lastOffset: group.lastOffset,
    appendTimeMs: batchTimestampType(batches, 0) === 'LogAppendTime' ? group.maxTimestamp : -1,
    logStartOffset: parts.logStartOffset,
  };
}

/** Gives each batch the next offsets and the leader's epoch, in place; neither is under the CRC. */
function assignOffsets(bytes: Uint8Array, logEndOffset: Offset, leaderEpoch: number): Group {
  const group: Group = { ...emptyGroup, sizeBytes: bytes.length, baseOffset: logEndOffset, lastOffset: logEndOffset - 1 };
  for (let position = 0; position < bytes.length;) {
    const end = expectWholeBatch(bytes, position);
    patchBaseOffset(bytes, position, group.lastOffset + 1);
    patchLeaderEpoch(bytes, position, leaderEpoch);
    group.lastOffset += 1 + batchLastOffsetDelta(bytes, position);
    group.maxTimestamp = Math.max(group.maxTimestamp, batchMaxTimestamp(bytes, position));
    group.hasProducers ||= batchProducerId(bytes, position) >= 0;
    position = end;
  }
  return group;
}

const emptyGroup: Group = { sizeBytes: 0, baseOffset: 0, lastOffset: -1, maxTimestamp: -1, hasProducers: false };

function beginUpdates(): ProducerUpdates {
  sharedUpdates.clear();
  return sharedUpdates;
}

function findDuplicate(parts: LogParts, bytes: Uint8Array, options: LeaderAppendOptions): AppendResult | null {
  if ((options.origin ?? 'client') !== 'client') return null;
  for (let position = 0; position < bytes.length; position = expectWholeBatch(bytes, position)) {
    if (batchProducerId(bytes, position) < 0) continue;
    const known = parts.producers.duplicateOf(bytes, position);
    if (known === undefined) continue;
    sometimes('log: repeated batch answered with its first offset');
    return {
      kind: 'duplicate',
      baseOffset: known.lastOffset - known.offsetDelta,
      lastOffset: known.lastOffset,
      timestamp: known.timestamp,
      logStartOffset: parts.logStartOffset,
    };
  }
  return null;
}

function checkProducers(
  parts: LogParts,
  bytes: Uint8Array,
  updates: ProducerUpdates,
  options: LeaderAppendOptions,
): AppendResult | null {
  const context: ProducerCheckContext = {
    origin: options.origin ?? 'client',
    transactionVersion: options.transactionVersion ?? 0,
    verification: options.verification,
  };
  for (let position = 0; position < bytes.length; position = expectWholeBatch(bytes, position)) {
    if (batchProducerId(bytes, position) < 0) continue;
    const refusal = parts.producers.check(updates, { bytes, position }, context);
    if (refusal !== null) return refuse(refusal.error, refusal.message);
  }
  return null;
}

/** The batch does not continue this log: its first offset lies below the log end. */
export class UnexpectedOffsetError extends Error {
  override readonly name = 'UnexpectedOffsetError';
  readonly logEndOffset: Offset;
  readonly baseOffset: Offset;

  constructor(logEndOffset: Offset, baseOffset: Offset) {
    super(`a batch at offset ${baseOffset} cannot follow log end offset ${logEndOffset}`);
    this.logEndOffset = logEndOffset;
    this.baseOffset = baseOffset;
  }
}

/**
 * The follower's append: checks every CRC first (B3, F14), then writes. Throws CorruptRecordError when a batch is damaged, cut
 * off or claims offsets that none can have, UnexpectedOffsetError when one begins below the log end, StorageError when the disk
 * fails; in each case nothing of this call is appended, except that a disk may fail between two segments.
 */
export function appendFollower(parts: LogParts, batches: Uint8Array, nowMs: number): Offset {
  let expectedOffset = parts.logEndOffset;
  for (let position = 0; position < batches.length;) {
    const end = expectWholeBatch(batches, position);
    if (!isValidCrc(batches, position)) throw new CorruptRecordError('corrupt', 'a replicated batch has a wrong CRC');
    const baseOffset = batchBaseOffset(batches, position);
    if (baseOffset < expectedOffset) throw new UnexpectedOffsetError(expectedOffset, baseOffset);
    const lastOffset = batchLastOffset(batches, position);
    // A leader that lies must not move the log's end back, nor to where numbers are no longer exact.
    if (lastOffset < baseOffset || lastOffset >= maxSafeOffset) {
      throw new CorruptRecordError('corrupt', `a replicated batch claims the offsets ${baseOffset} to ${lastOffset}`);
    }
    expectedOffset = lastOffset + 1;
    position = end;
  }
  parts.expectRoom(batches.length);
  for (let position = 0; position < batches.length;) position = appendNextGroup(parts, batches, { start: position, nowMs });
  return parts.logEndOffset - 1;
}

/** Appends as many batches from `start` on as go into one segment; returns where the next group starts. */
function appendNextGroup(parts: LogParts, batches: Uint8Array, { start, nowMs }: { start: number; nowMs: number }): number {
  const { config } = parts;
  let end = endOfBatch(batches, start);
  const group: Group = { ...emptyGroup, baseOffset: batchBaseOffset(batches, start) };
  addToGroup(group, batches, { start, end });
  // The group before this one ended because its segment was to take no more.
  rollIfFull(parts, group, { nowMs, isDue: start > 0 });
  const { active } = parts.segments;
  while (end < batches.length) {
    const nextEnd = endOfBatch(batches, end);
    const fits = active.sizeBytes + nextEnd - start <= config.segmentBytes && active.canHold(batchLastOffset(batches, end));
    if (!fits || buggify('log: segment ends between replicated batches')) {
      sometimes('log: replicated batches go into several segments');
      break;
    }
    addToGroup(group, batches, { start: end, end: nextEnd });
    end = nextEnd;
  }
  const updates = beginUpdates();
  for (let position = start; position < end; position = endOfBatch(batches, position)) {
    if (group.hasProducers && batchProducerId(batches, position) >= 0) {
      parts.producers.check(updates, { bytes: batches, position }, replicated);
    }
  }
  const bytes = end - start === batches.length ? batches : batches.subarray(start, end);
  writeGroup(parts, bytes, { group, updates, nowMs, isForReaders: false });
  for (let position = start; position < end; position = endOfBatch(batches, position)) {
    const leaderEpoch = batchLeaderEpoch(batches, position);
    if (leaderEpoch >= 0) parts.epochs.assign(leaderEpoch, batchBaseOffset(batches, position));
  }
  return end;
}

function addToGroup(group: Group, bytes: Uint8Array, { start, end }: { start: number; end: number }): void {
  group.sizeBytes += end - start;
  group.lastOffset = batchLastOffset(bytes, start);
  group.maxTimestamp = Math.max(group.maxTimestamp, batchMaxTimestamp(bytes, start));
  group.hasProducers ||= batchProducerId(bytes, start) >= 0;
}

const replicated: ProducerCheckContext = { origin: 'replication', transactionVersion: 0, verification: undefined };

interface GroupNote {
  readonly group: Group;
  readonly updates: ProducerUpdates;
  readonly nowMs: number;
  /** Nobody reads from a follower: what it appends would only push what leaders append out of memory. */
  readonly isForReaders: boolean;
}

function writeGroup(parts: LogParts, bytes: Uint8Array, note: GroupNote): void {
  const { lastOffset } = note.group;
  const { active } = parts.segments;
  if (lastOffset >= maxSafeOffset) throw new RangeError(`offset ${lastOffset} is beyond what can be stored`);
  const filePosition = active.append(bytes, note.nowMs);
  const { indexes } = active;
  const at = { filePosition, interval: parts.config.indexIntervalBytes };
  for (let position = 0; position < bytes.length; position = endOfBatch(bytes, position)) {
    at.filePosition = filePosition + position;
    indexes.add(bytes, position, at);
  }
  // Where a compacted leader has a gap, the entry covers the gap too, so that a reader in it is served from memory.
  if (note.isForReaders) parts.tail.append({ baseOffset: parts.logEndOffset, nextOffset: lastOffset + 1, bytes });
  else if (parts.tail.sizeBytes > 0) parts.tail.clear();
  parts.logEndOffset = lastOffset + 1;
  for (const completed of parts.producers.commit(note.updates, parts.logEndOffset)) {
    const lastStableOffset = parts.producers.completeTransaction(completed);
    if (completed.isAborted) active.aborted.push({ ...abortedOf(completed), lastStableOffset });
  }
  parts.bytesSinceSnapshot += bytes.length;
  if (parts.bytesSinceSnapshot >= snapshotIntervalBytes) maybeTakeSnapshot(parts);
}

/**
 * Log between two snapshots inside a segment: as much as a truncation, which replays from the last one before it
 * returns, may have to walk.
 */
export const snapshotIntervalBytes = 64 << 20;
/** A snapshot is written only when this many times its own size has been appended since the last. */
const snapshotShare = 64;
const snapshotBytesPerProducer = 150;
/** Snapshots kept besides those at the starts of segments. */
const snapshotsBetweenRolls = 2;

function maybeTakeSnapshot(parts: LogParts): void {
  const { producers, segments } = parts;
  if (parts.bytesSinceSnapshot < producers.producerCount * snapshotBytesPerProducer * snapshotShare) return;
  parts.bytesSinceSnapshot = 0;
  try {
    producers.takeSnapshot();
  } catch (error) {
    // Only the next recovery takes longer.
    if (error instanceof StorageError && error.kind === 'noSpace') return;
    throw error;
  }
  const starts = new Set(segments.all.map((segment) => segment.baseOffset));
  const between = producers.snapshotOffsets.filter((offset) => !starts.has(offset));
  const oldestKept = between.at(-snapshotsBetweenRolls) ?? 0;
  producers.deleteSnapshots((offset) => offset < oldestKept && !starts.has(offset));
}

function abortedOf(completed: { producerId: number; firstOffset: Offset; lastOffset: Offset }) {
  return { producerId: completed.producerId, firstOffset: completed.firstOffset, lastOffset: completed.lastOffset };
}

// Rolling -------------------------------------------------------------------------------------------------------

/** Starts a new segment when the active one cannot or should not take the group (LogSegment.shouldRoll). */
function rollIfFull(parts: LogParts, group: Group, { nowMs, isDue = false }: { nowMs: number; isDue?: boolean }): void {
  const { active } = parts.segments;
  const { config } = parts;
  const isTooLong = active.sizeBytes > 0 && active.sizeBytes > config.segmentBytes - group.sizeBytes;
  const isOverflow = !active.canHold(group.lastOffset);
  const isOld = active.sizeBytes > 0 && ageMs(active, group.maxTimestamp, nowMs) > config.segmentMs - active.jitterMs;
  if (isOld) sometimes('log: segment rolled by its age');
  const isForced = active.sizeBytes > 0 && buggify('log: segment rolled early');
  if (!isTooLong && !isOverflow && !isOld && !isForced && !isDue && !active.indexes.isFull(config.segmentIndexBytes)) return;
  // Segments follow each other without a gap, unless the next batch lies too far ahead for that (B13).
  const fromLogEnd = group.lastOffset - parts.logEndOffset <= 0x7fff_ffff;
  rollAt(parts, fromLogEnd ? parts.logEndOffset : group.baseOffset, nowMs);
}

/** By record time if the segment has it, else by the clock: how long `segment.ms` has been running. */
function ageMs(segment: Segment, newestTimestamp: number, nowMs: number): number {
  const first = segment.indexes.firstTimestamp;
  return first !== null && first >= 0 ? newestTimestamp - first : nowMs - segment.createdMs;
}

/** Seals the active segment and starts one at `baseOffset`. A segment that is empty already there is kept. */
export function rollAt(parts: LogParts, baseOffset: Offset, nowMs: number): void {
  const { segments, producers } = parts;
  if (segments.active.baseOffset >= baseOffset) return;
  sometimes('log: segment rolled');
  // Epochs that are not in their file are found in the batches again, but in those only that recovery walks. A cut may have left
  // a recovery point on the disk that the log has just reached once more, with other epochs (B6, A4).
  lowerCheckpoint(parts, parts.epochs.isInFile ? undefined : baseOffset - 1);
  // A snapshot for each segment's start lets recovery of that segment begin with it.
  producers.endOffset = baseOffset;
  producers.takeSnapshot();
  parts.bytesSinceSnapshot = 0;
  const next = Segment.create(parts.context, baseOffset, nowMs);
  next.jitterMs = jitterFor(parts.name, baseOffset, parts.config.segmentJitterMs);
  segments.active.seal();
  segments.add(next);
  parts.isDirectoryDirty = true;
}

/** A number in [0, limitMs) that differs between partitions and segments, without a generator (FNV-1a). */
export function jitterFor(name: string, baseOffset: Offset, limitMs: number): number {
  if (limitMs <= 0) return 0;
  let hash = 0x811c9dc5;
  for (const character of `${name}@${baseOffset}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return (hash >>> 0) % limitMs;
}

function expectWholeBatch(bytes: Uint8Array, position: number): number {
  const end = endOfBatch(bytes, position);
  if (end < 0) throw new CorruptRecordError('corrupt', 'a batch is cut off');
  expectCurrentBatch(bytes, position);
  return end;
}

function refuse(error: number, message: string): AppendResult {
  return { kind: 'error', error, message };
}
