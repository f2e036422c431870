/**
 * Which operation answers which Kafka API: the table behind `ActiveController.handle`.
 *
 * `isAtomic` operations must fit one Raft entry or are refused; the records of the others may be split, for each of
 * their prefixes leaves the cluster in a good state.
 */

import {
  ApiKey,
  type AllocateProducerIdsRequest,
  type AlterConfigsRequest,
  type AlterPartitionRequest,
  type AssignReplicasToDirsRequest,
  type BrokerHeartbeatRequest,
  type BrokerRegistrationRequest,
  type CreatePartitionsRequest,
  type CreateTopicsRequest,
  type DeleteTopicsRequest,
  type ElectLeadersRequest,
  type IncrementalAlterConfigsRequest,
  type UnregisterBrokerRequest,
} from '@jackdaw/protocol';
import type { MetadataImage } from '../image.ts';
import { allocateProducerIds, failedAllocateProducerIds } from './allocate-producer-ids.ts';
import { alterConfigs, failedAlterConfigs, incrementalAlterConfigs } from './alter-configs.ts';
import { alterPartition, failedAlterPartition } from './alter-partition.ts';
import type { ApiError } from './api-error.ts';
import { assignReplicasToDirs, failedAssignReplicasToDirs } from './assign-replicas-to-dirs.ts';
import { brokerHeartbeat, failedBrokerHeartbeat } from './broker-heartbeat.ts';
import { brokerRegistration, failedBrokerRegistration } from './broker-registration.ts';
import { createPartitions, failedCreatePartitions } from './create-partitions.ts';
import { createTopics, failedCreateTopics } from './create-topics.ts';
import { deleteTopics, failedDeleteTopics } from './delete-topics.ts';
import { electLeaders, failedElectLeaders } from './elect-leaders.ts';
import type { ControllerContext, OperationResult } from './operation.ts';
import { failedUnregisterBroker, unregisterBroker } from './unregister-broker.ts';

export interface Operation {
  readonly isAtomic: boolean;
  readonly decide: (image: MetadataImage, body: unknown, context: ControllerContext) => OperationResult<unknown>;
  /** The response that says the whole request failed. */
  readonly refuse: (error: ApiError, body: unknown) => unknown;
}

export const operationByKey: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [ApiKey.CreateTopics, atomic<CreateTopicsRequest>(createTopics, failedCreateTopics)],
  [ApiKey.DeleteTopics, atomic<DeleteTopicsRequest>(deleteTopics, failedDeleteTopics)],
  [ApiKey.AlterConfigs, atomic<AlterConfigsRequest>(alterConfigs, failedAlterConfigs)],
  [ApiKey.CreatePartitions, atomic<CreatePartitionsRequest>(createPartitions, failedCreatePartitions)],
  [ApiKey.ElectLeaders, divisible<ElectLeadersRequest>(electLeaders, failedElectLeaders)],
  [ApiKey.IncrementalAlterConfigs, atomic<IncrementalAlterConfigsRequest>(incrementalAlterConfigs, failedAlterConfigs)],
  [ApiKey.AlterPartition, divisible<AlterPartitionRequest>(alterPartition, failedAlterPartition)],
  [ApiKey.BrokerRegistration, divisible<BrokerRegistrationRequest>(brokerRegistration, failedBrokerRegistration)],
  [ApiKey.BrokerHeartbeat, divisible<BrokerHeartbeatRequest>(brokerHeartbeat, failedBrokerHeartbeat)],
  [ApiKey.UnregisterBroker, divisible<UnregisterBrokerRequest>(unregisterBroker, failedUnregisterBroker)],
  [ApiKey.AllocateProducerIds, atomic<AllocateProducerIdsRequest>(allocateProducerIds, failedAllocateProducerIds)],
  [ApiKey.AssignReplicasToDirs, divisible<AssignReplicasToDirsRequest>(assignReplicasToDirs, failedAssignReplicasToDirs)],
]);

/** Keys of the APIs that the active controller answers. */
export const controllerApiKeys: ReadonlySet<number> = new Set(operationByKey.keys());

type Decide<Request> = (image: MetadataImage, request: Request, context: ControllerContext) => OperationResult<unknown>;
type Refuse<Request> = (error: ApiError, request: Request) => unknown;

function atomic<Request>(decide: Decide<Request>, refuse: Refuse<Request>): Operation {
  return { ...divisible(decide, refuse), isAtomic: true };
}

/** The one place where a body gets the type that its key promises. */
function divisible<Request>(decide: Decide<Request>, refuse: Refuse<Request>): Operation {
  return {
    isAtomic: false,
    decide: (image, body, context) => decide(image, body as Request, context),
    refuse: (error, body) => refuse(error, body as Request),
  };
}
