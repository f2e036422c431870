/**
 * A Jackdaw node: sockets, handlers, replication, the quorum's driver, configuration and what an operator sees.
 */
export { startBroker, type Broker, type StartOptions } from './broker.ts';
export * from './codecs/exports.ts';
export * from './config/exports.ts';
export * from './observability/exports.ts';
export type { BoundServer, ClientSocket, ListenOptions, SocketNetwork } from './net/socket-network.ts';
export type { Platform } from './platform/platform.ts';
export type { Database, DatabaseOperation } from './quorum/database.ts';
export type { BrokerServices } from './broker-services.ts';
export type { HostedPartition } from './replica/hosted-partition.ts';
export type {
  ChannelKind,
  RpcChannel,
  RpcEnd,
  RpcFailure,
  RpcHandlers,
  RpcHeaders,
  RpcMethod,
  RpcNetwork,
  RpcServer,
  RpcStream,
  RpcStreamEvents,
  RpcStreamHandler,
} from './rpc/rpc-network.ts';
export { rpcMethods } from './rpc/services.ts';
