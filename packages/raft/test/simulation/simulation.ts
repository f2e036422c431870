/**
 * One seeded run: a cluster, its workload and its faults (safety), then the faults end and it must converge (E14).
 */

import assert from 'node:assert/strict';
import { type NodeId, Prng } from '@jackdaw/base';
import type { RaftMessage } from '../../src/index.ts';
import { Checker } from './checker.ts';
import { EventQueue } from './event-queue.ts';
import { Host, type World } from './host.ts';
import { drawKnobs, electionTicks, tickInterval, type Knobs } from './knobs.ts';
import { Network } from './network.ts';

const faultyTime = 4000;
const faultRound = 60;
/** Statement E14: a leader within 10 election timeouts. */
const healTimeLimit = 10 * electionTicks * tickInterval;
const convergeTimeLimit = 4 * healTimeLimit;

export interface RunResult {
  readonly counts: ReadonlyMap<string, number>;
  /** A number that two runs of one seed share. */
  readonly fingerprint: string;
}

export function runSimulation(seed: number, options: { trace?: boolean } = {}): RunResult {
  return new Simulation(seed, options.trace ?? false).run();
}

class Simulation {
  readonly #prng: Prng;
  readonly #knobs: Knobs;
  readonly #queue = new EventQueue();
  readonly #checker = new Checker();
  readonly #counts = new Map<string, number>();
  readonly #hosts = new Map<NodeId, Host>();
  readonly #network: Network;
  readonly #voters: readonly NodeId[];
  #isFaulty = true;
  #proposals = 0;
  #events = 0;

  constructor(seed: number, isTraced: boolean) {
    this.#prng = new Prng(seed);
    this.#knobs = drawKnobs(this.#prng);
    const { voterCount, observerCount } = this.#knobs;
    this.#voters = Array.from({ length: voterCount }, (_, i) => i + 1);
    this.#network = new Network({
      prng: this.#prng,
      queue: this.#queue,
      knobs: this.#knobs,
      deliver: (message: RaftMessage) => this.#hosts.get(message.to)?.receive(message),
    });
    const world = this.#world(isTraced);
    for (let id = 1; id <= voterCount + observerCount; id++) this.#hosts.set(id, new Host(id, world));
    world.trace(() => JSON.stringify(this.#knobs));
  }

  run(): RunResult {
    for (const host of this.#hosts.values()) {
      host.start();
      this.#tickForEver(host);
    }
    this.#proposeForEver();
    this.#faultForEver();
    this.#runUntil(faultyTime, () => false);
    this.#heal();
    const healedAt = this.#queue.now;
    this.#runUntil(healedAt + healTimeLimit, () => this.#leader() !== undefined);
    assert.ok(this.#leader() !== undefined, `E14: no leader after heal: ${this.#summary()}`);
    this.#runUntil(healedAt + convergeTimeLimit, () => this.#hasConverged());
    assert.ok(this.#hasConverged(), `E14: not converged after heal: ${this.#summary()}`);
    return { counts: this.#counts, fingerprint: `${this.#events} ${this.#hosts.get(1)?.applied}` };
  }

  #world(isTraced: boolean): World {
    return {
      prng: this.#prng,
      queue: this.#queue,
      knobs: this.#knobs,
      voters: this.#voters,
      network: this.#network,
      checker: this.#checker,
      disks: () => this.#voterHosts().map((host) => host.storage),
      trace: (line) => {
        if (isTraced) process.stdout.write(`${line()}\n`);
      },
      count: (event) => this.#counts.set(event, (this.#counts.get(event) ?? 0) + 1),
    };
  }

  #runUntil(deadline: number, isDone: () => boolean): void {
    while (!isDone() && this.#queue.runNext(deadline)) this.#events += 1;
  }

  #tickForEver(host: Host): void {
    // Every machine has its own clock speed within a tenth.
    const interval = tickInterval + this.#prng.between(-1, 1) * (this.#isFaulty ? 1 : 0);
    this.#queue.after(interval, () => {
      host.tick();
      this.#tickForEver(host);
    });
  }

  #proposeForEver(): void {
    this.#queue.after(1 + this.#prng.below(this.#knobs.proposeEvery), () => {
      const host = this.#pick([...this.#hosts.values()]);
      if (host.propose(`p${++this.#proposals}${'.'.repeat(this.#prng.below(40))}`)) this.#count('accepted proposal');
      if (this.#prng.chance(0.3)) host.read();
      if (this.#isFaulty) this.#proposeForEver();
    });
  }

  #faultForEver(): void {
    this.#queue.after(faultRound, () => {
      if (!this.#isFaulty) return;
      this.#injectFault();
      this.#faultForEver();
    });
  }

  #injectFault(): void {
    const { crashRate, partitionRate, wipeRate, pauseRate, transferRate } = this.#knobs;
    const host = this.#pick([...this.#hosts.values()]);
    if (this.#prng.chance(crashRate)) this.#crashAndRestart(host, () => host.crash());
    if (this.#prng.chance(partitionRate)) {
      this.#count('partition');
      this.#network.partition([...this.#hosts.keys()]);
    } else if (this.#prng.chance(0.3)) {
      this.#network.mend();
    }
    if (this.#prng.chance(wipeRate) && this.#mayWipe(host)) {
      this.#count('wipe');
      this.#crashAndRestart(host, () => host.wipe());
    }
    if (this.#prng.chance(pauseRate)) (this.#leader() ?? host).pause(this.#prng.below(500));
    if (this.#prng.chance(transferRate)) this.#leader()?.transferTo(this.#pick(this.#voterHosts()).id);
  }

  #crashAndRestart(host: Host, crash: () => void): void {
    if (host.node === null) return;
    this.#count('crash');
    crash();
    this.#queue.after(this.#prng.below(300), () => {
      if (host.node === null) host.start();
    });
  }

  /**
   * What the quorum promises to survive: a minority on wiped disks at a time, and only once all the others know, in
   * their committed log, which disk everybody else is on (admission.ts: a voter is protected by its record).
   */
  #mayWipe(victim: Host): boolean {
    if (!this.#voters.includes(victim.id)) return true;
    const hosts = this.#voterHosts();
    const views = hosts.map((host) => host.node?.status().voters);
    const isDead = (host: Host): boolean =>
      views.some((view) => view?.find((voter) => voter.id === host.id)?.directoryId !== host.directoryId);
    const dead = hosts.filter(isDead);
    if (dead.includes(victim) || 2 * (dead.length + 1) >= hosts.length) return false;
    const intactViews = hosts.filter((host) => !dead.includes(host)).map((host) => host.node?.status().voters);
    return hosts.every((host) => {
      const seen = intactViews.map((view) => view?.find((voter) => voter.id === host.id)?.directoryId);
      return seen.every((directoryId) => directoryId !== undefined && directoryId !== null && directoryId === seen[0]);
    });
  }

  #heal(): void {
    this.#isFaulty = false;
    this.#network.heal();
    for (const host of this.#hosts.values()) {
      host.makeDiskFast();
      if (host.node === null) host.start();
    }
    this.#proposeOnceLed();
  }

  #proposeOnceLed(): void {
    this.#queue.after(50, () => {
      if (this.#leader()?.propose('after heal') === true) this.#proposals += 1;
      else this.#proposeOnceLed();
    });
  }

  /** One leader, everybody applied the same, every voter's disk is a counted one, no read is left hanging. */
  #hasConverged(): boolean {
    const leader = this.#leader();
    const status = leader?.node?.status();
    if (leader === undefined || status === undefined || status.uncommittedBytes > 0) return false;
    if (status.peers.some((peer) => !peer.isCounted) || status.observers.length !== this.#knobs.observerCount) return false;
    return [...this.#hosts.values()].every((host) => host.applied === leader.applied && !host.hasUnresolvedReads);
  }

  /** The leader of the highest term, if everybody may know it. */
  #leader(): Host | undefined {
    const leaders = this.#voterHosts().filter((host) => host.node?.status().role === 'leader');
    return leaders.toSorted((a, b) => (b.node?.status().term ?? 0) - (a.node?.status().term ?? 0))[0];
  }

  #voterHosts(): Host[] {
    return this.#voters.map((id) => this.#hosts.get(id) as Host);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#prng.below(items.length)] as T;
  }

  #count(event: string): void {
    this.#counts.set(event, (this.#counts.get(event) ?? 0) + 1);
  }

  #summary(): string {
    const lines = [...this.#hosts.values()].map((host) => {
      const { voters, peers, observers, ...rest } = host.node?.status() ?? { voters: [], peers: [], observers: [] };
      return `${JSON.stringify(rest)} ${host.applied}\n    ${JSON.stringify({ voters, peers, observers })}`;
    });
    return `${JSON.stringify(this.#knobs)}\n  ${lines.join('\n  ')}`;
  }
}
