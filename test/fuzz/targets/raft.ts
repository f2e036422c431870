/**
 * What other nodes of the quorum say: protobuf frames, decoded as gRPC does it, turned into messages and stepped on a live
 * node, whose storage is made durable after each; and what such a node finds in its database at a start (E7, E10, F14).
 *
 * Peers may lie, but a node never undoes what it has committed, and the only assertions that may stop it are those that say
 * that another history is about to replace its own.
 */
import { InvariantError, Prng } from '@jackdaw/base';
import { encodeSnapshot } from '@jackdaw/metadata';
import { MemoryStorage, RaftNode, type Entry, type RaftMessage } from '@jackdaw/raft';
import { lengthPrefixed, partsMutator } from '../engine/parts.ts';
import { mutateProtobuf } from '../engine/protobuf.ts';
import { expect, type Outcome, type Target } from '../engine/target.ts';
import { internal } from '../internals.ts';
import { sampleImage } from './cluster-image.ts';
import type * as RpcServicesModule from '../../../packages/broker/src/rpc/services.ts';
import type * as QuorumRaftCodecModule from '../../../packages/broker/src/quorum/raft-codec.ts';

const { rpcMethods } = await internal<typeof RpcServicesModule>('broker/rpc/services');
const codec = await internal<typeof QuorumRaftCodecModule>('broker/quorum/raft-codec');

const voters = [1, 2, 3];
const maxFrames = 12;
/** Assertions that tell of another history: the node must stop rather than mix the two. */
const anotherHistory = /also leads term|another history|may not become/;

const log: readonly Entry[] = [
  { kind: 'noop', term: 1, index: 1 },
  { kind: 'normal', term: 1, index: 2, data: Buffer.from('a') },
  { kind: 'identities', term: 1, index: 3, identities: new Map(voters.map((id) => [id, `d${id}`])) },
  { kind: 'normal', term: 2, index: 4, data: Buffer.from('b') },
];

/** A node with a short log, half of it committed, and all that it applies. */
class LiveNode {
  readonly storage = new MemoryStorage();
  readonly node: RaftNode;
  readonly #applied: { index: number; term: number }[] = [];

  constructor() {
    const hardState = { term: 2, vote: null, commitIndex: 2 };
    this.storage.load({ hardState, snapshot: null, cut: { index: 0, term: 0 }, entries: [...log] });
    this.node = new RaftNode({
      id: 1,
      directoryId: 'd1',
      voters,
      electionTicks: 10,
      heartbeatTicks: 2,
      prng: new Prng(1),
      storage: this.storage,
      maxMessageBytes: 10_000,
      maxInflightMessages: 8,
      maxUncommittedBytes: 100_000,
      maxEntryBytes: 10_000,
    });
    this.drain();
  }

  /** Makes everything durable; what is sent is thrown away. */
  drain(): void {
    for (let left = 50; this.node.hasReady(); left--) {
      expect(left > 0, 'a node without an event always has another Ready');
      const ready = this.node.ready();
      if (ready.snapshot !== null) this.storage.installSnapshot(ready.snapshot);
      this.storage.append(ready.entries);
      if (ready.hardState !== null) this.storage.setHardState(ready.hardState);
      for (const { index, term } of ready.committedEntries) {
        const last = this.#applied.at(-1);
        expect(last === undefined || index > last.index, `entry ${index} is applied after entry ${last?.index}`);
        expect(last === undefined || term >= last.term, `term ${term} is applied after term ${last?.term}`);
        this.#applied.push({ index, term });
      }
      this.node.advance(ready);
    }
  }

  becomeLeader(): void {
    this.node.campaign();
    this.drain();
    const term = this.node.status().term + 1;
    for (const from of [2, 3]) {
      const reply = { from, to: 1, term, directoryId: `d${from}`, isGranted: true, isUnknownIdentity: false };
      this.node.step({ kind: 'preVoteReply', ...reply });
      this.drain();
      this.node.step({ kind: 'voteReply', ...reply });
      this.drain();
    }
  }
}

/** One byte for the role, then frames behind their lengths. A frame of one byte is time that passes, of none a proposal. */
function stepAll(input: Uint8Array): Outcome {
  const live = new LiveNode();
  const circumstances = input[0] ?? 0;
  if (circumstances % 3 === 1) live.becomeLeader();
  if (circumstances % 3 === 2) live.node.campaign();
  live.drain();
  let outcome: Outcome = 'refused';
  let { term } = live.node.status();
  try {
    for (const frame of lengthPrefixed.split(input.subarray(1)).slice(0, maxFrames)) {
      if (frame.length === 0) live.node.propose(Buffer.from('proposal'));
      else if (frame.length === 1) for (let left = (frame[0] as number) % 32; left > 0; left--) live.node.tick();
      else {
        const message = messageOf(frame);
        if (message === null) continue;
        live.node.step(message);
        outcome = 'accepted';
      }
      live.drain();
      const status = live.node.status();
      expect(status.term >= term, `the term fell from ${term} to ${status.term}`);
      expect(Number.isSafeInteger(status.term + 1), `the term ${status.term} cannot be counted on from`);
      term = status.term;
    }
  } catch (error) {
    if (error instanceof InvariantError && anotherHistory.test(error.message)) return 'refused';
    throw error;
  }
  return outcome;
}

/** The message in a frame; null when gRPC or the transport would not hand it on. */
function messageOf(frame: Uint8Array): RaftMessage | null {
  let decoded;
  try {
    decoded = rpcMethods.raftLink.requestDeserialize(Buffer.from(frame));
  } catch {
    // grpc-js ends the stream with it, whatever it is.
    return null;
  }
  const message = codec.messageOf(decoded);
  return message === null || message.to !== 1 ? null : message;
}

function frameOf(message: RaftMessage): Uint8Array {
  return rpcMethods.raftLink.requestSerialize(codec.frameOf(message));
}

const snapshotData = encodeSnapshot(sampleImage());

function messages(term: number): RaftMessage[] {
  const from = { from: 2, to: 1, term };
  const signed = { ...from, directoryId: 'd2' };
  const entries: Entry[] = [
    { kind: 'normal', term, index: 5, data: Buffer.from('c') },
    { kind: 'identities', term, index: 6, identities: new Map([[2, 'e2']]) },
    { kind: 'noop', term, index: 7 },
  ];
  const metadata = { index: 20, term, identities: new Map([[2, 'd2']]) };
  return [
    { kind: 'append', ...from, prevIndex: 4, prevTerm: 2, entries, commitIndex: 5 },
    { kind: 'append', ...from, prevIndex: 3, prevTerm: 1, entries: [], commitIndex: 3 },
    { kind: 'append', ...from, prevIndex: 9, prevTerm: 2, entries: [], commitIndex: 9 },
    { kind: 'heartbeat', ...from, commitIndex: 4, commitTerm: 2, round: 3 },
    { kind: 'snapshot', ...from, snapshot: { metadata, data: snapshotData.subarray(0, 64) } },
    { kind: 'timeoutNow', ...from },
    { kind: 'preVote', ...signed, lastIndex: 4, lastTerm: 2 },
    { kind: 'vote', ...signed, lastIndex: 5, lastTerm: 2, isTransfer: false },
    { kind: 'preVoteReply', ...signed, isGranted: true, isUnknownIdentity: false },
    { kind: 'voteReply', ...signed, isGranted: true, isUnknownIdentity: true },
    { kind: 'appendReply', ...signed, matchIndex: 4, rejection: null },
    { kind: 'appendReply', ...signed, matchIndex: 0, rejection: { rejectedIndex: 5, hintIndex: 3, hintTerm: 1 } },
    { kind: 'heartbeatReply', ...signed, round: 1 },
    { kind: 'observe', from: 7, to: 1, directoryId: 'd7', lastIndex: 0, lastTerm: 0 },
    { kind: 'leaderHint', from: 2, to: 1, leaderId: 3 },
  ];
}

function seeds(): Uint8Array[] {
  const frames = [2, 3].flatMap((term) => messages(term).map(frameOf));
  const time = [Uint8Array.of(12), Uint8Array.of(25), new Uint8Array(0)];
  const single = frames.map((frame) => [frame]);
  const stories = [0, 1, 2].map((shift) => [...frames.filter((_, index) => index % 3 === shift), ...time].slice(0, maxFrames));
  return [...single, ...stories].flatMap((list) =>
    [0, 1, 2].map((role) => Buffer.concat([Uint8Array.of(role), lengthPrefixed.join(list)])),
  );
}

const mutateFrames = partsMutator(lengthPrefixed);

/** Frames are exchanged and doubled, and changed inside as protobuf messages. */
const mutate: NonNullable<Target['mutate']> = (input, prng, other) => {
  const role = Uint8Array.of(prng.chance(0.2) ? prng.below(3) : (input[0] ?? 0));
  const frames = lengthPrefixed.split(input.subarray(1));
  const theirs = lengthPrefixed.split(other.subarray(1));
  const index = prng.below(Math.max(1, frames.length));
  const frame = frames[index];
  if (frame === undefined || prng.chance(0.3)) {
    const mutated = mutateFrames(input.subarray(1), prng, other.subarray(1));
    return mutated === null ? null : Buffer.concat([role, mutated]);
  }
  const changed = mutateProtobuf(frame, prng, theirs[0] ?? frame);
  if (changed === null) return null;
  frames[index] = changed;
  return Buffer.concat([role, lengthPrefixed.join(frames)]);
};

export const raftTargets: readonly Target[] = [
  {
    name: 'raft-frames',
    what: 'frames of the quorum, decoded and stepped on a live node in each role',
    seeds,
    run: stepAll,
    mutate,
    maxInputBytes: 2_048,
    cost: 4,
  },
];
