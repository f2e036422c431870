/**
 * A connection between two processes: two ends, each of which sees what the other sent, in order, and one end of it all.
 *
 * `Wires` holds all connections of the world and who listens where. It knows how connections fail: refused when nobody
 * listens, silent when the machine is off or the way is shut, reset when a process is killed, and ended by keepalive
 * where the protocol has one.
 */
import type { EventLoop } from '../kernel/event-loop.ts';
import type { Network } from './network.ts';
import { ProcessDied, type SimProcess } from './process.ts';

export interface EndEvents {
  onPayload(payload: Uint8Array): void;
  /**
   * The other end has taken so much. Not told in an event of the process: what the process shall do about it is returned, if
   * anything.
   */
  onTaken(bytes: number): (() => void) | null;
  onEnd(reason: string): void;
}

export interface Acceptor {
  readonly process: SimProcess;
  /** Gives the events of the accepted end, or null to turn the caller away. */
  accept(end: WireEnd, greeting: Uint8Array): EndEvents | null;
}

export interface DialOptions {
  readonly process: SimProcess;
  readonly address: string;
  /** First bytes, seen by the acceptor when the connection is there. */
  readonly greeting: Uint8Array;
  /** Ends the connection when its peer has been silent for so long; null has none. */
  readonly keepaliveMs: number | null;
  readonly events: EndEvents;
  readonly onConnected: () => void;
  /** No connection came about. */
  readonly onFailed: (reason: string, isRefused: boolean) => void;
}

/** A try to connect over a silent way ends after so long, as grpc-js and most systems do. */
const connectTimeoutMs = 20_000;
const synRetryMs = 1_000;

export class WireEnd {
  readonly process: SimProcess;
  readonly #wires: Wires;
  peer: WireEnd | null = null;
  events: EndEvents | null = null;
  isEnded = false;
  /** Bytes that were sent and have not arrived. */
  inFlightBytes = 0;
  /** Arrival of the last payload, so that the next one does not overtake it. */
  #lastDueMs = 0;
  /** Sent while the way was shut. */
  #held: Uint8Array[] = [];
  #isEnding = false;

  constructor(wires: Wires, process: SimProcess) {
    this.#wires = wires;
    this.process = process;
  }

  send(payload: Uint8Array): void {
    if (this.process.isDead) throw new ProcessDied();
    if (this.isEnded || this.#isEnding || this.peer === null) return;
    if (this.peer.isEnded) this.#onSentToNobody();
    this.inFlightBytes += payload.length;
    this.#wires.loop.trace.bytes(payload);
    if (this.#held.length > 0 || this.#wires.network.isShut(this.process.host, this.peer.process.host)) this.#held.push(payload);
    else this.#transmit(payload);
  }

  /** Ends the connection in order: what was sent arrives first. */
  end(): void {
    if (this.isEnded || this.#isEnding) return;
    this.#isEnding = true;
    const { peer } = this;
    this.isEnded = true;
    this.#wires.forget(this);
    if (peer !== null) this.#sendFin(peer);
  }

  /** Repeated, as TCP does, for as long as the way is shut; what was sent before goes first. */
  #sendFin(peer: WireEnd): void {
    const { loop, network } = this.#wires;
    if (network.isShut(this.process.host, peer.process.host)) {
      loop.after(synRetryMs, { owner: null, label: 'fin', callback: () => this.#sendFin(peer) });
      return;
    }
    this.release();
    this.#deliver(this.#dueMs(peer), 'fin', () => peer.finish('the peer ended the connection'));
  }

  /** The peer's machine knows nothing of this connection any more, and says so if it can. */
  #onSentToNobody(): void {
    const { network } = this.#wires;
    const host = this.peer?.process.host ?? '';
    if (this.#wires.isDark(host) || network.isSilent(this.process.host, host)) return;
    this.process.after(2 * network.delayMs(this.process.host, host), 'rst', () => this.finish('connection reset by peer'));
  }

  /** Ends it at once; what is under way is lost, and the peer is told if the way is open. */
  reset(reason: string): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.#wires.forget(this);
    this.#held = [];
    const { peer } = this;
    if (peer === null) return;
    if (this.#wires.network.isShut(this.process.host, peer.process.host)) {
      this.#wires.loseSilently(this);
      return;
    }
    const dueMs = this.#wires.loop.nowMs + this.#wires.network.delayMs(this.process.host, peer.process.host);
    this.#deliver(dueMs, 'rst', () => peer.finish(reason));
  }

  /** This end is over, and its process is told. */
  finish(reason: string): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.#held = [];
    this.#wires.forget(this);
    this.events?.onEnd(reason);
  }

  /** No sign of life came for too long: this end gives up, and says so if it can. */
  breakOff(reason: string): void {
    if (this.isEnded) return;
    this.reset(reason);
    this.events?.onEnd(reason);
  }

  /** The way is open again: what waited goes out. */
  release(): void {
    const { peer } = this;
    if (this.#held.length === 0 || peer === null || this.#wires.network.isShut(this.process.host, peer.process.host)) return;
    const held = this.#held;
    this.#held = [];
    for (const payload of held) this.#transmit(payload);
    if (peer.isEnded) this.#onSentToNobody();
  }

  #transmit(payload: Uint8Array): void {
    const peer = this.peer as WireEnd;
    this.#deliver(this.#dueMs(peer), 'payload', () => {
      this.inFlightBytes -= payload.length;
      if (peer.isEnded) return;
      peer.events?.onPayload(payload);
      if (this.process.isDead || this.isEnded) return;
      const reaction = this.events?.onTaken(payload.length) ?? null;
      if (reaction !== null) this.process.after(0, 'taken', reaction);
    });
  }

  #dueMs(peer: WireEnd): number {
    const { loop, network } = this.#wires;
    this.#lastDueMs = Math.max(this.#lastDueMs, loop.nowMs + network.delayMs(this.process.host, peer.process.host));
    return this.#lastDueMs;
  }

  /** Happens in the peer's process at that time. */
  #deliver(dueMs: number, label: string, callback: () => void): void {
    const { loop } = this.#wires;
    // Not as a delay: the sum of `now` and the difference may round down, and a payload overtake the one before it.
    loop.at(dueMs, { owner: (this.peer as WireEnd).process, label, callback });
  }
}

export class Wires {
  readonly loop: EventLoop;
  readonly network: Network;
  readonly #listeners = new Map<string, Acceptor>();
  readonly #ends = new Set<WireEnd>();
  readonly #keepalives = new Map<WireEnd, number>();
  /** Machines that are switched off. */
  readonly #dark = new Set<string>();

  constructor(loop: EventLoop, network: Network) {
    this.loop = loop;
    this.network = network;
    network.onOpen(() => {
      for (const end of [...this.#ends]) end.release();
    });
    network.onShut((from, to) => this.#watchKeepalives(from, to));
  }

  /** Throws EADDRINUSE when somebody listens there already. */
  listen(address: string, acceptor: Acceptor): { close(): void } {
    const known = this.#listeners.get(address);
    if (known !== undefined && !known.process.isDead) {
      throw Object.assign(new Error(`listen EADDRINUSE: address already in use ${address}`), { code: 'EADDRINUSE' });
    }
    this.#listeners.set(address, acceptor);
    return {
      close: () => {
        if (this.#listeners.get(address) === acceptor) this.#listeners.delete(address);
      },
    };
  }

  isListening(address: string): boolean {
    const acceptor = this.#listeners.get(address);
    return acceptor !== undefined && !acceptor.process.isDead;
  }

  dial(options: DialOptions): WireEnd {
    const end = new WireEnd(this, options.process);
    end.events = options.events;
    this.#ends.add(end);
    this.#knock(end, options, this.loop.nowMs + connectTimeoutMs);
    return end;
  }

  /** The machine is off: what is sent there gets no answer at all. */
  setDark(host: string, isDark: boolean): void {
    if (isDark) this.#dark.add(host);
    else this.#dark.delete(host);
  }

  isDark(host: string): boolean {
    return this.#dark.has(host);
  }

  /** A process stands still: it answers no keepalive, though its machine takes what is sent. */
  onPause(process: SimProcess, durationMs: number): void {
    const untilMs = process.pausedUntilMs;
    for (const [end, keepaliveMs] of this.#keepalives) {
      if (end.peer?.process !== process || durationMs < keepaliveMs) continue;
      this.#breakOffLater(end, keepaliveMs, () => process.pausedUntilMs >= untilMs);
    }
  }

  #breakOffLater(end: WireEnd, delayMs: number, isStillSilent: () => boolean): void {
    end.process.after(delayMs, 'keepalive', () => {
      if (isStillSilent()) end.breakOff('keepalive: the peer does not answer');
    });
  }

  /** A process has died: its machine closes its connections, or is silent with it. */
  onDeath(process: SimProcess, kind: 'killed' | 'power'): void {
    for (const end of [...this.#ends]) {
      if (end.process !== process) continue;
      if (kind === 'killed') end.reset('connection reset by peer');
      else {
        end.isEnded = true;
        this.#ends.delete(end);
        this.loseSilently(end);
      }
    }
  }

  /** Ends one connection in the middle of everything; what was sent may have arrived or not. */
  cut(end: WireEnd): void {
    if (!end.process.isDead) end.process.after(0, 'cut', () => end.breakOff('connection reset by peer'));
  }

  get ends(): readonly WireEnd[] {
    return [...this.#ends];
  }

  forget(end: WireEnd): void {
    this.#ends.delete(end);
    this.#keepalives.delete(end);
  }

  #knock(end: WireEnd, options: DialOptions, untilMs: number): void {
    const { process } = options;
    const host = hostOf(options.address);
    if (end.isEnded || process.isDead) return;
    if (this.loop.nowMs >= untilMs) {
      this.#ends.delete(end);
      end.isEnded = true;
      options.onFailed('no answer', false);
      return;
    }
    if (this.#dark.has(host) || this.network.isSilent(process.host, host)) {
      process.after(synRetryMs, 'syn', () => this.#knock(end, options, untilMs));
      return;
    }
    const thereMs = this.network.delayMs(process.host, host);
    this.loop.after(thereMs, { owner: null, label: 'connect', callback: () => this.#arrive(end, options, untilMs) });
  }

  #arrive(end: WireEnd, options: DialOptions, untilMs: number): void {
    const host = hostOf(options.address);
    if (end.isEnded || options.process.isDead) return;
    // What was shut or switched off meanwhile swallows the answer.
    if (this.#dark.has(host) || this.network.isSilent(options.process.host, host)) {
      this.#knock(end, options, untilMs);
      return;
    }
    const backMs = this.network.delayMs(host, options.process.host);
    const acceptor = this.#listeners.get(options.address);
    if (acceptor === undefined || acceptor.process.isDead) {
      options.process.after(backMs, 'refused', () => {
        if (end.isEnded) return;
        end.isEnded = true;
        this.#ends.delete(end);
        options.onFailed('connect ECONNREFUSED', true);
      });
      return;
    }
    const accepted = this.#joined(end, acceptor.process, options);
    this.loop.after(0, {
      owner: acceptor.process,
      label: 'accept',
      callback: () => {
        if (accepted.isEnded) return;
        accepted.events = acceptor.accept(accepted, options.greeting);
        if (accepted.events === null) accepted.reset('refused');
      },
    });
    options.process.after(backMs, 'connected', () => {
      if (!end.isEnded) options.onConnected();
      else options.onFailed('connection reset by peer', false);
    });
  }

  /** The far end of a new connection. The kernel makes it, whether or not the process there stands still. */
  #joined(end: WireEnd, process: SimProcess, { keepaliveMs }: DialOptions): WireEnd {
    const accepted = new WireEnd(this, process);
    accepted.peer = end;
    end.peer = accepted;
    this.#ends.add(accepted);
    if (keepaliveMs === null) return accepted;
    this.#keepalives.set(end, keepaliveMs);
    this.#keepalives.set(accepted, keepaliveMs);
    const { pausedUntilMs } = process;
    if (pausedUntilMs > this.loop.nowMs + keepaliveMs) {
      this.#breakOffLater(end, keepaliveMs, () => process.pausedUntilMs >= pausedUntilMs);
    }
    return accepted;
  }

  /** A way was shut: connections over it with a keepalive end after a while, at both ends. */
  #watchKeepalives(from: string, to: string): void {
    for (const [end, keepaliveMs] of this.#keepalives) {
      const ownHost = end.process.host;
      const peerHost = end.peer?.process.host;
      if (!((ownHost === from && peerHost === to) || (ownHost === to && peerHost === from))) continue;
      this.#endIfStillShut(end, keepaliveMs, { from, to });
    }
  }

  #endIfStillShut(end: WireEnd, keepaliveMs: number, way: { from: string; to: string }): void {
    const sinceMs = this.network.shutSinceMs(way.from, way.to);
    this.#breakOffLater(end, keepaliveMs, () => sinceMs !== null && this.network.shutSinceMs(way.from, way.to) === sinceMs);
  }

  /** The peer of an end that is gone without a word: its keepalive notices, or its next send to the machine that is back. */
  loseSilently(lost: WireEnd): void {
    const { peer } = lost;
    if (peer === null || peer.isEnded) return;
    const keepaliveMs = this.#keepalives.get(peer);
    if (keepaliveMs !== undefined) {
      this.#breakOffLater(peer, keepaliveMs, () => true);
      return;
    }
    const { host } = lost.process;
    const check = (): void => {
      if (peer.isEnded || peer.process.isDead) return;
      const isSilent = this.#dark.has(host) || this.network.isSilent(host, peer.process.host);
      if (isSilent || peer.inFlightBytes === 0) peer.process.after(synRetryMs, 'lost', check);
      else peer.finish('connection reset by peer');
    };
    peer.process.after(synRetryMs, 'lost', check);
  }
}

/** `host:port` → host. */
export function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'));
}
