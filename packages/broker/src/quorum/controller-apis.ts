/**
 * The operations of the controller and the version in which each travels between brokers.
 *
 * Brokers of one cluster speak the newest version to each other; a client's version ends at its own broker.
 */
import {
  allocateProducerIdsRequest,
  allocateProducerIdsResponse,
  alterConfigsRequest,
  alterConfigsResponse,
  alterPartitionRequest,
  alterPartitionResponse,
  ApiKey,
  assignReplicasToDirsRequest,
  assignReplicasToDirsResponse,
  brokerHeartbeatRequest,
  brokerHeartbeatResponse,
  brokerRegistrationRequest,
  brokerRegistrationResponse,
  createPartitionsRequest,
  createPartitionsResponse,
  createTopicsRequest,
  createTopicsResponse,
  deleteTopicsRequest,
  deleteTopicsResponse,
  describeQuorumRequest,
  describeQuorumResponse,
  electLeadersRequest,
  electLeadersResponse,
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
  unregisterBrokerRequest,
  unregisterBrokerResponse,
  type MessageSchema,
} from '@jackdaw/protocol';
import type { ControllerApi } from './controller-client.ts';

function api<RequestDraft, Response>(
  apiKey: number,
  request: MessageSchema<unknown, RequestDraft>,
  response: MessageSchema<Response>,
): ControllerApi<RequestDraft, Response> {
  return { apiKey, apiVersion: request.versions[1], request, response };
}

export const controllerApis = {
  createTopics: api(ApiKey.CreateTopics, createTopicsRequest, createTopicsResponse),
  deleteTopics: api(ApiKey.DeleteTopics, deleteTopicsRequest, deleteTopicsResponse),
  createPartitions: api(ApiKey.CreatePartitions, createPartitionsRequest, createPartitionsResponse),
  alterConfigs: api(ApiKey.AlterConfigs, alterConfigsRequest, alterConfigsResponse),
  incrementalAlterConfigs: api(ApiKey.IncrementalAlterConfigs, incrementalAlterConfigsRequest, incrementalAlterConfigsResponse),
  electLeaders: api(ApiKey.ElectLeaders, electLeadersRequest, electLeadersResponse),
  alterPartition: api(ApiKey.AlterPartition, alterPartitionRequest, alterPartitionResponse),
  brokerRegistration: api(ApiKey.BrokerRegistration, brokerRegistrationRequest, brokerRegistrationResponse),
  brokerHeartbeat: api(ApiKey.BrokerHeartbeat, brokerHeartbeatRequest, brokerHeartbeatResponse),
  unregisterBroker: api(ApiKey.UnregisterBroker, unregisterBrokerRequest, unregisterBrokerResponse),
  /** Answered by the quorum's leader beside the controller. */
  describeQuorum: api(ApiKey.DescribeQuorum, describeQuorumRequest, describeQuorumResponse),
  allocateProducerIds: api(ApiKey.AllocateProducerIds, allocateProducerIdsRequest, allocateProducerIdsResponse),
  assignReplicasToDirs: api(ApiKey.AssignReplicasToDirs, assignReplicasToDirsRequest, assignReplicasToDirsResponse),
};

/** Schemas by key, for the controller's side of the stream. */
export const controllerSchemas: ReadonlyMap<number, { request: MessageSchema; response: MessageSchema }> = new Map(
  Object.values(controllerApis).map(({ apiKey, request, response }) => [apiKey, { request, response }]),
);
