/**
 * FindCoordinator v0–6: which broker coordinates a group, on the listener that the client came by; v4+ asks for many keys.
 *
 * The first client that asks brings `__consumer_offsets` into being and is told COORDINATOR_NOT_AVAILABLE until the
 * group's partition has a live leader. Gaps: there are no transactions, and a transactional producer must fail at once. Key
 * type 1 is therefore UNSUPPORTED_VERSION with a text in v4+ (Java shows it), but below that, where librdkafka asks and
 * tries every other code again for ever, TRANSACTIONAL_ID_AUTHORIZATION_FAILED, beside which librdkafka shows the text.
 * Key type 2 (share groups) is INVALID_REQUEST.
 */
import { aliveBrokers, internalTopics, type BrokerAddress } from '@jackdaw/metadata';
import { ApiKey, ErrorCode, errorName, findCoordinatorRequest, findCoordinatorResponse } from '@jackdaw/protocol';
import type { FindCoordinatorRequest, FindCoordinatorResponseDraft } from '@jackdaw/protocol';
import type { BrokerServices } from '../broker-services.ts';
import { defineHandler } from './handler.ts';
import { transactionsUnsupported } from './unsupported.ts';

const firstBatchedVersion = 4;
const keyTypes = { group: 0, transaction: 1 } as const;

interface Coordinator {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

export const findCoordinatorHandler = defineHandler({
  apiKey: ApiKey.FindCoordinator,
  request: findCoordinatorRequest,
  response: findCoordinatorResponse,
  handle: async (broker, request, { version, connection }) => {
    const keys = version >= firstBatchedVersion ? request.coordinatorKeys : [request.key];
    const refusal = refusalOf(request.keyType, version);
    if (refusal !== null) return toResponse(keys, version, () => refusal);
    if (broker.image().topicByName(internalTopics.consumerOffsets) === null) {
      await broker.topicCreation.create([internalTopics.consumerOffsets]);
    }
    const alive = new Map(aliveBrokers(broker.image(), connection.listenerName).map((address) => [address.brokerId, address]));
    return toResponse(keys, version, (groupId) => coordinatorOf(broker, groupId, alive));
  },
  refuse: (request, { errorCode, errorMessage }, { version }) => {
    const keys = version >= firstBatchedVersion ? request.coordinatorKeys : [request.key];
    return toResponse(keys, version, () => failed(errorCode, errorMessage));
  },
});

function refusalOf(keyType: FindCoordinatorRequest['keyType'], version: number): Coordinator | null {
  if (keyType === keyTypes.group) return null;
  if (keyType !== keyTypes.transaction) return failed(ErrorCode.INVALID_REQUEST);
  const { errorCode, errorMessage } = transactionsUnsupported;
  return failed(version >= firstBatchedVersion ? errorCode : ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, errorMessage);
}

function coordinatorOf(broker: BrokerServices, groupId: string, alive: ReadonlyMap<number, BrokerAddress>): Coordinator {
  const topic = broker.image().topicByName(internalTopics.consumerOffsets);
  const partition = broker.groups.partitionOf(groupId);
  if (topic === null || partition === null) return failed(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  const leader = alive.get(topic.partitions.get(partition)?.leader ?? -1);
  if (leader === undefined) return failed(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  const { brokerId: nodeId, host, port } = leader;
  return { errorCode: ErrorCode.NONE, errorMessage: null, nodeId, host, port };
}

function failed(errorCode: number, errorMessage: string = errorName(errorCode)): Coordinator {
  return { errorCode, errorMessage, nodeId: -1, host: '', port: -1 };
}

function toResponse(
  keys: readonly string[],
  version: number,
  coordinatorFor: (key: string) => Coordinator,
): FindCoordinatorResponseDraft {
  if (version >= firstBatchedVersion) return { coordinators: keys.map((key) => ({ key, ...coordinatorFor(key) })) };
  return coordinatorFor(keys[0] ?? '');
}
