/**
 * Sockets between clients and brokers: `SocketNetwork` for the one side, `ClientPlatform.connect` for the other.
 *
 * Bytes are copied when they are written, as a kernel does, and may arrive in other pieces than they were written in.
 */
import { Buffer } from 'node:buffer';
import type { Prng } from '@jackdaw/base';
import type { BoundServer, ClientSocket, ListenOptions, SocketNetwork } from '@jackdaw/broker';
import type { BrokerSocket } from '@jackdaw/client';
import type { SimProcess } from './process.ts';
import type { EndEvents, WireEnd, Wires } from './wire.ts';

export interface SocketKnobs {
  /** Probability that what arrives is cut into small pieces. */
  readonly slicing: number;
}

export interface SimSocketOptions {
  readonly wires: Wires;
  readonly process: SimProcess;
  readonly prng: Prng;
  readonly knobs: SocketKnobs;
}

/** As Node's: past it, `write` asks to wait for `drain`. */
const highWaterBytes = 16 * 1024;

export class SimSocket implements ClientSocket, BrokerSocket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  writableEnded = false;
  readonly #options: SimSocketOptions;
  #wire: WireEnd | null = null;
  readonly #dataListeners: ((chunk: Buffer) => void)[] = [];
  readonly #errorListeners: ((error: Error) => void)[] = [];
  readonly #drainListeners: (() => void)[] = [];
  readonly #closeListeners: (() => void)[] = [];
  readonly #takenCallbacks: ((() => void) | undefined)[] = [];
  #received: Buffer[] = [];
  #isPaused = false;
  #isDestroyed = false;
  #wantsDrain = false;
  #queuedBytes = 0;

  constructor(options: SimSocketOptions, place: { localAddress: string; remoteAddress: string }) {
    this.#options = options;
    this.localAddress = place.localAddress;
    this.remoteAddress = place.remoteAddress;
    this.localPort = 9092;
    this.remotePort = 9092;
  }

  get writableLength(): number {
    return this.#queuedBytes;
  }

  attach(wire: WireEnd): void {
    this.#wire = wire;
  }

  on(event: 'data' | 'error' | 'drain' | 'close', listener: (argument: never) => void): this {
    if (event === 'data') this.#dataListeners.push(listener as (chunk: Buffer) => void);
    else if (event === 'error') this.#errorListeners.push(listener as (error: Error) => void);
    else if (event === 'drain') this.#drainListeners.push(listener as () => void);
    else this.#closeListeners.push(listener as () => void);
    return this;
  }

  setNoDelay(): void {
    // Nothing is gathered here.
  }

  setTimeout(timeoutMs: number, listener: () => void): void {
    this.#options.process.after(timeoutMs, 'socket timeout', () => {
      if (!this.#isDestroyed) listener();
    });
  }

  cork(): void {
    // Each write is a payload of its own.
  }

  uncork(): void {
    // As above.
  }

  write(chunk: Uint8Array, taken?: () => void): boolean {
    if (this.#isDestroyed || this.writableEnded) return false;
    if (chunk.length === 0) {
      if (taken !== undefined) this.#options.process.after(0, 'taken', taken);
      return true;
    }
    this.#queuedBytes += chunk.length;
    this.#takenCallbacks.push(taken);
    this.#wire?.send(Buffer.from(chunk));
    this.#wantsDrain = this.#queuedBytes > highWaterBytes;
    return !this.#wantsDrain;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#received.length > 0) this.#options.process.after(0, 'resume', () => this.#deliver());
  }

  end(ended: () => void): void {
    if (this.writableEnded) return;
    this.writableEnded = true;
    this.#wire?.end();
    this.#options.process.after(0, 'ended', ended);
  }

  destroySoon(): void {
    this.writableEnded = true;
    this.#wire?.end();
    this.#close(null);
  }

  destroy(): void {
    if (this.#isDestroyed) return;
    this.writableEnded = true;
    this.#wire?.reset('connection reset by peer');
    this.#close(null);
  }

  endEvents(): EndEvents {
    return {
      onPayload: (payload) => {
        if (this.#isDestroyed) return;
        this.#received.push(...this.#pieces(Buffer.from(payload)));
        this.#deliver();
      },
      onTaken: (bytes) => this.#onTaken(bytes),
      onEnd: (reason) => this.#close(reason.startsWith('the peer ended') ? null : new Error(reason)),
    };
  }

  #onTaken(bytes: number): (() => void) | null {
    this.#queuedBytes -= bytes;
    if (this.#isDestroyed) return null;
    const taken = this.#takenCallbacks.shift();
    const isDrained = this.#wantsDrain && this.#queuedBytes <= 0;
    if (isDrained) this.#wantsDrain = false;
    if (taken === undefined && !isDrained) return null;
    return () => {
      if (this.#isDestroyed) return;
      taken?.();
      if (isDrained) for (const listener of this.#drainListeners) listener();
    };
  }

  #pieces(payload: Buffer): Buffer[] {
    const { prng, knobs } = this.#options;
    if (knobs.slicing === 0 || !prng.chance(knobs.slicing)) return [payload];
    const pieces: Buffer[] = [];
    for (let at = 0; at < payload.length;) {
      const length = 1 + prng.below(Math.max(1, payload.length >> 1));
      pieces.push(payload.subarray(at, at + length));
      at += length;
    }
    return pieces;
  }

  #deliver(): void {
    while (!this.#isPaused && !this.#isDestroyed) {
      const chunk = this.#received.shift();
      if (chunk === undefined) return;
      for (const listener of this.#dataListeners) listener(chunk);
    }
  }

  /** `close` comes in a later turn, as Node's does. */
  #close(error: Error | null): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.writableEnded = true;
    this.#received = [];
    this.#options.process.after(0, 'close', () => {
      if (error !== null) for (const listener of this.#errorListeners) listener(error);
      for (const listener of this.#closeListeners) listener();
    });
  }
}

export function createSimSockets(options: SimSocketOptions): SocketNetwork {
  return {
    async listen(listen: ListenOptions): Promise<BoundServer> {
      const { wires, process } = options;
      const sockets = new Set<SimSocket>();
      const listening = wires.listen(`${listen.host}:${listen.port}`, {
        process,
        accept: (end) => {
          const remoteAddress = end.peer?.process.host ?? 'gone';
          const socket = new SimSocket(options, { localAddress: listen.host, remoteAddress });
          socket.attach(end);
          sockets.add(socket);
          listen.onSocket(socket);
          return socket.endEvents();
        },
      });
      return { port: listen.port, close: () => Promise.resolve(listening.close()) };
    },
  };
}

/** A client's side. Rejects as Node does: with a code for a refusal, or when the caller gives up. */
export function connectSimSocket(options: SimSocketOptions, address: string, signal: AbortSignal): Promise<SimSocket> {
  const { wires, process } = options;
  return new Promise((resolve, reject) => {
    const socket = new SimSocket(options, { localAddress: process.host, remoteAddress: address });
    const wire = wires.dial({
      process,
      address,
      greeting: new Uint8Array(0),
      keepaliveMs: null,
      events: socket.endEvents(),
      onConnected: () => resolve(socket),
      onFailed: (reason, isRefused) => {
        reject(Object.assign(new Error(reason), { code: isRefused ? 'ECONNREFUSED' : 'ETIMEDOUT' }));
      },
    });
    socket.attach(wire);
    signal.addEventListener('abort', () => {
      wire.reset('given up');
      reject(new Error('given up'));
    });
  });
}
