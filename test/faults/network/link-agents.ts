/**
 * Namespaces with a proxy at every broker's door: what comes from outside for one of its ports is redirected to the proxy
 * beside it, which still sees where it comes from. So a link can be cut by packet filters and disturbed by the proxy.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LaunchCommand } from '../node-process.ts';
import type { LinkOrder } from './link-agent.ts';
import type { Namespaces } from './namespaces.ts';
import type { ClusterNetwork, Party } from './network.ts';
import type { LinkFault } from './tcp-proxy.ts';

const program = fileURLToPath(new URL('link-agent.js', import.meta.url));
/** From a broker's port to its proxy's, out of the range that outgoing connections take theirs from. */
const proxyPortOffset = -12_000;

export class LinkAgents implements ClusterNetwork {
  readonly kind = 'links';
  readonly #namespaces: Namespaces;
  readonly #agents = new Map<number, ChildProcess>();
  readonly #onExit = (): void => this.close();

  private constructor(namespaces: Namespaces) {
    this.#namespaces = namespaces;
    process.on('exit', this.#onExit);
  }

  static async open(namespaces: Namespaces, brokers: number, ports: readonly number[]): Promise<LinkAgents> {
    const network = new LinkAgents(namespaces);
    try {
      for (let nodeId = 1; nodeId <= brokers; nodeId++) {
        // Ports of other brokers are redirected, too: nobody asks for them there.
        for (const port of ports) network.#redirect(nodeId, port);
        await network.#startAgent(nodeId, ports);
      }
      return network;
    } catch (error) {
      network.close();
      throw error;
    }
  }

  addressOf(nodeId: number): string {
    return this.#namespaces.addressOf(nodeId);
  }

  enter(nodeId: number, command: LaunchCommand): LaunchCommand {
    return this.#namespaces.enter(nodeId, command);
  }

  drop(from: Party, to: Party, share?: number): void {
    this.#namespaces.drop(from, to, share);
  }

  disturb(from: Party, to: number, fault: LinkFault): void {
    this.#tell(to, { source: this.#namespaces.addressOfParty(from), fault });
  }

  heal(): void {
    this.#namespaces.heal();
    for (const nodeId of this.#agents.keys()) this.#tell(nodeId, {});
  }

  close(): void {
    process.off('exit', this.#onExit);
    for (const agent of this.#agents.values()) agent.kill('SIGKILL');
    this.#agents.clear();
    this.#namespaces.close();
  }

  #redirect(nodeId: number, port: number): void {
    const to = String(port + proxyPortOffset);
    const match = ['-p', 'tcp', '--dport', String(port)];
    this.#namespaces.filter(nodeId, ['-t', 'nat', '-A', 'PREROUTING', ...match, '-j', 'REDIRECT', '--to-ports', to]);
  }

  async #startAgent(nodeId: number, ports: readonly number[]): Promise<void> {
    const pairs = ports.map((port) => `${port}:${port + proxyPortOffset}`);
    const args = [program, this.addressOf(nodeId), ...pairs];
    const command = this.enter(nodeId, { file: process.execPath, args, env: process.env });
    const agent = spawn(command.file, command.args, { env: command.env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#agents.set(nodeId, agent);
    const ended = once(agent, 'exit').then(() => Promise.reject(new Error(`the proxies of broker ${nodeId} ended`)));
    await Promise.race([once(agent, 'message'), ended]);
    ended.catch(() => {});
  }

  #tell(nodeId: number, order: LinkOrder): void {
    this.#agents.get(nodeId)?.send(order);
  }
}
