/**
 * The network of a kind, for a cluster of so many brokers.
 */
import { loopback, type ClusterNetwork, type NetworkKind } from './network.ts';

/** `ports` are those of the brokers' listeners, which proxies must know. */
export async function openNetwork(kind: NetworkKind, brokers: number, ports: readonly number[]): Promise<ClusterNetwork> {
  if (kind === 'loopback') return loopback;
  throw new Error(`${kind}: ${brokers} brokers, ${ports.length} ports`);
}
