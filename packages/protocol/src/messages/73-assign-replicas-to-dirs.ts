/**
 * AssignReplicasToDirs (api key 73): a broker says in which log directories its replicas are. Version 0, flexible from 0.
 *
 * Not on the Kafka port: brokers send it to the controller over gRPC, in this encoding. A directory that is not online
 * means that the replica there cannot be used (KIP-858).
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, int64, message, uuid, withDefault } from '../schema.ts';

export const assignReplicasToDirsRequest = message(
  { name: 'AssignReplicasToDirsRequest', key: 73, versions: [0, 0], flexibleFrom: 0 },
  {
    brokerId: int32,
    brokerEpoch: withDefault(int64, -1),
    directories: array({
      id: uuid,
      topics: array({
        topicId: uuid,
        partitions: array({ partitionIndex: int32 }),
      }),
    }),
  },
);
export type AssignReplicasToDirsRequest = Body<typeof assignReplicasToDirsRequest>;
export type AssignReplicasToDirsRequestDraft = Draft<typeof assignReplicasToDirsRequest>;

export const assignReplicasToDirsResponse = message(
  { name: 'AssignReplicasToDirsResponse', key: 73, versions: [0, 0], flexibleFrom: 0 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    directories: array({
      id: uuid,
      topics: array({
        topicId: uuid,
        partitions: array({ partitionIndex: int32, errorCode: int16 }),
      }),
    }),
  },
);
export type AssignReplicasToDirsResponse = Body<typeof assignReplicasToDirsResponse>;
export type AssignReplicasToDirsResponseDraft = Draft<typeof assignReplicasToDirsResponse>;
