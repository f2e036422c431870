/**
 * A machine with a broker on it: a disk that outlives the broker's processes, wrong clocks, and the broker itself.
 *
 * Starting it makes a process with a platform of its own; stopping, killing and power loss end that process. What the
 * broker is made of is looked at through `services`.
 */
import { assert, Prng } from '@jackdaw/base';
import { createLogger, loadConfig, startBroker, type Broker, type BrokerServices, type Platform } from '@jackdaw/broker';
import { MemoryFs, type CrashMode } from '@jackdaw/log';
import { ProcessFs } from '../world/process-fs.ts';
import { ProcessDied, SimProcess, type ClockFault, type DeathKind } from '../world/process.ts';
import { DatabaseDisk } from '../world/sim-database.ts';
import { createSimRpc } from '../world/sim-rpc.ts';
import { createSimSockets } from '../world/sim-socket.ts';
import type { World } from '../world/world.ts';

export const clientPort = 9092;
export const rpcPort = 9093;
export const dataDirectory = '/data';

export interface SimNodeOptions {
  readonly id: number;
  readonly world: World;
  readonly seed: number;
  /** Broker configuration, over which the node's own addresses and directories are laid. */
  readonly settings: Readonly<Record<string, string>>;
  readonly clockFault: ClockFault;
  /** The broker ended by itself: its disk failed, the cluster refused it, or it met a bug. */
  readonly onFatal: (node: SimNode, error: Error) => void;
}

export class SimNode {
  readonly id: number;
  readonly host: string;
  readonly clockFault: ClockFault;
  disk: MemoryFs;
  database: DatabaseDisk;
  process: SimProcess | null = null;
  fs: ProcessFs | null = null;
  broker: Broker | null = null;
  services: BrokerServices | null = null;
  /** Starts of the broker so far. */
  starts = 0;
  /** The last start was certainly not ended by a stop. */
  wasKilled = false;
  #isStopping = false;
  readonly #options: SimNodeOptions;
  readonly #prng: Prng;

  constructor(options: SimNodeOptions) {
    this.#options = options;
    this.id = options.id;
    this.host = `node${options.id}`;
    this.clockFault = options.clockFault;
    this.#prng = new Prng(options.seed);
    const { world } = options;
    this.disk = new MemoryFs({
      nowMs: () => world.wallMs + this.clockFault.wallOffsetMs,
      prng: this.#prng,
      // What nobody waits for any more, because its process is dead or stands still, is as if the device had not come to it.
      scheduler: {
        setTimer: (delayMs, callback) => world.loop.after(delayMs, { owner: this.process, label: 'disk', callback }),
        defer: (callback) => void world.loop.after(0, { owner: this.process, label: 'disk', callback }),
      },
      latencyMs: (operation) => world.diskLatencyMs(this.id, operation),
    });
    this.database = new DatabaseDisk(() => world.diskLatencyMs(this.id, 'sync'));
  }

  /** Whether clients are served here; else it is a controller only. */
  get isBroker(): boolean {
    return this.#options.settings['process.roles'] !== 'controller';
  }

  get isRunning(): boolean {
    return this.process !== null && !this.process.isDead;
  }

  /** Starts the broker; what becomes of it is told by events. */
  start(): void {
    if (this.isRunning) return;
    const { world, settings, onFatal } = this.#options;
    this.starts++;
    this.#isStopping = false;
    world.wires.setDark(this.host, false);
    const process = new SimProcess({
      name: `${this.host}.${this.starts}`,
      host: this.host,
      loop: world.loop,
      clockFault: this.clockFault,
    });
    process.onDeath((kind) => world.wires.onDeath(process, kind));
    this.process = process;
    this.fs = new ProcessFs(this.disk, process);
    this.services = null;
    this.broker = null;
    process.after(0, 'start', () => {
      void this.#run(process, settings).catch((error: unknown) => {
        if (process.isDead || error instanceof ProcessDied) return;
        process.die('killed');
        onFatal(this, error instanceof Error ? error : new Error(String(error)));
      });
    });
  }

  /**
   * The process is gone at once. With `power`, so is what no sync has covered, as the mode says, whether or not a process
   * was running.
   */
  kill(kind: DeathKind, mode: CrashMode): void {
    const { process } = this;
    const isRunning = process !== null && !process.isDead;
    if (!isRunning && kind === 'killed') return;
    if (kind === 'power') this.#options.world.wires.setDark(this.host, true);
    process?.die(kind);
    this.#afterDeath(kind, mode);
  }

  #afterDeath(kind: DeathKind, mode: CrashMode): void {
    if (this.services !== null) this.wasKilled = !this.#isStopping;
    this.broker = null;
    this.services = null;
    this.disk.crash(mode, this.#prng);
    if (kind === 'power') this.database.crash(mode === 'random' ? this.#prng : null);
  }

  /** The process dies at one of its next calls to the disk, between two effects (F13). */
  killAtEffect(calls: number, kind: DeathKind, mode: CrashMode): void {
    const { process, fs } = this;
    if (process === null || fs === null || process.isDead) return;
    fs.dieAfter(calls, () => {
      if (kind === 'power') this.#options.world.wires.setDark(this.host, true);
      process.die(kind);
      // The disk is left as it is until the dead code has unwound.
      this.#options.world.loop.after(0, { owner: null, label: 'crash', callback: () => this.#afterDeath(kind, mode) });
    });
  }

  /** Takes back {@link killAtEffect}, if it has not happened yet. */
  spare(): void {
    this.fs?.live();
  }

  /** Another disk in the place of this machine's: an old image. The broker must be down. */
  replaceDisks(disk: MemoryFs, database: DatabaseDisk): void {
    assert(!this.isRunning, 'disks are replaced while nobody uses them');
    this.disk = disk;
    this.database = database;
  }

  /** SIGTERM: leaderships are handed over, logs are marked clean. */
  stop(): void {
    const { process, broker } = this;
    if (process === null || process.isDead || broker === null) return;
    this.#isStopping = true;
    process.after(0, 'stop', () => {
      void broker.close().finally(() => {
        if (process.isDead) return;
        process.die('killed');
        this.#afterDeath('killed', 'processOnly');
      });
    });
  }

  pause(durationMs: number): void {
    const { process } = this;
    if (process === null || process.isDead) return;
    process.pause(durationMs);
    this.#options.world.wires.onPause(process, durationMs);
  }

  async #run(process: SimProcess, settings: Readonly<Record<string, string>>): Promise<void> {
    const { world, onFatal } = this.#options;
    const sets = Object.entries({
      ...settings,
      'node.id': String(this.id),
      'log.dirs': dataDirectory,
      listeners: `${this.isBroker ? `PLAINTEXT://${this.host}:${clientPort},` : ''}CONTROLLER://${this.host}:${rpcPort}`,
    }).map(([key, value]) => `${key}=${value}`);
    const loaded = loadConfig({ env: {}, sets, hostname: this.host });
    if (!loaded.ok) throw new Error(loaded.errors.join('\n'));
    const logger = createLogger({
      nodeId: this.id,
      level: world.isTold ? 'debug' : 'silent',
      format: 'json',
      destination: { write: (line) => world.tellLog(process.name, line) },
      isTerminal: false,
    });
    const broker = await startBroker(loaded.config, {
      logger,
      includeProcessMetrics: false,
      platform: this.#platform(process),
      onAssembled: (services) => (this.services = services),
      onFatal: (error) => {
        if (process.isDead) return;
        process.die('killed');
        this.#afterDeath('killed', 'processOnly');
        onFatal(this, error);
      },
    });
    if (!process.isDead) this.broker = broker;
  }

  #platform(process: SimProcess): Platform {
    const { world } = this.#options;
    const random = new Prng(this.#prng.uint32());
    const network = { wires: world.wires, process, prng: this.#prng };
    const identity = { processId: process.host.length * 1_000 + this.starts, startTime: process.name, bootId: this.host };
    return {
      clock: process.clock,
      scheduler: process.scheduler,
      random,
      fs: this.fs as ProcessFs,
      processes: { self: identity, isAlive: (other) => other.startTime === process.name },
      openDatabase: () => this.database.open(process),
      rpc: createSimRpc({ ...network, knobs: world.knobs.rpc, tap: () => world.quorumTap }),
      maxDescriptors: Number.POSITIVE_INFINITY,
      sockets: createSimSockets({ ...network, knobs: world.knobs.sockets }),
    };
  }
}
