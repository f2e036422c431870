/**
 * Streams and calls between brokers, as far as the broker uses them: grpc-js in production (grpc-network.ts), memory in
 * the simulator. Both carry the bytes of the services' own codecs (services.ts).
 *
 * A stream's end is told exactly once on each side, whichever way it came, and nothing is told after it. Messages arrive
 * in order or not at all; one that was written before an end may be lost with it. A stream that was given up tells its
 * end and nothing else. No event is told from within a call of `open`, of a handler or of the stream's own methods.
 */
import type { MethodDefinition } from '@grpc/grpc-js';
import type { RaftFrame } from '../quorum/raft-codec.ts';
import type { PartitionPush } from '../replica/push-codec.ts';
import type {
  ControllerRequestMessage,
  ControllerResponseMessage,
  FollowerMessage,
  PingRequestMessage,
  PingResponseMessage,
} from './services.ts';

/** One method of a service: its path and the codecs of its messages. */
export type RpcMethod<Request extends object, Response extends object> = MethodDefinition<Request, Response>;

/** Metadata of a stream, sent ahead of its first message. */
export type RpcHeaders = Readonly<Record<string, string>>;

/** One end of a stream in both directions. */
export interface RpcStream<Out> {
  /** Messages that were written and not yet taken by the network. */
  readonly queuedMessages: number;
  /** False asks to wait for `onDrain`; the message is sent all the same. After the end, writes are ignored. */
  write(message: Out): boolean;
  /** Nothing more is sent; the peer is told. */
  end(): void;
  /** Gives the stream up at once, with what is queued. With an error, the peer is told of it. */
  cancel(error?: Error): void;
}

/** How a stream ended. */
export interface RpcEnd {
  readonly reason: string;
  /** The system said that nobody listens there, as opposed to silence or an error of the peer. */
  readonly isRefused: boolean;
}

export interface RpcStreamEvents<In> {
  /** At the client: the server has accepted the stream. */
  onOpen?(): void;
  onMessage(message: In): void;
  onDrain?(): void;
  onEnd(end: RpcEnd): void;
}

/** For a stream that a handler refuses: nobody waits for what it still tells. */
export const noStreamEvents: RpcStreamEvents<unknown> = { onMessage: () => undefined, onEnd: () => undefined };

/** Why a call has no answer: nothing listens there or the connection broke; no answer in time, or the peer refused. */
export type RpcFailure = 'unreachable' | 'failed';

/** The way to one address. Dials when it is first needed, and again after it broke. */
export interface RpcChannel {
  open<Out extends object, In extends object>(
    method: RpcMethod<Out, In>,
    headers: RpcHeaders,
    events: RpcStreamEvents<In>,
  ): RpcStream<Out>;
  call<Request extends object, Response extends object>(
    method: RpcMethod<Request, Response>,
    request: Request,
    timeoutMs: number,
  ): Promise<Response | RpcFailure>;
  close(): void;
}

/** Takes a stream that a peer has opened: what is written to it, and what to do with what arrives. */
export type RpcStreamHandler<In, Out> = (stream: RpcStream<Out>, headers: RpcHeaders) => RpcStreamEvents<In>;

/** What a node serves to the others; one without the broker's role has no `fetch`. */
export interface RpcHandlers {
  readonly raftLink: RpcStreamHandler<RaftFrame, RaftFrame>;
  readonly controllerLink: RpcStreamHandler<ControllerRequestMessage, ControllerResponseMessage>;
  readonly controllerPing: (request: PingRequestMessage) => PingResponseMessage;
  readonly fetch?: RpcStreamHandler<FollowerMessage, PartitionPush[]>;
}

export interface RpcServer {
  readonly port: number;
  /** Ends all streams, after a short grace by force. */
  close(): Promise<void>;
}

/** `control`: small messages that data must never delay. `data`: replication, with a large window. */
export type ChannelKind = 'control' | 'data';

export interface RpcNetwork {
  /** `address` is `host:port`. */
  channel(address: string, kind: ChannelKind): RpcChannel;
  /** Rejects with the system's error code and the port when it is taken. */
  serve(host: string, port: number, handlers: RpcHandlers): Promise<RpcServer>;
}
