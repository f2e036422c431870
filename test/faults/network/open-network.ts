/**
 * The network of a kind, for a cluster of so many brokers.
 */
import { LinkAgents } from './link-agents.ts';
import { Namespaces } from './namespaces.ts';
import { loopback, type ClusterNetwork, type NetworkKind } from './network.ts';

/** `ports` are those of the brokers' listeners, which the proxies stand in front of. */
export async function openNetwork(kind: NetworkKind, brokers: number, ports: readonly number[]): Promise<ClusterNetwork> {
  if (kind === 'loopback') return loopback;
  const namespaces = new Namespaces(brokers);
  return kind === 'namespaces' ? namespaces : LinkAgents.open(namespaces, brokers, ports);
}
