/**
 * BrokerRegistration (api key 62): a broker enters the cluster. Versions 0-4, flexible from 0.
 *
 * Not on the Kafka port: brokers send it to the controller over gRPC, in this encoding. 2 adds log directories (KIP-858),
 * 3 the previous broker epoch, by which an unclean restart is noticed (KIP-966).
 */
import type { Body, Draft } from '../schema.ts';
import { array, boolean, int16, int32, int64, message, nullable, since, string, uint16, uuid, withDefault } from '../schema.ts';

export const brokerRegistrationRequest = message(
  { name: 'BrokerRegistrationRequest', key: 62, versions: [0, 4], flexibleFrom: 0 },
  {
    brokerId: int32,
    clusterId: string,
    incarnationId: uuid,
    listeners: array({
      name: string,
      host: string,
      port: uint16,
      securityProtocol: int16,
    }),
    features: array({
      name: string,
      minSupportedVersion: int16,
      maxSupportedVersion: int16,
    }),
    rack: nullable(string),
    isMigratingZkBroker: since(1, boolean, false),
    logDirs: since(2, array(uuid)),
    previousBrokerEpoch: since(3, int64, -1),
  },
);
export type BrokerRegistrationRequest = Body<typeof brokerRegistrationRequest>;
export type BrokerRegistrationRequestDraft = Draft<typeof brokerRegistrationRequest>;

export const brokerRegistrationResponse = message(
  { name: 'BrokerRegistrationResponse', key: 62, versions: [0, 4], flexibleFrom: 0 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    brokerEpoch: withDefault(int64, -1),
  },
);
export type BrokerRegistrationResponse = Body<typeof brokerRegistrationResponse>;
export type BrokerRegistrationResponseDraft = Draft<typeof brokerRegistrationResponse>;
