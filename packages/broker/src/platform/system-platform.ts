/**
 * The real machine: Node's timers and clock, node:fs, sockets, grpc-js, LevelDB.
 */
import { randomBytes } from 'node:crypto';
import type { Randomness, Scheduler } from '@jackdaw/base';
import { NodeFs, systemProcesses } from '@jackdaw/log';
import { createTcpNetwork } from '../net/tcp-network.ts';
import { openLevelDatabase } from '../quorum/level-database.ts';
import { createGrpcNetwork } from '../rpc/grpc-network.ts';
import { descriptorLimit } from './descriptors.ts';
import type { Platform } from './platform.ts';
import { systemClock } from './system-clock.ts';

const systemScheduler: Scheduler = {
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  defer: (callback) => void setImmediate(callback),
};

const systemRandom: Randomness = {
  bytes: (count) => randomBytes(count),
  float: () => Math.random(),
};

const maxDescriptors = descriptorLimit();

export const systemPlatform: Platform = {
  clock: systemClock,
  scheduler: systemScheduler,
  random: systemRandom,
  fs: new NodeFs(),
  processes: systemProcesses(),
  openDatabase: openLevelDatabase,
  rpc: createGrpcNetwork(),
  maxDescriptors,
  sockets: createTcpNetwork(maxDescriptors),
};
