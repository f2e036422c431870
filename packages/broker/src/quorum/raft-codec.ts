/**
 * Raft messages and entries as protos/raft.proto and as LevelDB values.
 *
 * What arrives from a peer is checked for its kind only; the state machine itself bears messages that are late, doubled
 * or out of order (E10).
 */
import { Buffer } from 'node:buffer';
import type { Entry, Identities, RaftMessage } from '@jackdaw/raft';

interface WireIdentity {
  voterId: number;
  directoryId: string;
}

interface WireEntry {
  term: number;
  index: number;
  kind: number;
  data: Uint8Array;
  identities: WireIdentity[];
}

interface WireRejection {
  rejectedIndex: number;
  hintIndex: number;
  hintTerm: number;
}

/** RaftFrame as proto-loader gives it: of the kinds, exactly one is not null. */
export interface RaftFrame {
  from: number;
  to: number;
  term?: number | null;
  directoryId?: string | null;
  preVote?: { lastIndex: number; lastTerm: number } | null;
  preVoteReply?: { isGranted: boolean; isUnknownIdentity: boolean } | null;
  vote?: { lastIndex: number; lastTerm: number; isTransfer: boolean } | null;
  voteReply?: { isGranted: boolean; isUnknownIdentity: boolean } | null;
  append?: { prevIndex: number; prevTerm: number; entries: WireEntry[]; commitIndex: number } | null;
  appendReply?: { matchIndex: number; rejection: WireRejection | null } | null;
  heartbeat?: { commitIndex: number; commitTerm: number; round: number } | null;
  heartbeatReply?: { round: number } | null;
  snapshot?: { index: number; term: number; identities: WireIdentity[]; data: Uint8Array } | null;
  timeoutNow?: object | null;
  observe?: { lastIndex: number; lastTerm: number } | null;
  leaderHint?: { leaderId: number } | null;
}

const entryKinds = { normal: 0, noop: 1, identities: 2 } as const;
const emptyBytes = new Uint8Array(0);

export function frameOf(message: RaftMessage): RaftFrame {
  const frame = emptyFrame(message);
  switch (message.kind) {
    case 'append':
      frame.append = { ...message, entries: message.entries.map(wireEntryOf) };
      return frame;
    case 'snapshot':
      frame.snapshot = {
        index: message.snapshot.metadata.index,
        term: message.snapshot.metadata.term,
        identities: wireIdentitiesOf(message.snapshot.metadata.identities),
        data: message.snapshot.data,
      };
      return frame;
    case 'leaderHint':
      frame.leaderHint = { leaderId: message.leaderId ?? -1 };
      return frame;
    case 'heartbeat':
      frame.heartbeat = message;
      return frame;
    case 'heartbeatReply':
      frame.heartbeatReply = message;
      return frame;
    case 'appendReply':
      frame.appendReply = message;
      return frame;
    default:
      return Object.assign(frame, { [message.kind]: message });
  }
}

/** With all fields, so that frames of every kind have one shape. Null is left out of the bytes. */
function emptyFrame(message: RaftMessage): RaftFrame {
  return {
    from: message.from,
    to: message.to,
    term: 'term' in message ? message.term : null,
    directoryId: 'directoryId' in message ? message.directoryId : null,
    preVote: null,
    preVoteReply: null,
    vote: null,
    voteReply: null,
    append: null,
    appendReply: null,
    heartbeat: null,
    heartbeatReply: null,
    snapshot: null,
    timeoutNow: null,
    observe: null,
    leaderHint: null,
  };
}

/** No honest cluster counts this far; beyond 2^53 a number and the next one could be the same. */
const maxCount = 2 ** 48;

/** The message, or null when its kind is not known to this version, or a term or index in it cannot be. */
export function messageOf(frame: RaftFrame): RaftMessage | null {
  const message = anyMessageOf(frame);
  return message === null || !areCounts(message) ? null : message;
}

/** Whether every number in a message, at any depth, is one that can be counted on from. */
function areCounts(value: object): boolean {
  // Messages are plain objects and arrays of ours, so nothing is inherited.
  for (const key in value) {
    const field: unknown = value[key as keyof typeof value];
    if (typeof field === 'number') {
      if (!Number.isInteger(field) || Math.abs(field) > maxCount) return false;
    } else if (typeof field === 'object' && field !== null && !(field instanceof Uint8Array) && !areCounts(field)) return false;
  }
  return true;
}

/**
 * Field by field: of spread objects the engine cannot foresee the shape, and this runs for every message of every peer.
 */
function anyMessageOf(frame: RaftFrame): RaftMessage | null {
  const { from, to } = frame;
  const term = frame.term ?? 0;
  const directoryId = frame.directoryId ?? '';
  if (frame.heartbeat) {
    const { commitIndex, commitTerm, round } = frame.heartbeat;
    return { from, to, term, kind: 'heartbeat', commitIndex, commitTerm, round };
  }
  if (frame.heartbeatReply) {
    return { from, to, term, directoryId, kind: 'heartbeatReply', round: frame.heartbeatReply.round };
  }
  if (frame.append) {
    const { prevIndex, prevTerm, commitIndex } = frame.append;
    const entries = frame.append.entries.map(entryOf);
    return entries.includes(null)
      ? null
      : { from, to, term, kind: 'append', prevIndex, prevTerm, entries: entries as Entry[], commitIndex };
  }
  if (frame.appendReply) {
    const { matchIndex, rejection } = frame.appendReply;
    return { from, to, term, directoryId, kind: 'appendReply', matchIndex, rejection };
  }
  return frame.snapshot ? snapshotMessageOf(frame, frame.snapshot) : rareMessageOf(frame);
}

function snapshotMessageOf(frame: RaftFrame, snapshot: NonNullable<RaftFrame['snapshot']>): RaftMessage {
  const { index, term, identities, data } = snapshot;
  return {
    from: frame.from,
    to: frame.to,
    term: frame.term ?? 0,
    kind: 'snapshot',
    snapshot: { metadata: { index, term, identities: identitiesOf(identities) }, data },
  };
}

/** What is said around elections only. */
function rareMessageOf(frame: RaftFrame): RaftMessage | null {
  const ofTerm = { from: frame.from, to: frame.to, term: frame.term ?? 0 };
  const signed = { ...ofTerm, directoryId: frame.directoryId ?? '' };
  if (frame.preVote) return { ...signed, kind: 'preVote', ...frame.preVote };
  if (frame.preVoteReply) return { ...signed, kind: 'preVoteReply', ...frame.preVoteReply };
  if (frame.vote) return { ...signed, kind: 'vote', ...frame.vote };
  if (frame.voteReply) return { ...signed, kind: 'voteReply', ...frame.voteReply };
  if (frame.timeoutNow) return { ...ofTerm, kind: 'timeoutNow' };
  if (frame.observe) return { ...signed, kind: 'observe', ...frame.observe };
  if (!frame.leaderHint) return null;
  const { leaderId } = frame.leaderHint;
  return { from: frame.from, to: frame.to, kind: 'leaderHint', leaderId: leaderId < 0 ? null : leaderId };
}

function wireEntryOf(entry: Entry): WireEntry {
  return {
    term: entry.term,
    index: entry.index,
    kind: entryKinds[entry.kind],
    data: entry.kind === 'normal' ? entry.data : emptyBytes,
    identities: entry.kind === 'identities' ? wireIdentitiesOf(entry.identities) : [],
  };
}

function entryOf(wire: WireEntry): Entry | null {
  const { term, index } = wire;
  if (wire.kind === entryKinds.normal) return { term, index, kind: 'normal', data: wire.data };
  if (wire.kind === entryKinds.noop) return { term, index, kind: 'noop' };
  if (wire.kind === entryKinds.identities) return { term, index, kind: 'identities', identities: identitiesOf(wire.identities) };
  return null;
}

export function wireIdentitiesOf(identities: Identities): WireIdentity[] {
  return [...identities].map(([voterId, directoryId]) => ({ voterId, directoryId }));
}

export function identitiesOf(wire: readonly WireIdentity[]): Identities {
  return new Map(wire.map(({ voterId, directoryId }) => [voterId, directoryId]));
}

/** Identities as they stand in the database, parsed. Throws when they are something else. */
export function storedIdentitiesOf(value: unknown): Identities {
  if (!Array.isArray(value)) throw new Error('identities are no list');
  return identitiesOf(
    value.map((identity: unknown) => {
      const { voterId, directoryId } = (identity ?? {}) as Partial<Record<keyof WireIdentity, unknown>>;
      if (typeof voterId !== 'number' || typeof directoryId !== 'string')
        throw new Error('an identity is no voter and directory');
      return { voterId, directoryId };
    }),
  );
}

/** An entry as a LevelDB value: kind (1 byte), term (8 bytes, big-endian), then data or identities as JSON. */
export function encodeStoredEntry(entry: Entry): Buffer {
  const body =
    entry.kind === 'normal'
      ? entry.data
      : Buffer.from(entry.kind === 'identities' ? JSON.stringify(wireIdentitiesOf(entry.identities)) : '');
  const out = Buffer.alloc(storedHeaderBytes + body.length);
  out[0] = entryKinds[entry.kind];
  out.writeBigUInt64BE(BigInt(entry.term), 1);
  out.set(body, storedHeaderBytes);
  return out;
}

const storedHeaderBytes = 9;

/** Throws when the value is not an entry of a known kind: the database is damaged or from a newer version. */
export function decodeStoredEntry(index: number, value: Buffer): Entry {
  if (value.length < storedHeaderBytes) throw new Error(`Raft entry ${index} is ${value.length} bytes long`);
  const term = Number(value.readBigUInt64BE(1));
  if (term > maxCount) throw new Error(`Raft entry ${index} is of term ${term}`);
  const body = value.subarray(storedHeaderBytes);
  switch (value[0]) {
    case entryKinds.normal:
      return { kind: 'normal', index, term, data: body };
    case entryKinds.noop:
      return { kind: 'noop', index, term };
    case entryKinds.identities:
      return { kind: 'identities', index, term, identities: storedIdentitiesOf(JSON.parse(body.toString())) };
    default:
      throw new Error(`Raft entry ${index} is of kind ${value[0]}, which this version does not know`);
  }
}
