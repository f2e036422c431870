/**
 * The two clusters that are measured in turn: three Jackdaw processes, and the peer that a script brings up.
 *
 * The peer script knows `up N`, `down`, `bootstrap`, `pids` ("N pid" lines) and `tool NAME ARGS…`, which runs Kafka's own
 * Java tools against any cluster; they are the client for both sides, so that only the brokers differ.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Cluster } from '@jackdaw/client';
import { freePorts } from '@jackdaw/testing';
import { run } from './processes.ts';

export interface Side {
  readonly name: string;
  /** Starts three nodes on clean data and gives the milliseconds until all are in the metadata. */
  up(): Promise<number>;
  down(): Promise<void>;
  readonly bootstrap: string;
  readonly pids: readonly number[];
}

const nodes = 3;
const binary = fileURLToPath(new URL('../../packages/cli/bin/jackdaw.js', import.meta.url));
const startTimeoutMs = 90_000;

export function jackdawSide(name: string, sets: readonly string[]): Side {
  let children: ChildProcess[] = [];
  let directory = '';
  let bootstrap = '';
  return {
    name,
    async up() {
      const ports = await freePorts(nodes * 2);
      directory = mkdtempSync(join(tmpdir(), 'jackdaw-bench-'));
      bootstrap = ports
        .slice(0, nodes)
        .map((port) => `127.0.0.1:${port}`)
        .join(',');
      const voters = ports
        .slice(nodes)
        .map((port, i) => `${i + 1}@127.0.0.1:${port}`)
        .join(',');
      const began = performance.now();
      children = Array.from({ length: nodes }, (_, i) => {
        const settings = [
          `node.id=${i + 1}`,
          `log.dirs=${join(directory, String(i + 1))}`,
          `listeners=PLAINTEXT://127.0.0.1:${ports[i]},CONTROLLER://127.0.0.1:${ports[nodes + i]}`,
          `controller.quorum.voters=${voters}`,
          'admin.port=-1',
          'group.initial.rebalance.delay.ms=0',
          ...sets,
        ];
        const log = openSync(join(directory, `${i + 1}.log`), 'a');
        const args = [binary, 'server', 'start', ...settings.flatMap((setting) => ['--set', setting])];
        return spawn(process.execPath, args, { stdio: ['ignore', log, log] });
      });
      await whenServing(bootstrap);
      return performance.now() - began;
    },
    async down() {
      const ended = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(ended);
      children = [];
      rmSync(directory, { recursive: true, force: true });
    },
    get bootstrap() {
      return bootstrap;
    },
    get pids() {
      return children.flatMap(({ pid }) => pid ?? []);
    },
  };
}

export function peerSide(script: string): Side {
  let bootstrap = '';
  let pids: number[] = [];
  const peer = (...args: string[]): Promise<string> => run('bash', [script, ...args], { timeoutMs: startTimeoutMs });
  return {
    name: 'Kafka',
    async up() {
      await peer('install');
      // The nodes live on after the script, so its output is not waited for but the cluster is.
      const began = performance.now();
      const starting = spawn('bash', [script, 'up', String(nodes)], { stdio: 'ignore' });
      await new Promise((resolve) => starting.once('exit', resolve));
      bootstrap = (await peer('bootstrap')).trim();
      await whenServing(bootstrap);
      const tookMs = performance.now() - began;
      pids = (await peer('pids'))
        .trim()
        .split('\n')
        .map((line) => Number(line.split(' ')[1]));
      return tookMs;
    },
    async down() {
      await peer('down');
    },
    get bootstrap() {
      return bootstrap;
    },
    get pids() {
      return pids;
    },
  };
}

async function whenServing(bootstrapServers: string): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  while (performance.now() < deadline) {
    try {
      const cluster = await Cluster.connect({ bootstrapServers, deadlineMs: 2_000 });
      try {
        if ((await cluster.fetchMetadata([])).brokers.length === nodes) return;
      } finally {
        await cluster.close();
      }
    } catch {
      // Not there yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no cluster of ${nodes} at ${bootstrapServers} within ${startTimeoutMs} ms`);
}
