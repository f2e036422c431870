/**
 * One broker of a development cluster as a child process: its settings, its start, its end.
 *
 * The child is a process group of its own, so that Ctrl-C in the terminal reaches only us and we stop the brokers in order. It
 * writes to a log file, not to us, so that it can outlive us (`--detach`).
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CommandError } from '../failure.ts';
import { identityOf, signalProcess, stateOf, type ProcessIdentity } from './process-identity.ts';
import type { DevBroker, DevState } from './state.ts';

/** How long a broker may take to stop before it is killed. */
const stopTimeoutMs = 15_000;
const checkIntervalMs = 25;

/** Raft wants 1, 3 or 5 voters; further brokers follow. */
export function voterCount(brokers: number): number {
  if (brokers >= 5) return 5;
  return brokers >= 3 ? 3 : 1;
}

/** `key=value` settings of one broker: what makes the cluster, then what the user gave. */
export function brokerSettings(state: DevState, broker: DevBroker): string[] {
  const count = state.brokers.length;
  const voters = state.brokers.slice(0, voterCount(count));
  const isVoter = voters.some((voter) => voter.id === broker.id);
  const factor = Math.min(3, count);
  return [
    `node.id=${broker.id}`,
    `process.roles=${isVoter ? 'broker,controller' : 'broker'}`,
    `cluster.id=${state.clusterId}`,
    `listeners=PLAINTEXT://127.0.0.1:${broker.port},CONTROLLER://127.0.0.1:${broker.grpcPort}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${broker.port}`,
    'controller.listener.names=CONTROLLER',
    `controller.quorum.voters=${voters.map((voter) => `${voter.id}@127.0.0.1:${voter.grpcPort}`).join(',')}`,
    `admin.port=${broker.adminPort}`,
    `log.dirs=${broker.dataDir}`,
    `default.replication.factor=${factor}`,
    `offsets.topic.replication.factor=${factor}`,
    'group.initial.rebalance.delay.ms=0',
    ...state.sets.map((set) => set.replaceAll('{id}', String(broker.id))),
  ];
}

/** Starts the broker and returns who it is; it serves some time later. */
export function spawnBroker(state: DevState, broker: DevBroker): ProcessIdentity {
  mkdirSync(broker.dataDir, { recursive: true });
  const bin = fileURLToPath(new URL('../../../bin/jackdaw.js', import.meta.url));
  const sets = brokerSettings(state, broker).flatMap((setting) => ['--set', setting]);
  const log = openSync(broker.logFile, 'a');
  try {
    const child = spawn(process.execPath, [bin, 'server', 'start', ...sets], { detached: true, stdio: ['ignore', log, log] });
    child.on('error', () => undefined);
    child.unref();
    const identity = child.pid === undefined ? undefined : identityOf(child.pid);
    if (identity === undefined)
      throw new CommandError('CANNOT_START', `broker ${broker.id} could not be started`, { hint: `see ${broker.logFile}` });
    return identity;
  } finally {
    closeSync(log);
  }
}

/** SIGTERM, and SIGKILL when that is not enough. A paused broker is woken first: it could not hear the signal. */
export async function stopBroker(broker: DevBroker): Promise<'stopped' | 'killed'> {
  signalProcess(broker.process, 'SIGTERM');
  signalProcess(broker.process, 'SIGCONT');
  if (await isGone(broker.process, stopTimeoutMs)) return 'stopped';
  signalProcess(broker.process, 'SIGKILL');
  await isGone(broker.process, stopTimeoutMs);
  return 'killed';
}

export async function killBroker(broker: DevBroker): Promise<void> {
  signalProcess(broker.process, 'SIGKILL');
  if (!(await isGone(broker.process, stopTimeoutMs)))
    throw new CommandError('TIMEOUT', `broker ${broker.id} is still there after SIGKILL`);
}

async function isGone(identity: ProcessIdentity | null, timeoutMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs;
  while (stateOf(identity) !== 'stopped') {
    if (performance.now() > deadlineMs) return false;
    await sleep(checkIntervalMs);
  }
  return true;
}

/** The last lines that a broker wrote, for an error message. */
export function logTail(broker: DevBroker, lines = 8): string[] {
  try {
    return readFileSync(broker.logFile, 'utf8').trimEnd().split('\n').slice(-lines);
  } catch {
    return [];
  }
}
