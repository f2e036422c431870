/**
 * A network namespace for each broker, joined by a bridge in one of its own; clients stay where they are, on one more wire.
 *
 *   clients ── veth ── [hub: bridge] ── veth ── [broker 1: 10.x.y.1]
 *                            └──────── veth ── [broker 2: 10.x.y.2] …
 *
 * Links are cut by packet filters in the namespace of a broker: what is dropped on arrival was sent in good faith, so that
 * one direction of a link can be cut alone, as no closed socket can do it. Everything is removed when the network is closed
 * or this program ends, Ctrl-C included; what a killed program left behind is removed by the next one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { LaunchCommand } from '../node-process.ts';
import type { ClusterNetwork, Party } from './network.ts';

const prefix = 'jdf';
const clientsHost = 254;
const maxTries = 50;

/** Why there can be no namespaces here; undefined: there can. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces need Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const missing = ['ip', 'iptables'].find((tool) => spawnSync(tool, ['-V']).error !== undefined);
  if (missing !== undefined) return `network namespaces need the command ${missing}`;
  const name = `${prefix}${process.pid}-try`;
  const made = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
  spawnSync('ip', ['netns', 'delete', name]);
  return made.status === 0 ? undefined : `network namespaces are refused here: ${made.stderr.trim()}`;
}

export class Namespaces implements ClusterNetwork {
  readonly kind = 'namespaces';
  readonly #names: ReadonlyMap<number, string>;
  readonly #hub: string;
  readonly #wire: string;
  /** "10.77.3": the first three parts of every address. */
  readonly #subnet: string;
  readonly #onExit = (): void => this.close();

  constructor(brokers: number) {
    removeLeftovers();
    const tag = `${prefix}${process.pid}-${counter++}`;
    this.#hub = `${tag}-hub`;
    // Names of interfaces have 15 characters at most.
    this.#wire = `${tag}c`;
    this.#subnet = freeSubnet();
    this.#names = new Map(Array.from({ length: brokers }, (_, i) => [i + 1, `${tag}-${i + 1}`]));
    process.on('exit', this.#onExit);
    try {
      this.#build();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  addressOf(nodeId: number): string {
    return this.addressOfParty(nodeId);
  }

  addressOfParty(party: Party): string {
    return `${this.#subnet}.${party === 'clients' ? clientsHost : party}`;
  }

  enter(nodeId: number, { file, args, env }: LaunchCommand): LaunchCommand {
    return { file: 'ip', args: ['netns', 'exec', this.#name(nodeId), file, ...args], env };
  }

  drop(from: Party, to: Party, share = 1): void {
    const some = share < 1 ? ['-m', 'statistic', '--mode', 'random', '--probability', String(share)] : [];
    if (to !== 'clients') this.filter(to, ['-A', 'INPUT', '-s', this.addressOfParty(from), ...some, '-j', 'DROP']);
    else if (from !== 'clients') this.filter(from, ['-A', 'OUTPUT', '-d', this.addressOfParty(to), ...some, '-j', 'DROP']);
  }

  disturb(): void {
    throw new Error('this network has no proxies');
  }

  heal(): void {
    for (const nodeId of this.#names.keys()) this.filter(nodeId, ['-F']);
  }

  close(): void {
    process.off('exit', this.#onExit);
    for (const name of [...this.#names.values(), this.#hub]) spawnSync('ip', ['netns', 'delete', name]);
    spawnSync('ip', ['link', 'delete', this.#wire]);
  }

  /** Runs iptables in the namespace of a broker. */
  filter(nodeId: number, args: readonly string[]): void {
    ip('netns', 'exec', this.#name(nodeId), 'iptables', '-w', ...args);
  }

  #name(nodeId: number): string {
    const name = this.#names.get(nodeId);
    if (name === undefined) throw new RangeError(`there is no broker ${nodeId}`);
    return name;
  }

  #build(): void {
    const hub = this.#hub;
    ip('netns', 'add', hub);
    ip('-n', hub, 'link', 'add', 'bridge', 'type', 'bridge');
    ip('-n', hub, 'link', 'set', 'bridge', 'up');
    ip('link', 'add', this.#wire, 'type', 'veth', 'peer', 'name', 'clients', 'netns', hub);
    ip('-n', hub, 'link', 'set', 'clients', 'master', 'bridge', 'up');
    ip('address', 'add', `${this.#subnet}.${clientsHost}/24`, 'dev', this.#wire);
    ip('link', 'set', this.#wire, 'up');
    for (const [nodeId, name] of this.#names) {
      ip('netns', 'add', name);
      ip('link', 'add', 'eth0', 'netns', name, 'type', 'veth', 'peer', 'name', `broker${nodeId}`, 'netns', hub);
      ip('-n', hub, 'link', 'set', `broker${nodeId}`, 'master', 'bridge', 'up');
      ip('-n', name, 'address', 'add', `${this.addressOf(nodeId)}/24`, 'dev', 'eth0');
      ip('-n', name, 'link', 'set', 'eth0', 'up');
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
  }
}

let counter = 0;

function ip(...args: readonly string[]): string {
  const run = spawnSync('ip', args, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`ip ${args.join(' ')}: ${run.stderr.trim()}`);
  return run.stdout;
}

/** A network of 256 addresses to which nothing here has a way. */
function freeSubnet(): string {
  const taken = ip('-4', 'route', 'show', 'table', 'all');
  for (let tries = 0; tries < maxTries; tries++) {
    const subnet = `10.${64 + Math.floor(Math.random() * 128)}.${Math.floor(Math.random() * 256)}`;
    if (!taken.includes(`${subnet}.`)) return subnet;
  }
  throw new Error(`no free network among ${maxTries}`);
}

/** Namespaces of programs that are no more. */
function removeLeftovers(): void {
  const names = ip('netns', 'list')
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
  for (const name of names) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) spawnSync('ip', ['netns', 'delete', name]);
  }
}
