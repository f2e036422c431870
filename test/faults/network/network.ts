/**
 * What lies between the brokers, and between them and the clients: where a broker has its address, and how a link is cut.
 *
 * On loopback nothing can be cut. namespaces.ts gives every broker a network stack of its own, where any pair can be cut in
 * either direction, or lose packets; of kind 'links' there is a proxy at every broker's door besides, for connections that
 * are slow, sliced, reset or half-open.
 */
import type { LaunchCommand } from '../node-process.ts';
import type { LinkFault } from './tcp-proxy.ts';

/** One end of a link: a broker's node id, or all clients (this process). */
export type Party = number | 'clients';

export type NetworkKind = 'loopback' | 'namespaces' | 'links';

export interface ClusterNetwork {
  readonly kind: NetworkKind;
  addressOf(nodeId: number): string;
  /** The broker's command, run where its address is. */
  enter(nodeId: number, command: LaunchCommand): LaunchCommand;
  /** Packets from one to the other vanish from now on, or a share of them does; those that go back do not. */
  drop(from: Party, to: Party, share?: number): void;
  /** Connections that `from` makes to the broker are disturbed from now on, those that it has included. */
  disturb(from: Party, to: number, fault: LinkFault): void;
  /** Every link is whole again. */
  heal(): void;
  /** Does nothing the second time. */
  close(): void;
}

const refusal = 'a network on loopback has no links that could be broken';

export const loopback: ClusterNetwork = {
  kind: 'loopback',
  addressOf: () => '127.0.0.1',
  enter: (_nodeId, command) => command,
  drop() {
    throw new Error(refusal);
  },
  disturb() {
    throw new Error(refusal);
  },
  heal: () => {},
  close: () => {},
};
