/**
 * The machine that a node runs on, as an injected dependency: time, chance, disk, network.
 *
 * Everything in this package that could make two runs differ comes through here, so that the simulator can run whole
 * nodes on virtual time (docs/internals/simulation.md). `systemPlatform` is the real one. What is behind it is thin and
 * decides nothing: Node's timers, node:fs, sockets, grpc-js, LevelDB.
 */
import type { Clock, Randomness, Scheduler } from '@jackdaw/base';
import type { Fs, Processes } from '@jackdaw/log';
import type { SocketNetwork } from '../net/socket-network.ts';
import type { Database } from '../quorum/database.ts';
import type { RpcNetwork } from '../rpc/rpc-network.ts';

export interface Platform {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Randomness;
  readonly fs: Fs;
  /** Who holds the lock of a log directory. */
  readonly processes: Processes;
  /**
   * Opens or creates the quorum's database in a directory that exists. Rejects with StorageError when it is locked or
   * damaged.
   */
  readonly openDatabase: (directory: string) => Promise<Database>;
  /** Between brokers. */
  readonly rpc: RpcNetwork;
  /** Files and sockets that the process may have open; infinite where there is no limit. */
  readonly maxDescriptors: number;
  /** Between clients and brokers. */
  readonly sockets: SocketNetwork;
}
