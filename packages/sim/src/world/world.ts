/**
 * What all machines of one run share: virtual time, the network, and how slow disks are.
 */
import { Prng } from '@jackdaw/base';
import type { DiskOperation } from '@jackdaw/log';
import { EventLoop } from '../kernel/event-loop.ts';
import type { Trace } from '../kernel/trace.ts';
import { Network, type NetworkKnobs } from './network.ts';
import type { QuorumTap } from './quorum-tap.ts';
import type { RpcKnobs } from './sim-rpc.ts';
import type { SocketKnobs } from './sim-socket.ts';
import { epochMs } from './process.ts';
import { Wires } from './wire.ts';

export interface WorldKnobs {
  readonly network: NetworkKnobs;
  readonly rpc: RpcKnobs;
  readonly sockets: SocketKnobs;
  readonly disk: DiskKnobs;
}

export interface DiskKnobs {
  readonly meanSyncMs: number;
  readonly meanReadMs: number;
  /** Probability that an operation takes up to `stallMs`. */
  readonly stalls: number;
  readonly stallMs: number;
}

export class World {
  readonly loop: EventLoop;
  readonly network: Network;
  readonly wires: Wires;
  /** Its parts are shared by whoever they steer; `heal` changes them in place. */
  readonly knobs: WorldKnobs;
  /** Machines of clients, in the order in which they appeared. */
  readonly clientHosts = new Set<string>();
  /** Machines whose disk is slow, and how many ms each operation takes longer. */
  readonly slowDisks = new Map<number, number>();
  /** The same for reads alone. */
  readonly slowReads = new Map<number, number>();
  /** Listens to the quorum's messages, for checks. */
  quorumTap: QuorumTap | null = null;
  readonly #diskPrng: Prng;
  #isHealed = false;

  constructor(options: { knobs: WorldKnobs; trace: Trace; seed: number }) {
    this.knobs = structuredClone(options.knobs);
    this.loop = new EventLoop(options.trace);
    this.network = new Network(this.loop, new Prng(options.seed ^ 0x6e657477), this.knobs.network);
    this.wires = new Wires(this.loop, this.network);
    this.#diskPrng = new Prng(options.seed ^ 0x6469736b);
  }

  get wallMs(): number {
    return epochMs + this.loop.nowMs;
  }

  get isTold(): boolean {
    return this.loop.trace.isTold;
  }

  tellLog(who: string, line: string): void {
    this.loop.trace.note(who, storyOf(line));
  }

  /** From now on everything works: ways are open, no message is lost, disks are fast. Clocks stay wrong. */
  heal(): void {
    this.#isHealed = true;
    this.slowDisks.clear();
    this.slowReads.clear();
    Object.assign(this.knobs.rpc, { loss: 0, duplicates: 0, reordering: 0 } satisfies RpcKnobs);
    this.network.heal();
  }

  diskLatencyMs(nodeId: number, operation: DiskOperation): number {
    const { meanSyncMs, meanReadMs, stalls, stallMs } = this.knobs.disk;
    const readsMs = operation === 'read' ? (this.slowReads.get(nodeId) ?? 0) : 0;
    const extra = (this.slowDisks.get(nodeId) ?? 0) + readsMs;
    if (this.#isHealed) return Math.min(meanSyncMs, 1) * (0.5 + this.#diskPrng.float());
    if (stalls > 0 && this.#diskPrng.chance(stalls)) return extra + this.#diskPrng.float() * stallMs;
    const mean = operation === 'read' ? meanReadMs : meanSyncMs;
    return mean === 0 ? extra : extra + mean * (0.5 + this.#diskPrng.float());
  }
}

/** A broker's log line without what a story does not need. */
function storyOf(line: string): string {
  const { level, time, nodeId, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  void time;
  void nodeId;
  const rest = Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`;
  return `${String(level)}: ${String(msg)}${rest}`;
}
