/**
 * What lies between the brokers, and between them and the clients: where a broker has its address, and how a link is cut.
 *
 * On loopback nothing can be cut; namespaces.ts gives every broker a network stack of its own, where any pair can be cut
 * in either direction; links.ts puts proxies in front of brokers, for links that are slow or break.
 */
import type { LaunchCommand } from '../node-process.ts';
import type { LinkFault } from './link-fault.ts';

/** One end of a link: a broker's node id, or all clients (this process). */
export type Party = number | 'clients';

export type NetworkKind = 'loopback' | 'namespaces' | 'links';

export interface ClusterNetwork {
  readonly kind: NetworkKind;
  addressOf(nodeId: number): string;
  /** The broker's command, run where its address is. */
  enter(nodeId: number, command: LaunchCommand): LaunchCommand;
  /** Packets from one to the other vanish from now on; those that go back do not. */
  block(from: Party, to: Party): void;
  /** What goes from one to the other is slowed or broken; undefined ends it. Of kind 'links' only. */
  disturb(from: Party, to: Party, fault: LinkFault | undefined): Promise<void>;
  /** Every link is whole again. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

const refusal = 'a network on loopback has no links that could be broken';

export const loopback: ClusterNetwork = {
  kind: 'loopback',
  addressOf: () => '127.0.0.1',
  enter: (_nodeId, command) => command,
  block() {
    throw new Error(refusal);
  },
  disturb: () => Promise.reject(new Error(refusal)),
  heal: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
