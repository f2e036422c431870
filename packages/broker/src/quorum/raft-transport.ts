/**
 * Carries Raft messages between nodes over gRPC: an outgoing stream to every voter, incoming streams from everybody.
 *
 * A message goes out on the stream to its addressee, or, to an observer whose address nobody knows, on the stream that
 * the observer opened. A stream that is down drops messages: Raft repeats what matters. A broken stream is reported at
 * once, so that followers of a killed leader need not wait for the whole election timeout.
 */
import { sometimes } from '@jackdaw/base';
import type { NodeId, Timer, Timers } from '@jackdaw/base';
import type { RaftMessage } from '@jackdaw/raft';
import {
  noStreamEvents,
  type RpcChannel,
  type RpcHeaders,
  type RpcNetwork,
  type RpcStream,
  type RpcStreamEvents,
} from '../rpc/rpc-network.ts';
import { rpcMethods } from '../rpc/services.ts';
import { frameOf, messageOf, type RaftFrame } from './raft-codec.ts';

/** Frames that may wait in one stream before further ones are dropped. */
const maxQueuedFrames = 4_096;
const reconnectMs = 100;

export interface RaftTransportOptions {
  readonly rpc: RpcNetwork;
  readonly timers: Timers;
  readonly nodeId: NodeId;
  /** Address of every other voter, `host:port`. */
  readonly voters: ReadonlyMap<NodeId, string>;
  /** '' while this node does not know it yet. */
  readonly clusterId: () => string;
  readonly onMessage: (message: RaftMessage) => void;
  /** The stream to a voter is open: what is sent to it arrives. */
  readonly onReached: (peer: NodeId) => void;
  /** The stream to or from a peer has broken. */
  readonly onBroken: (peer: NodeId, reason: string) => void;
  /** Nothing listens at a voter's address: its process is gone, or not there yet. */
  readonly onUnreachable: (peer: NodeId) => void;
  readonly onRefused: (peer: NodeId, reason: string) => void;
}

export class RaftTransport {
  readonly #options: RaftTransportOptions;
  readonly #peers = new Map<NodeId, Peer>();
  readonly #incoming = new Map<NodeId, RpcStream<RaftFrame>>();
  #isClosed = false;

  constructor(options: RaftTransportOptions) {
    this.#options = options;
    for (const [id, address] of options.voters) this.#peers.set(id, new Peer(id, address, options));
  }

  /** Server side of the Link method. */
  readonly handleLink = (stream: RpcStream<RaftFrame>, headers: RpcHeaders): RpcStreamEvents<RaftFrame> => {
    const peer = Number(headers[nodeIdHeader] ?? -1);
    const refusal = this.#isClosed ? 'this node is stopping' : clusterMismatch(headers, this.#options.clusterId());
    if (refusal !== null) {
      this.#options.onRefused(peer, refusal);
      stream.end();
      return noStreamEvents;
    }
    this.#incoming.set(peer, stream);
    // It runs, and so it listens: a node that started before it need not wait until it tries again.
    this.#peers.get(peer)?.connectSoon();
    return {
      onMessage: (frame) => this.#onFrame(frame),
      onEnd: () => {
        if (this.#incoming.get(peer) !== stream) return;
        this.#incoming.delete(peer);
        if (!this.#isClosed) this.#options.onBroken(peer, 'incoming stream closed');
      },
    };
  };

  start(): void {
    for (const peer of this.#peers.values()) peer.start((frame) => this.#onFrame(frame));
  }

  send(message: RaftMessage): void {
    const frame = frameOf(message);
    const peer = this.#peers.get(message.to);
    if (peer !== undefined) peer.send(frame);
    else {
      const incoming = this.#incoming.get(message.to);
      if (incoming !== undefined && incoming.queuedMessages < maxQueuedFrames) incoming.write(frame);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const peer of this.#peers.values()) peer.close();
    for (const stream of this.#incoming.values()) stream.end();
    this.#incoming.clear();
  }

  #onFrame(frame: RaftFrame): void {
    const message = messageOf(frame);
    if (message === null || message.to !== this.#options.nodeId || this.#isClosed) return;
    this.#options.onMessage(message);
  }
}

const nodeIdHeader = 'jackdaw-node-id';
const clusterIdHeader = 'jackdaw-cluster-id';

/** Why a stream with these headers does not belong here, or null. A node that knows no cluster id yet matches any. */
function clusterMismatch(headers: RpcHeaders, own: string): string | null {
  const theirs = headers[clusterIdHeader] ?? '';
  return own !== '' && theirs !== '' && own !== theirs ? `cluster id ${theirs} is not ${own}` : null;
}

/** The outgoing stream to one voter; dials again for as long as it lives. */
class Peer {
  readonly #id: NodeId;
  readonly #address: string;
  readonly #options: RaftTransportOptions;
  #onFrame: (frame: RaftFrame) => void = () => undefined;
  #channel: RpcChannel;
  #stream: RpcStream<RaftFrame> | null = null;
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(id: NodeId, address: string, options: RaftTransportOptions) {
    this.#id = id;
    this.#address = address;
    this.#options = options;
    this.#channel = options.rpc.channel(address, 'control');
  }

  start(onFrame: (frame: RaftFrame) => void): void {
    this.#onFrame = onFrame;
    this.#connect();
  }

  /** Ends a pause after a dial that failed. A new channel has no pause of its own behind it, which grows to a second. */
  connectSoon(): void {
    if (this.#timer === null || this.#isClosed) return;
    this.#timer.cancel();
    this.#channel.close();
    this.#channel = this.#options.rpc.channel(this.#address, 'control');
    this.#connect();
  }

  #connect(): void {
    this.#timer = null;
    if (this.#isClosed) return;
    const headers = { [nodeIdHeader]: String(this.#options.nodeId), [clusterIdHeader]: this.#options.clusterId() };
    let wasUp = false;
    this.#stream = this.#channel.open(rpcMethods.raftLink, headers, {
      onOpen: () => {
        wasUp = true;
        this.#options.onReached(this.#id);
      },
      onMessage: this.#onFrame,
      onEnd: ({ reason, isRefused }) => {
        this.#stream = null;
        if (this.#isClosed) return;
        if (wasUp) this.#options.onBroken(this.#id, reason);
        else if (isRefused) {
          sometimes('broker: nothing listens at a voter');
          this.#options.onUnreachable(this.#id);
        }
        this.#timer = this.#options.timers.setTimer(reconnectMs, () => this.#connect());
      },
    });
  }

  send(frame: RaftFrame): void {
    if (this.#stream !== null && this.#stream.queuedMessages < maxQueuedFrames) this.#stream.write(frame);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#stream?.cancel();
    this.#channel.close();
  }
}
