/**
 * Carries Raft messages between nodes over gRPC: an outgoing stream to every voter, incoming streams from everybody.
 *
 * A message goes out on the stream to its addressee, or, to an observer whose address nobody knows, on the stream that
 * the observer opened. A stream that is down drops messages: Raft repeats what matters. A broken stream is reported at
 * once, so that followers of a killed leader need not wait for the whole election timeout.
 */
import { Client, credentials, Metadata, type ClientDuplexStream, type ServerDuplexStream } from '@grpc/grpc-js';
import type { NodeId } from '@jackdaw/base';
import type { RaftMessage } from '@jackdaw/raft';
import { controlChannelOptions } from '../rpc/channel-options.ts';
import { method, raftService } from '../rpc/services.ts';
import { onClientStreamEnd, onServerStreamEnd } from '../rpc/stream-end.ts';
import { frameOf, messageOf, type RaftFrame } from './raft-codec.ts';

/** Frames that may wait in one stream before further ones are dropped. */
const maxQueuedFrames = 4_096;
const reconnectMs = 100;

export interface RaftTransportOptions {
  readonly nodeId: NodeId;
  /** Address of every other voter, `host:port`. */
  readonly voters: ReadonlyMap<NodeId, string>;
  /** '' while this node does not know it yet. */
  readonly clusterId: () => string;
  readonly onMessage: (message: RaftMessage) => void;
  /** The stream to or from a peer has broken. */
  readonly onBroken: (peer: NodeId, reason: string) => void;
  /** Nothing listens at a voter's address: its process is gone, or not there yet. */
  readonly onUnreachable: (peer: NodeId) => void;
  readonly onRefused: (peer: NodeId, reason: string) => void;
}

type Outgoing = ClientDuplexStream<RaftFrame, RaftFrame>;
type Incoming = ServerDuplexStream<RaftFrame, RaftFrame>;

const link = method<RaftFrame, RaftFrame>(raftService, 'Link');

export class RaftTransport {
  readonly #options: RaftTransportOptions;
  readonly #peers = new Map<NodeId, Peer>();
  readonly #incoming = new Map<NodeId, Incoming>();
  #isClosed = false;

  constructor(options: RaftTransportOptions) {
    this.#options = options;
    for (const [id, address] of options.voters) this.#peers.set(id, new Peer(id, address, options));
  }

  /** Server side of the Link method. */
  readonly handleLink = (call: Incoming): void => {
    const peer = Number(call.metadata.get(nodeIdHeader)[0] ?? -1);
    const refusal = this.#isClosed ? 'this node is stopping' : clusterMismatch(call.metadata, this.#options.clusterId());
    if (refusal !== null) {
      this.#options.onRefused(peer, refusal);
      onServerStreamEnd(call, () => undefined);
      call.end();
      return;
    }
    this.#incoming.set(peer, call);
    call.sendMetadata(new Metadata());
    call.on('data', (frame: RaftFrame) => this.#onFrame(frame));
    onServerStreamEnd(call, () => {
      if (this.#incoming.get(peer) !== call) return;
      this.#incoming.delete(peer);
      if (!this.#isClosed) this.#options.onBroken(peer, 'incoming stream closed');
    });
  };

  start(): void {
    for (const peer of this.#peers.values()) peer.connect((frame) => this.#onFrame(frame));
  }

  send(message: RaftMessage): void {
    const frame = frameOf(message);
    const peer = this.#peers.get(message.to);
    if (peer !== undefined) peer.send(frame);
    else {
      const incoming = this.#incoming.get(message.to);
      if (incoming !== undefined && incoming.writableLength < maxQueuedFrames) incoming.write(frame);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const peer of this.#peers.values()) peer.close();
    for (const call of this.#incoming.values()) call.end();
    this.#incoming.clear();
  }

  #onFrame(frame: RaftFrame): void {
    const message = messageOf(frame);
    if (message === null || message.to !== this.#options.nodeId || this.#isClosed) return;
    this.#options.onMessage(message);
  }
}

/** Whether the system said that nobody listens, as opposed to silence or an error of the peer. */
function isRefusal(reason: string): boolean {
  return reason.includes('ECONNREFUSED');
}

const nodeIdHeader = 'jackdaw-node-id';
const clusterIdHeader = 'jackdaw-cluster-id';

/** Why a stream with this metadata does not belong here, or null. A node that knows no cluster id yet matches any. */
function clusterMismatch(metadata: Metadata, own: string): string | null {
  const theirs = String(metadata.get(clusterIdHeader)[0] ?? '');
  return own !== '' && theirs !== '' && own !== theirs ? `cluster id ${theirs} is not ${own}` : null;
}

/** The outgoing stream to one voter; dials again for as long as it lives. */
class Peer {
  readonly #id: NodeId;
  readonly #options: RaftTransportOptions;
  readonly #client: Client;
  #call: Outgoing | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(id: NodeId, address: string, options: RaftTransportOptions) {
    this.#id = id;
    this.#options = options;
    this.#client = new Client(address, credentials.createInsecure(), controlChannelOptions);
  }

  connect(onFrame: (frame: RaftFrame) => void): void {
    if (this.#isClosed) return;
    const metadata = new Metadata({ waitForReady: false });
    metadata.set(nodeIdHeader, String(this.#options.nodeId));
    metadata.set(clusterIdHeader, this.#options.clusterId());
    const call = this.#client.makeBidiStreamRequest(link.path, link.requestSerialize, link.responseDeserialize, metadata);
    this.#call = call;
    let wasUp = false;
    call.on('metadata', () => (wasUp = true));
    call.on('data', (frame: RaftFrame) => {
      wasUp = true;
      onFrame(frame);
    });
    onClientStreamEnd(call, (reason) => {
      this.#call = null;
      if (this.#isClosed) return;
      if (wasUp) this.#options.onBroken(this.#id, reason);
      else if (isRefusal(reason)) this.#options.onUnreachable(this.#id);
      this.#timer = setTimeout(() => this.connect(onFrame), reconnectMs);
    });
  }

  send(frame: RaftFrame): void {
    if (this.#call !== null && this.#call.writableLength < maxQueuedFrames) this.#call.write(frame);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#call?.cancel();
    this.#client.close();
  }
}
