/**
 * One client connection: frames in, responses out, in the order of the requests.
 *
 * Requests are started in the order in which they came and may finish in any order; each has a slot, and responses
 * leave from the head of the slots (F8). No request is started while too many are open, one is open that may have a
 * large answer, or too many response bytes wait for a slow reader (F3); what was received waits then, and nothing more
 * is read from the socket. So nothing here grows without bound.
 */
import { sometimes } from '@jackdaw/base';
import type { Buffer } from 'node:buffer';
import type { Clock } from '@jackdaw/base';
import { FrameLengthError, FrameReader } from './frame-reader.ts';
import type { ResponseMemory } from './response-memory.ts';
import type { ClientSocket } from './socket-network.ts';

export interface ConnectionLimits {
  /** `socket.request.max.bytes` */
  readonly maxFrameBytes: number;
  /** Requests of one connection that may be open at once. */
  readonly maxOpenRequests: number;
  /** Response bytes that may wait in user space for a slow reader. */
  readonly maxQueuedResponseBytes: number;
  /** Shared by all connections of the broker. */
  readonly memory: ResponseMemory;
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
  /** Whether the request may have a large answer: the next ones of its connection wait until it is answered. */
  isLarge(frame: Buffer): boolean;
  onRequest(connection: Connection, frame: Buffer, slot: ResponseSlot): void;
  onClosed(connection: Connection, reason: string): void;
}

/** Smaller answers are not counted in the shared memory: the count of connections and open requests bounds them. */
const countedAnswerBytes = 64 * 1024;
/** Requests beyond this many bytes stay in the socket until earlier ones are answered. */
const maxWaitingBytes = 256 * 1024;
/** How long a connection that ends may stand still before the answers that its peer has not read are dropped. */
const closingGraceMs = 5_000;

interface Slot {
  state: 'open' | 'ready' | 'skipped' | 'aborted';
  chunks: readonly Uint8Array[];
  reason: string;
  readonly isLarge: boolean;
  /** Of a large answer, until the socket has taken it. */
  countedBytes: number;
}

export class Connection {
  readonly id: string;
  readonly listenerName: string;
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Name and version of the client's software, from ApiVersions v3+ (KIP-511). */
  clientSoftware = 'unknown';
  readonly #socket: ClientSocket;
  readonly #frames: FrameReader;
  readonly #limits: ConnectionLimits;
  readonly #handler: ConnectionHandler;
  readonly #clock: Clock;
  readonly #slots: Slot[] = [];
  /** Of requests that wait, each removed when its wait is over; at most a few for each open request. */
  readonly #closeListeners = new Set<() => void>();
  /** Received and not started: `maxWaitingBytes`, one chunk of the socket's and one frame at most. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Bytes of this connection in the shared memory. */
  #countedBytes = 0;
  /** Answers that are ready and behind one that is not. */
  #readyBytes = 0;
  #lastActivityMs: number;
  #isClosed = false;
  #isReading = true;
  #isDispatching = false;

  constructor(
    socket: ClientSocket,
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
    socket.on('drain', () => this.#startWaiting());
    socket.on('error', (error) => this.close(`socket error: ${error.message}`));
    socket.on('close', () => {
      this.close('closed by the client');
      this.#forget(this.#countedBytes);
    });
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

  /** Calls the listener once when the connection ends, so that nothing waits on behalf of a client that is gone. */
  addCloseListener(listener: () => void): void {
    if (this.#isClosed) listener();
    else this.#closeListeners.add(listener);
  }

  removeCloseListener(listener: () => void): void {
    this.#closeListeners.delete(listener);
  }

  close(reason: string): void {
    if (this.#isClosed) return;
    this.#socket.destroy();
    this.#onEnd(reason);
  }

  #onEnd(reason: string): void {
    if (this.#slots.length > 0) sometimes('broker: connection ended with requests open');
    this.#isClosed = true;
    this.#slots.length = 0;
    this.#waiting = [];
    this.#handler.onClosed(this, reason);
    const listeners = [...this.#closeListeners];
    this.#closeListeners.clear();
    for (const listener of listeners) listener();
  }

  /** What has been answered still goes out, then the socket closes. */
  #closeAfterWrites(reason: string): void {
    this.#socket.uncork();
    this.#socket.destroySoon();
    // A peer that does not read what is left must not keep the socket, which no limit counts any more.
    this.#socket.setTimeout(closingGraceMs, () => this.#socket.destroy());
    this.#onEnd(reason);
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
    for (const frame of frames) {
      this.#waiting.push(frame);
      this.#waitingBytes += frame.length;
    }
    this.#startWaiting();
  }

  /** Starts what was received, as far as the limits allow. */
  #startWaiting(): void {
    if (this.#isDispatching || this.#isClosed) return;
    this.#isDispatching = true;
    this.#socket.cork();
    let started = 0;
    for (const frame of this.#waiting) {
      const isLarge = this.#handler.isLarge(frame);
      if (this.#isClosed || !this.#mayStart(isLarge)) {
        break;
      }
      started++;
      this.#waitingBytes -= frame.length;
      this.#handler.onRequest(this, frame, this.#openSlot(isLarge));
      this.#sendReady();
    }
    this.#waiting = started === this.#waiting.length ? [] : this.#waiting.slice(started);
    this.#isDispatching = false;
    this.#socket.uncork();
    this.#updateReading();
  }

  /** Of large answers there is one at a time: every one more would cost the broker a batch, whatever is left to grant. */
  #mayStart(isLarge: boolean): boolean {
    return (
      (!isLarge || this.#countedBytes === 0) &&
      this.#slots.length < this.#limits.maxOpenRequests &&
      this.#slots[this.#slots.length - 1]?.isLarge !== true &&
      this.#socket.writableLength + this.#readyBytes < this.#limits.maxQueuedResponseBytes
    );
  }

  #openSlot(isLarge: boolean): ResponseSlot {
    const slot: Slot = { state: 'open', chunks: [], reason: '', isLarge, countedBytes: 0 };
    this.#slots.push(slot);
    const settle = (state: Slot['state'], chunks: readonly Uint8Array[], reason: string): void => {
      if (slot.state !== 'open' || this.#isClosed) return;
      slot.state = state;
      slot.chunks = chunks;
      slot.reason = reason;
      this.#count(slot);
      if (this.#slots[0] !== slot) sometimes('broker: answer held until the ones before it are sent');
      if (this.#isDispatching || this.#slots[0] !== slot) return;
      this.#socket.cork();
      this.#sendReady();
      this.#socket.uncork();
      this.#startWaiting();
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
      if (slot.state === 'ready') this.#write(slot);
    }
  }

  #count(slot: Slot): void {
    let bytes = 0;
    for (const chunk of slot.chunks) bytes += chunk.length;
    if (bytes < countedAnswerBytes) return;
    slot.countedBytes = bytes;
    this.#readyBytes += bytes;
    this.#countedBytes += bytes;
    this.#limits.memory.add(bytes);
  }

  #onTaken(bytes: number): void {
    this.#forget(bytes);
    this.#startWaiting();
  }

  /** Safe to call for what was forgotten at the socket's end already. */
  #forget(bytes: number): void {
    const counted = Math.min(bytes, this.#countedBytes);
    this.#countedBytes -= counted;
    this.#limits.memory.release(counted);
  }

  #write({ chunks, countedBytes }: Slot): void {
    this.#lastActivityMs = this.#clock.monotonicMs();
    this.#readyBytes -= countedBytes;
    const last = chunks.length - 1;
    for (const [i, chunk] of chunks.entries()) {
      if (i === last && countedBytes > 0) this.#socket.write(chunk, () => this.#onTaken(countedBytes));
      else this.#socket.write(chunk);
    }
  }

  #updateReading(): void {
    if (this.#isClosed) return;
    // An end of the connection is seen only while it is read, so that a fetch that waits must not stop the reading.
    const mayRead = this.#waitingBytes < maxWaitingBytes;
    if (mayRead === this.#isReading) return;
    this.#isReading = mayRead;
    if (mayRead) this.#socket.resume();
    else this.#socket.pause();
  }
}
