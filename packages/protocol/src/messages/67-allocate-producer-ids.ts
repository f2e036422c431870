/**
 * AllocateProducerIds (api key 67): a block of producer ids for one broker. Version 0, flexible from 0.
 *
 * Not on the Kafka port: brokers send it to the controller over gRPC, in this encoding.
 */
import type { Body, Draft } from '../schema.ts';
import { int16, int32, int64, message, withDefault } from '../schema.ts';

export const allocateProducerIdsRequest = message(
  { name: 'AllocateProducerIdsRequest', key: 67, versions: [0, 0], flexibleFrom: 0 },
  {
    brokerId: int32,
    brokerEpoch: withDefault(int64, -1),
  },
);
export type AllocateProducerIdsRequest = Body<typeof allocateProducerIdsRequest>;
export type AllocateProducerIdsRequestDraft = Draft<typeof allocateProducerIdsRequest>;

export const allocateProducerIdsResponse = message(
  { name: 'AllocateProducerIdsResponse', key: 67, versions: [0, 0], flexibleFrom: 0 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    producerIdStart: int64,
    producerIdLen: int32,
  },
);
export type AllocateProducerIdsResponse = Body<typeof allocateProducerIdsResponse>;
export type AllocateProducerIdsResponseDraft = Draft<typeof allocateProducerIdsResponse>;
