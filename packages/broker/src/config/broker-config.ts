/**
 * The typed configuration with which one broker starts. What has structure (listeners, voters, directories) is parsed
 * here once; single numbers and switches are read from `view`, which also follows dynamic changes.
 */

import type { ConfigView } from '@jackdaw/metadata';
import type { ListenerConfig, NetworkConfig } from './network-config.ts';
import type { VoterConfig } from './endpoints.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
export type LogFormat = 'auto' | 'json' | 'pretty';

export interface BrokerConfig {
  readonly nodeId: number;
  readonly roles: { readonly broker: boolean; readonly controller: boolean };
  /** null: the first leader of the quorum makes one. */
  readonly clusterId: string | null;
  readonly rack: string | null;
  /** Listeners that speak the Kafka protocol; none on a node that is only a controller. */
  readonly listeners: readonly ListenerConfig[];
  /** The gRPC listener; every node has one. */
  readonly controllerListener: ListenerConfig;
  readonly interBrokerListenerName: string | null;
  /** 1, 3 or 5, the same on every node. */
  readonly voters: readonly VoterConfig[];
  /** Absolute paths, at least one. */
  readonly logDirs: readonly string[];
  /** Absolute path. */
  readonly metadataLogDir: string;
  readonly durability: 'fsync' | 'page-cache';
  /** null: no admin server. */
  readonly admin: { readonly host: string; readonly port: number } | null;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  readonly metricsPerPartition: 'auto' | 'on' | 'off';
  readonly view: ConfigView;
}

export interface BrokerConfigParts {
  readonly view: ConfigView;
  readonly nodeId: number;
  readonly roles: { readonly broker: boolean; readonly controller: boolean };
  readonly network: NetworkConfig;
  /** Absolute. */
  readonly logDirs: readonly string[];
  readonly metadataLogDir: string;
}

export function brokerConfigOf({ view, nodeId, roles, network, logDirs, metadataLogDir }: BrokerConfigParts): BrokerConfig {
  const adminPort = view.number('admin.port');
  return {
    nodeId,
    roles,
    clusterId: view.string('cluster.id'),
    rack: view.string('broker.rack'),
    ...network,
    logDirs,
    metadataLogDir,
    durability: view.string('jackdaw.durability') === 'page-cache' ? 'page-cache' : 'fsync',
    admin: adminPort < 0 ? null : { host: view.string('admin.host') ?? '', port: adminPort },
    log: { level: view.string('log.level') as LogLevel, format: view.string('log.format') as LogFormat },
    metricsPerPartition: view.string('metrics.per.partition') as 'auto' | 'on' | 'off',
    view,
  };
}
