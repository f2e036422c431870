/**
 * The gRPC services between brokers, loaded from this package's own .proto files and typed by hand.
 *
 * Only files that ship with the product are loaded, never a path from configuration or the wire (security.md).
 */
import { fileURLToPath } from 'node:url';
import type { Buffer } from 'node:buffer';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import type { RaftFrame } from '../quorum/raft-codec.ts';
import { decodePositions, encodePositions } from '../replica/position-codec.ts';
import { decodePush, encodePush, type PartitionPush } from '../replica/push-codec.ts';

const protosDirectory = fileURLToPath(new URL('../../../../../protos/', import.meta.url));

const definitions: PackageDefinition = loadSync(['raft.proto', 'replication.proto', 'controller.proto'], {
  includeDirs: [protosDirectory],
  keepCase: false,
  longs: Number,
  defaults: true,
  arrays: true,
});

/** A service by its full name; a missing one is a defect of the package, found at start. */
function service(name: string): ServiceDefinition {
  const definition = definitions[name];
  if (definition === undefined || 'format' in definition) throw new Error(`${name} is not in ${protosDirectory}`);
  return definition;
}

export const raftService = service('jackdaw.Raft');
export const controllerService = service('jackdaw.Controller');
export const replicationService = withHotCodecs(service('jackdaw.Replication'));

/**
 * The methods under the names of their handlers (`RpcHandlers`), with path and codecs: what a network needs to carry them.
 * proto-loader's own types are untyped objects; the message types are stated here.
 */
export const rpcMethods = {
  raftLink: method<RaftFrame, RaftFrame>(raftService, 'Link'),
  controllerLink: method<ControllerRequestMessage, ControllerResponseMessage>(controllerService, 'Link'),
  controllerPing: method<PingRequestMessage, PingResponseMessage>(controllerService, 'Ping'),
  fetch: method<FollowerMessage, PartitionPush[]>(replicationService, 'Fetch'),
} as const;

function method<Request extends object, Response extends object>(
  from: ServiceDefinition,
  name: string,
): MethodDefinition<Request, Response> {
  const found = from[name];
  if (found === undefined) throw new Error(`no method ${name} in the service`);
  return found as MethodDefinition<Request, Response>;
}

function withHotCodecs(from: ServiceDefinition): ServiceDefinition {
  const fetch = from['Fetch'];
  if (fetch === undefined) throw new Error('jackdaw.Replication has no Fetch');
  return {
    ...from,
    Fetch: {
      ...fetch,
      requestSerialize: (message: FollowerMessage): Buffer => encodePositions(message) ?? fetch.requestSerialize(message),
      requestDeserialize: (bytes: Buffer) => decodePositions(bytes) ?? (fetch.requestDeserialize(bytes) as FollowerMessage),
      responseSerialize: (push: PartitionPush[]): Buffer => encodePush(push),
      responseDeserialize: (bytes: Buffer): PartitionPush[] => decodePush(bytes),
    },
  };
}

/** Messages of controller.proto, as proto-loader gives them. */
export interface ControllerRequestMessage {
  correlationId: number;
  apiKey: number;
  apiVersion: number;
  payload: Uint8Array;
  clusterId: string;
  brokerId: number;
  brokerEpoch: number;
}

export interface ControllerResponseMessage {
  correlationId: number;
  error: number;
  errorMessage: string;
  controllerId: number;
  payload: Uint8Array;
}

export interface PingRequestMessage {
  clusterId: string;
}

export interface PingResponseMessage {
  clusterId: string;
  nodeId: number;
  incarnationId: string;
}

/** Messages of replication.proto. */
export interface OpenFetchMessage {
  handle: number;
  topicId: string;
  partition: number;
  leaderEpoch: number;
  fetchOffset: number;
  lastFetchedEpoch: number;
  durableOffset: number;
  logStartOffset: number;
}

export interface PositionMessage {
  handle: number;
  fetchOffset: number;
  durableOffset: number;
  logStartOffset: number;
}

export interface FollowerMessage {
  hello?: { clusterId: string; brokerId: number; brokerEpoch: number } | null;
  open?: OpenFetchMessage[];
  positions?: PositionMessage[];
  close?: number[];
}
