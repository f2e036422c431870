/**
 * The network between simulated nodes: it loses, doubles, delays and so reorders, and is cut in one direction or both.
 */

import type { NodeId, Prng } from '@jackdaw/base';
import type { RaftMessage } from '../../src/index.ts';
import type { EventQueue } from './event-queue.ts';
import type { Knobs } from './knobs.ts';

export class Network {
  readonly #prng: Prng;
  readonly #queue: EventQueue;
  readonly #knobs: Knobs;
  readonly #deliver: (message: RaftMessage) => void;
  /** Directed cuts, as `from>to`. */
  #cuts = new Set<string>();
  #isHealed = false;

  constructor(options: { prng: Prng; queue: EventQueue; knobs: Knobs; deliver: (message: RaftMessage) => void }) {
    this.#prng = options.prng;
    this.#queue = options.queue;
    this.#knobs = options.knobs;
    this.#deliver = options.deliver;
  }

  /** False when the message was lost, which a sender may or may not learn. */
  send(message: RaftMessage): boolean {
    if (this.#isHealed) {
      this.#queue.after(1 + this.#prng.below(3), () => this.#deliver(message));
      return true;
    }
    if (this.isCut(message.from, message.to) || this.#prng.chance(this.#knobs.lossRate)) return false;
    const copies = this.#prng.chance(this.#knobs.duplicateRate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) this.#queue.after(this.#delay(), () => this.#arrive(message));
    return true;
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  /** One of: isolate a node, deafen it, silence it, split in two, a bridge of majorities, or flap one link. */
  partition(ids: readonly NodeId[]): void {
    this.#cuts.clear();
    const shuffled = this.#prng.shuffled(ids);
    const victim = shuffled[0] as NodeId;
    const rest = shuffled.slice(1);
    const half = Math.ceil(rest.length / 2);
    switch (this.#prng.below(6)) {
      case 0:
        return this.#cutBetween([victim], rest);
      case 1:
        return this.#cutOneWay(rest, [victim]);
      case 2:
        return this.#cutOneWay([victim], rest);
      case 3:
        return this.#cutBetween(shuffled.slice(0, half), shuffled.slice(half));
      case 4:
        return this.#cutBetween(rest.slice(0, half), rest.slice(half));
      default:
        return this.#cutBetween([victim], rest.slice(0, 1));
    }
  }

  mend(): void {
    this.#cuts.clear();
  }

  heal(): void {
    this.mend();
    this.#isHealed = true;
  }

  #arrive(message: RaftMessage): void {
    if (this.#isHealed || !this.isCut(message.from, message.to)) this.#deliver(message);
  }

  #delay(): number {
    const delay = 1 + this.#prng.below(this.#knobs.delayMax);
    return this.#prng.chance(this.#knobs.stragglerRate) ? delay * 10 : delay;
  }

  #cutBetween(left: readonly NodeId[], right: readonly NodeId[]): void {
    this.#cutOneWay(left, right);
    this.#cutOneWay(right, left);
  }

  #cutOneWay(from: readonly NodeId[], to: readonly NodeId[]): void {
    for (const a of from) for (const b of to) this.#cuts.add(`${a}>${b}`);
  }
}
