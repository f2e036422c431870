/**
 * A TCP proxy that does to connections what networks do to them: holds bytes back, slices them, throttles them, resets the
 * connection, or falls silent (half-open: bytes are swallowed, and nobody is told).
 *
 * A fault is set by the address that a connection comes from, and holds for the connections that are there already. Bytes
 * keep their order; a direction that cannot be passed on is not read either, so that pressure goes back to the sender.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LinkFault {
  /** Every chunk is held back for a time between the two, milliseconds. */
  readonly delayMs?: readonly [number, number];
  /** Chunks are passed on in pieces of at most so many bytes. */
  readonly sliceBytes?: number;
  readonly bytesPerSecond?: number;
  /** Chance that a chunk is the connection's last: it is reset. */
  readonly resetChance?: number;
  /** Bytes are swallowed, and the end of the connection is, too. */
  readonly isSilent?: boolean;
}

export interface ProxyTarget {
  readonly host: string;
  readonly port: number;
}

interface Pair {
  readonly source: string;
  readonly near: Socket;
  readonly far: Socket;
  /** Bytes of it were swallowed: what came after them would be nonsense. */
  hasHole: boolean;
}

export class TcpProxy {
  readonly #target: ProxyTarget;
  readonly #random: () => number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  /** By the address that a connection comes from. */
  readonly #faults = new Map<string, LinkFault>();

  private constructor(target: ProxyTarget, random: () => number) {
    this.#target = target;
    this.#random = random;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Port 0 takes a free one. */
  static async listen(
    listener: ProxyTarget,
    options: { readonly target: ProxyTarget; readonly random?: () => number },
  ): Promise<TcpProxy> {
    const proxy = new TcpProxy(options.target, options.random ?? Math.random);
    await once(proxy.#server.listen(listener.port, listener.host), 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Whether a silent link has swallowed anything of a connection that is still there. */
  get hasLostBytes(): boolean {
    return [...this.#pairs].some(({ hasHole }) => hasHole);
  }

  /** undefined ends the fault; connections with a hole in them are then reset. */
  setFault(source: string, fault: LinkFault | undefined): void {
    if (fault !== undefined) this.#faults.set(source, fault);
    else this.#faults.delete(source);
    for (const pair of this.#pairs) if (pair.hasHole && this.#faultOf(pair)?.isSilent !== true) this.#reset(pair);
  }

  heal(): void {
    for (const source of [...this.#faults.keys()]) this.setFault(source, undefined);
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) this.#reset(pair);
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(near: Socket): void {
    const far = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    const pair: Pair = { source: near.remoteAddress ?? '', near, far, hasHole: false };
    this.#pairs.add(pair);
    for (const socket of [near, far]) {
      socket.on('error', () => this.#reset(pair));
      socket.on('close', () => this.#onClosed(pair));
    }
    void this.#carry(pair, near, far);
    void this.#carry(pair, far, near);
  }

  async #carry(pair: Pair, from: Socket, to: Socket): Promise<void> {
    try {
      // Its end must not take the other direction with it.
      const chunks = from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
      for await (const chunk of chunks) await this.#pass(pair, chunk, to);
      if (this.#faultOf(pair)?.isSilent === true) pair.hasHole = true;
      else to.end();
    } catch {
      this.#reset(pair);
    }
  }

  async #pass(pair: Pair, chunk: Buffer, to: Socket): Promise<void> {
    const { delayMs, sliceBytes = chunk.length } = this.#faultOf(pair) ?? {};
    if (delayMs !== undefined) await sleep(delayMs[0] + this.#random() * (delayMs[1] - delayMs[0]));
    for (let start = 0; start < chunk.length; start += sliceBytes) {
      // Asked again for each piece: the link may have been healed, or broken further, meanwhile.
      const { isSilent = false, resetChance = 0, bytesPerSecond } = this.#faultOf(pair) ?? {};
      if (isSilent || pair.hasHole) {
        pair.hasHole = true;
        return;
      }
      const piece = chunk.subarray(start, start + sliceBytes);
      if (this.#random() < resetChance) return this.#reset(pair);
      if (bytesPerSecond !== undefined) await sleep((1_000 * piece.length) / bytesPerSecond);
      if (!to.write(piece)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
    }
  }

  #faultOf({ source }: Pair): LinkFault | undefined {
    return this.#faults.get(source);
  }

  /** One side is gone: the other learns of it, unless the link is silent. */
  #onClosed(pair: Pair): void {
    if (this.#faultOf(pair)?.isSilent === true) {
      pair.hasHole = true;
      if (!pair.near.destroyed || !pair.far.destroyed) return;
    }
    if (pair.near.destroyed && pair.far.destroyed) this.#pairs.delete(pair);
    else if (pair.near.errored !== null || pair.far.errored !== null) this.#reset(pair);
  }

  #reset(pair: Pair): void {
    if (this.#faultOf(pair)?.isSilent === true && this.#server.listening) {
      pair.hasHole = true;
      return;
    }
    pair.near.resetAndDestroy();
    pair.far.resetAndDestroy();
    this.#pairs.delete(pair);
  }
}
