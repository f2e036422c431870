/**
 * One client connection: frames in, responses out, in the order of the requests.
 *
 * Requests are started in the order in which they came and may finish in any order; each has a slot, and responses
 * leave from the head of the slots (F8). Reading stops while too many requests are open or too many response bytes
 * wait for a slow reader (F3), so nothing here grows without bound.
 */
import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Clock } from '@jackdaw/base';
import { FrameLengthError, FrameReader } from './frame-reader.ts';

export interface ConnectionLimits {
  /** `socket.request.max.bytes` */
  readonly maxFrameBytes: number;
  /** Requests of one connection that may be open at once. */
  readonly maxOpenRequests: number;
  /** Response bytes that may wait in user space for a slow reader. */
  readonly maxQueuedResponseBytes: number;
}

/** Where the answer to one request goes. Exactly one of the methods is called, once. */
export interface ResponseSlot {
  /** The whole response frame, its length field included. */
  send(chunks: readonly Uint8Array[]): void;
  /** The request has no response (Produce with acks=0). */
  skip(): void;
  /** The request cannot be answered: everything before it is sent, then the connection is closed. */
  abort(reason: string): void;
}

export interface ConnectionHandler {
  onRequest(connection: Connection, frame: Buffer, slot: ResponseSlot): void;
  onClosed(connection: Connection, reason: string): void;
}

interface Slot {
  state: 'open' | 'ready' | 'skipped' | 'aborted';
  chunks: readonly Uint8Array[];
  reason: string;
}

export class Connection {
  readonly id: string;
  readonly listenerName: string;
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Name and version of the client's software, from ApiVersions v3+ (KIP-511). */
  clientSoftware = 'unknown';
  readonly #socket: Socket;
  readonly #frames: FrameReader;
  readonly #limits: ConnectionLimits;
  readonly #handler: ConnectionHandler;
  readonly #clock: Clock;
  readonly #slots: Slot[] = [];
  #lastActivityMs: number;
  #isClosed = false;
  #isReading = true;
  #isDispatching = false;

  constructor(
    socket: Socket,
    options: { id: string; listenerName: string; limits: ConnectionLimits; handler: ConnectionHandler; clock: Clock },
  ) {
    this.#socket = socket;
    this.id = options.id;
    this.listenerName = options.listenerName;
    this.remoteAddress = socket.remoteAddress ?? 'unknown';
    this.localAddress = socket.localAddress ?? 'unknown';
    this.#limits = options.limits;
    this.#handler = options.handler;
    this.#clock = options.clock;
    this.#frames = new FrameReader(options.limits.maxFrameBytes);
    this.#lastActivityMs = options.clock.monotonicMs();
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => this.#updateReading());
    socket.on('error', (error) => this.close(`socket error: ${error.message}`));
    socket.on('close', () => this.close('closed by the client'));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get openRequests(): number {
    return this.#slots.length;
  }

  /** Monotonic ms of the last byte received or response sent; the idle reaper looks at it. */
  get lastActivityMs(): number {
    return this.#lastActivityMs;
  }

  close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#slots.length = 0;
    this.#socket.destroy();
    this.#handler.onClosed(this, reason);
  }

  /** What has been answered still goes out, then the socket closes. */
  #closeAfterWrites(reason: string): void {
    this.#isClosed = true;
    this.#slots.length = 0;
    this.#socket.uncork();
    this.#socket.destroySoon();
    this.#handler.onClosed(this, reason);
  }

  #onData(chunk: Buffer): void {
    if (this.#isClosed) return;
    this.#lastActivityMs = this.#clock.monotonicMs();
    let frames: Buffer[];
    try {
      frames = this.#frames.push(chunk);
    } catch (error) {
      if (!(error instanceof FrameLengthError)) throw error;
      this.close(error.message);
      return;
    }
    this.#isDispatching = true;
    this.#socket.cork();
    for (const frame of frames) {
      if (this.#isClosed) break;
      this.#handler.onRequest(this, frame, this.#openSlot());
    }
    this.#isDispatching = false;
    this.#sendReady();
    this.#socket.uncork();
    this.#updateReading();
  }

  #openSlot(): ResponseSlot {
    const slot: Slot = { state: 'open', chunks: [], reason: '' };
    this.#slots.push(slot);
    const settle = (state: Slot['state'], chunks: readonly Uint8Array[], reason: string): void => {
      if (slot.state !== 'open') return;
      slot.state = state;
      slot.chunks = chunks;
      slot.reason = reason;
      if (!this.#isClosed && !this.#isDispatching && this.#slots[0] === slot) {
        this.#socket.cork();
        this.#sendReady();
        this.#socket.uncork();
        this.#updateReading();
      }
    };
    return {
      send: (chunks) => settle('ready', chunks, ''),
      skip: () => settle('skipped', [], ''),
      abort: (reason) => settle('aborted', [], reason),
    };
  }

  #sendReady(): void {
    while (!this.#isClosed) {
      const slot = this.#slots[0];
      if (slot === undefined || slot.state === 'open') return;
      this.#slots.shift();
      if (slot.state === 'aborted') {
        this.#closeAfterWrites(slot.reason);
        return;
      }
      if (slot.state === 'ready') this.#write(slot.chunks);
    }
  }

  #write(chunks: readonly Uint8Array[]): void {
    this.#lastActivityMs = this.#clock.monotonicMs();
    for (const chunk of chunks) this.#socket.write(chunk);
  }

  #updateReading(): void {
    if (this.#isClosed) return;
    const mayRead =
      this.#slots.length < this.#limits.maxOpenRequests && this.#socket.writableLength < this.#limits.maxQueuedResponseBytes;
    if (mayRead === this.#isReading) return;
    this.#isReading = mayRead;
    if (mayRead) this.#socket.resume();
    else this.#socket.pause();
  }
}
