/**
 * A client's process: our own client library on virtual time, over simulated sockets.
 */
import { Prng } from '@jackdaw/base';
import { Cluster, formatAddress, type ClientOptions, type ClientPlatform } from '@jackdaw/client';
import { SimProcess } from '../world/process.ts';
import { connectSimSocket } from '../world/sim-socket.ts';
import type { World } from '../world/world.ts';

export interface SimClientOptions {
  readonly name: string;
  readonly world: World;
  readonly seed: number;
  readonly bootstrap: readonly string[];
  readonly settings?: Partial<Omit<ClientOptions, 'bootstrapServers' | 'clientId' | 'platform'>>;
}

export class SimClient {
  readonly name: string;
  readonly process: SimProcess;
  readonly prng: Prng;
  readonly #options: SimClientOptions;
  readonly #platform: ClientPlatform;

  constructor(options: SimClientOptions) {
    const { name, world, seed } = options;
    this.name = name;
    this.#options = options;
    this.prng = new Prng(seed);
    const process = new SimProcess({ name, host: name, loop: world.loop });
    world.clientHosts.add(name);
    process.onDeath((kind) => world.wires.onDeath(process, kind));
    this.process = process;
    const sockets = { wires: world.wires, process, prng: new Prng(seed ^ 0x736f636b), knobs: world.knobs.sockets };
    this.#platform = {
      clock: process.clock,
      scheduler: process.scheduler,
      random: new Prng(seed ^ 0x72616e64),
      connect: (address, { signal }) => connectSimSocket(sockets, formatAddress(address), signal),
    };
  }

  connect(): Promise<Cluster> {
    const { bootstrap, settings } = this.#options;
    return Cluster.connect({ ...settings, bootstrapServers: bootstrap, clientId: this.name, platform: this.#platform });
  }

  /** Starts something in the client's process. */
  spawn(work: () => Promise<void>, onError: (error: unknown) => void): void {
    this.process.after(0, 'spawn', () => void work().catch(onError));
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.process.after(delayMs, 'sleep', resolve));
  }
}
