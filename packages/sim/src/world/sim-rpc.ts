/**
 * `RpcNetwork` over the simulated network: each stream is a connection of its own, and every message crosses it as the
 * bytes of the services' own codecs, so that no object is shared between nodes.
 *
 * Streams keep their order, as gRPC does. Raft's messages may also be lost, doubled or overtaken on the way when the
 * seed says so, because Raft must stand that (E10).
 */
import { Buffer } from 'node:buffer';
import type { Prng } from '@jackdaw/base';
import type { RpcChannel, RpcEnd, RpcFailure, RpcHandlers, RpcHeaders, RpcMethod, RpcNetwork, RpcServer } from '@jackdaw/broker';
import { rpcMethods, type RpcStream, type RpcStreamEvents, type RpcStreamHandler } from '@jackdaw/broker';
import { ProcessDied, type SimProcess } from './process.ts';
import type { QuorumFrame, QuorumTap } from './quorum-tap.ts';
import type { EndEvents, WireEnd, Wires } from './wire.ts';

export interface RpcKnobs {
  /** Of Raft's messages. */
  readonly loss: number;
  readonly duplicates: number;
  /** Probability that a Raft message waits until a later one has passed it. */
  readonly reordering: number;
}

/** Bytes under way on a stream past which its writer is asked to wait. */
const highWaterBytes = 256 * 1024;
/** Keepalive time and timeout of the real channels together. */
const keepaliveMs = 4_000;

export interface SimRpcOptions {
  readonly wires: Wires;
  readonly process: SimProcess;
  readonly prng: Prng;
  readonly knobs: RpcKnobs;
  /** Who listens to the quorum's messages. */
  readonly tap: () => QuorumTap | null;
}

export function createSimRpc(options: SimRpcOptions): RpcNetwork {
  return {
    channel: (address) => new SimChannel(options, address),
    serve: (host, port, handlers) => serve(options, `${host}:${port}`, handlers),
  };
}

class SimChannel implements RpcChannel {
  readonly #options: SimRpcOptions;
  readonly #address: string;
  readonly #streams = new Set<StreamEnd<object, object>>();
  #isClosed = false;

  constructor(options: SimRpcOptions, address: string) {
    this.#options = options;
    this.#address = address;
  }

  open<Out extends object, In extends object>(
    method: RpcMethod<Out, In>,
    headers: RpcHeaders,
    events: RpcStreamEvents<In>,
  ): RpcStream<Out> {
    const { wires, process } = this.#options;
    const stream = new StreamEnd<Out, In>(this.#options, {
      serialize: method.requestSerialize,
      deserialize: method.responseDeserialize,
      isLossy: method.path === rpcMethods.raftLink.path,
    });
    const known = stream as unknown as StreamEnd<object, object>;
    this.#streams.add(known);
    stream.events = {
      ...boundEvents(events),
      onEnd: (end) => {
        this.#streams.delete(known);
        events.onEnd(end);
      },
    };
    stream.attach(
      wires.dial({
        process,
        address: this.#address,
        greeting: Buffer.from(JSON.stringify({ path: method.path, headers })),
        keepaliveMs,
        events: stream.endEvents(),
        onConnected: () => stream.onConnected(),
        onFailed: (reason, isRefused) => stream.tellEnd({ reason, isRefused }),
      }),
    );
    return stream;
  }

  call<Request extends object, Response extends object>(
    method: RpcMethod<Request, Response>,
    request: Request,
    timeoutMs: number,
  ): Promise<Response | RpcFailure> {
    const { wires, process } = this.#options;
    return new Promise((resolve) => {
      const timer = process.after(timeoutMs, 'call timeout', () => {
        end.reset('deadline');
        resolve('failed');
      });
      const settle = (outcome: Response | RpcFailure): void => {
        timer.cancel();
        resolve(outcome);
      };
      const end = wires.dial({
        process,
        address: this.#address,
        greeting: Buffer.from(JSON.stringify({ path: method.path, headers: {} })),
        keepaliveMs,
        events: {
          onPayload: (payload) => settle(method.responseDeserialize(Buffer.from(payload))),
          onTaken: () => null,
          onEnd: () => settle('unreachable'),
        },
        onConnected: () => end.send(method.requestSerialize(request)),
        onFailed: () => settle('unreachable'),
      });
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stream of [...this.#streams]) stream.cancel();
  }
}

function boundEvents<In>(events: RpcStreamEvents<In>): RpcStreamEvents<In> {
  return {
    onOpen: () => events.onOpen?.(),
    onMessage: (message) => events.onMessage(message),
    onDrain: () => events.onDrain?.(),
    onEnd: (end) => events.onEnd(end),
  };
}

interface StreamCodec<Out, In> {
  readonly serialize: (message: Out) => Buffer;
  readonly deserialize: (bytes: Buffer) => In;
  readonly isLossy: boolean;
}

/** One end of a stream; the wire's events are told from the next turn on, never from within a call. */
class StreamEnd<Out, In> implements RpcStream<Out> {
  readonly #options: SimRpcOptions;
  readonly #codec: StreamCodec<Out, In>;
  events: RpcStreamEvents<In> | null = null;
  #wire: WireEnd | null = null;
  /** Written before the connection was there. */
  #early: Buffer[] = [];
  #isConnected = false;
  #isOver = false;
  #isWritable = true;
  #wantsDrain = false;
  #queued = 0;
  /** A Raft message that lets the next one pass. */
  #overtaken: Buffer | null = null;

  constructor(options: SimRpcOptions, codec: StreamCodec<Out, In>) {
    this.#options = options;
    this.#codec = codec;
  }

  get queuedMessages(): number {
    return this.#queued;
  }

  get isWritable(): boolean {
    return this.#isWritable;
  }

  attach(wire: WireEnd): void {
    this.#wire = wire;
  }

  /** At the server, whose connection is there from the start. */
  attachConnected(wire: WireEnd): void {
    this.#wire = wire;
    this.#isConnected = true;
  }

  onConnected(): void {
    this.#isConnected = true;
    const early = this.#early;
    this.#early = [];
    for (const bytes of early) this.#transmit(bytes);
  }

  write(message: Out): boolean {
    if (this.#options.process.isDead) throw new ProcessDied();
    if (!this.#isWritable || this.#isOver) return false;
    if (this.#codec.isLossy) this.#options.tap()?.onSent(this.#options.process, message as object as QuorumFrame);
    const bytes = this.#codec.serialize(message);
    this.#queued++;
    if (this.#isConnected) this.#transmit(bytes);
    else this.#early.push(bytes);
    // Whoever was told to wait once waits for the drain, whatever later writes are told: as Node's streams have it.
    this.#wantsDrain ||= (this.#wire?.inFlightBytes ?? 0) > highWaterBytes;
    return !this.#wantsDrain;
  }

  end(): void {
    if (!this.#isWritable) return;
    this.#isWritable = false;
    this.#wire?.end();
    this.#tellLater('the stream was ended');
  }

  cancel(error?: Error): void {
    if (this.#isOver) return;
    this.#isWritable = false;
    this.#wire?.reset(error?.message ?? 'cancelled');
    this.#tellLater(error?.message ?? 'cancelled');
  }

  #tellLater(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.process.after(0, 'stream end', () => this.events?.onEnd({ reason, isRefused: false }));
  }

  tellEnd(end: RpcEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isWritable = false;
    this.events?.onEnd(end);
  }

  endEvents(): EndEvents {
    return {
      onPayload: (payload) => {
        if (this.#isOver) return;
        if (payload.length === 1 && payload[0] === openMark) return this.events?.onOpen?.();
        const message = this.#codec.deserialize(Buffer.from(payload.subarray(1)));
        if (this.#codec.isLossy) this.#options.tap()?.onDelivered(this.#options.process, message as object as QuorumFrame);
        this.events?.onMessage(message);
      },
      onTaken: () => {
        this.#queued = Math.max(0, this.#queued - 1);
        if (!this.#wantsDrain || (this.#wire?.inFlightBytes ?? 0) > highWaterBytes / 2) return null;
        this.#wantsDrain = false;
        return () => {
          if (!this.#isOver) this.events?.onDrain?.();
        };
      },
      onEnd: (reason) => this.tellEnd({ reason, isRefused: false }),
    };
  }

  /** At the server: the client is told that its stream was accepted. */
  sendOpen(): void {
    this.#queued++;
    this.#wire?.send(Uint8Array.of(openMark));
  }

  #transmit(bytes: Buffer): void {
    const framed = Buffer.concat([messagePrefix, bytes]);
    if (!this.#codec.isLossy) this.#wire?.send(framed);
    else this.#transmitLossy(framed);
  }

  #transmitLossy(bytes: Buffer): void {
    const { prng, knobs } = this.#options;
    if (knobs.loss > 0 && prng.chance(knobs.loss)) {
      this.#queued--;
      return;
    }
    if (knobs.reordering > 0 && this.#overtaken === null && prng.chance(knobs.reordering)) {
      this.#overtaken = bytes;
      return;
    }
    this.#wire?.send(bytes);
    if (knobs.duplicates > 0 && prng.chance(knobs.duplicates)) this.#wire?.send(bytes);
    if (this.#overtaken !== null) {
      const late = this.#overtaken;
      this.#overtaken = null;
      this.#wire?.send(late);
    }
  }
}

const openMark = 1;
const messagePrefix = Uint8Array.of(0);

function serve(options: SimRpcOptions, address: string, handlers: RpcHandlers): Promise<RpcServer> {
  const { wires, process } = options;
  const streams = new Set<{ end(): void }>();
  const take = <In extends object, Out extends object>(
    end: WireEnd,
    taken: { method: RpcMethod<In, Out>; headers: RpcHeaders; handler: RpcStreamHandler<In, Out> },
  ): EndEvents => {
    const { method } = taken;
    const stream = new StreamEnd<Out, In>(options, {
      serialize: method.responseSerialize,
      deserialize: method.requestDeserialize,
      isLossy: method.path === rpcMethods.raftLink.path,
    });
    stream.attachConnected(end);
    const events = taken.handler(stream, taken.headers);
    streams.add(stream);
    stream.events = {
      ...boundEvents(events),
      onEnd: (told) => {
        streams.delete(stream);
        events.onEnd(told);
      },
    };
    if (stream.isWritable) stream.sendOpen();
    return stream.endEvents();
  };
  const listening = wires.listen(address, {
    process,
    accept: (end, greeting) => {
      const { path, headers } = JSON.parse(Buffer.from(greeting).toString()) as { path: string; headers: RpcHeaders };
      if (path === rpcMethods.raftLink.path)
        return take(end, { method: rpcMethods.raftLink, headers, handler: handlers.raftLink });
      if (path === rpcMethods.controllerLink.path) {
        return take(end, { method: rpcMethods.controllerLink, headers, handler: handlers.controllerLink });
      }
      if (path === rpcMethods.fetch.path && handlers.fetch !== undefined) {
        return take(end, { method: rpcMethods.fetch, headers, handler: handlers.fetch });
      }
      if (path !== rpcMethods.controllerPing.path) return null;
      return answerPing(end, handlers);
    },
  });
  return Promise.resolve({
    port: Number(address.slice(address.lastIndexOf(':') + 1)),
    close: () => {
      listening.close();
      for (const stream of [...streams]) stream.end();
      return Promise.resolve();
    },
  });
}

function answerPing(end: WireEnd, handlers: RpcHandlers): EndEvents {
  const { controllerPing } = rpcMethods;
  return {
    onPayload: (payload) => {
      const answer = handlers.controllerPing(controllerPing.requestDeserialize(Buffer.from(payload)));
      end.send(controllerPing.responseSerialize(answer));
      end.end();
    },
    onTaken: () => null,
    onEnd: () => undefined,
  };
}
