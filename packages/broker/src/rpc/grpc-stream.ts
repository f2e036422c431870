/**
 * One end of a gRPC stream as an `RpcStream`, and when it is over, told exactly once, whichever way it ended.
 *
 * grpc-js says so in several ways and in none of them always: a client stream's only certain event is `status`; a server
 * stream ends with `cancelled` when the peer or its connection is gone, with `end` when the peer has finished.
 */
import { status, type ClientDuplexStream, type ServerDuplexStream, type StatusObject } from '@grpc/grpc-js';
import type { RpcEnd, RpcStream, RpcStreamEvents } from './rpc-network.ts';

/** What both ends have in common. */
interface GrpcCall<Out> {
  readonly writableLength: number;
  write(message: Out): boolean;
  end(): unknown;
}

export class GrpcStream<Out> implements RpcStream<Out> {
  readonly #call: GrpcCall<Out>;
  readonly #giveUp: (error?: Error) => void;
  #isWritable = true;
  #isOver = false;

  constructor(call: GrpcCall<Out>, giveUp: (error?: Error) => void) {
    this.#call = call;
    this.#giveUp = giveUp;
  }

  /** Nothing may be sent any more; the peer may still speak. */
  get isEnded(): boolean {
    return !this.#isWritable;
  }

  /** Given up by this end, or told to be at its end: nothing that still comes is passed on. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get queuedMessages(): number {
    return this.#call.writableLength;
  }

  write(message: Out): boolean {
    return this.#isWritable && this.#call.write(message);
  }

  end(): void {
    if (!this.#isWritable) return;
    this.#isWritable = false;
    this.#call.end();
  }

  cancel(error?: Error): void {
    if (this.#isOver) return;
    this.onOver();
    this.#giveUp(error);
  }

  onOver(): void {
    this.#isWritable = false;
    this.#isOver = true;
  }
}

/** The client's end. Its events are passed on from the next turn at the earliest. */
export function clientStream<Out, In>(call: ClientDuplexStream<Out, In>, events: RpcStreamEvents<In>): RpcStream<Out> {
  const stream = new GrpcStream<Out>(call, () => call.cancel());
  call.on('metadata', () => {
    if (!stream.isOver) events.onOpen?.();
  });
  call.on('data', (message: In) => {
    if (!stream.isOver) events.onMessage(message);
  });
  call.on('drain', () => {
    if (!stream.isEnded) events.onDrain?.();
  });
  // Without a listener, a failed stream would end the process.
  call.on('error', () => undefined);
  call.on('status', (end: StatusObject) => {
    stream.onOver();
    events.onEnd(clientEnd(end));
  });
  return stream;
}

function clientEnd({ code, details }: StatusObject): RpcEnd {
  const reason = code === status.OK || details === '' ? 'the peer ended the stream' : details;
  return { reason, isRefused: details.includes('ECONNREFUSED') };
}

/** The server's end, still without listeners: whoever takes the stream may write to it before it gives them. */
export function serverStream<In, Out>(call: ServerDuplexStream<In, Out>): GrpcStream<Out> {
  // Not `destroy`: that would send no status, and the peer would wait on a stream that nobody serves.
  const giveUp = (error?: Error): void => {
    process.nextTick(() => call.emit('error', error ?? new Error('the stream was given up')));
  };
  return new GrpcStream<Out>(call, giveUp);
}

export function listenToServerStream<In, Out>(
  call: ServerDuplexStream<In, Out>,
  stream: GrpcStream<Out>,
  events: RpcStreamEvents<In>,
): void {
  let isTold = false;
  const finish = (reason: string): void => {
    if (isTold) return;
    isTold = true;
    stream.onOver();
    events.onEnd({ reason, isRefused: false });
    call.end();
  };
  call.on('data', (message: In) => {
    if (!stream.isOver) events.onMessage(message);
  });
  call.on('drain', () => {
    if (!stream.isEnded) events.onDrain?.();
  });
  call.on('error', (error: Error) => finish(error.message));
  call.on('cancelled', () => finish('the peer or its connection is gone'));
  call.on('end', () => finish('the peer ended the stream'));
  call.on('close', () => finish('the stream was closed'));
}
