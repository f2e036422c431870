/**
 * BrokerHeartbeat (api key 63): a broker is alive, and wants fencing or shutdown. Versions 0-2, flexible from 0.
 *
 * Not on the Kafka port: brokers send it to the controller over gRPC, in this encoding. 1 adds failed log directories
 * (KIP-858), 2 cordoned ones.
 */
import type { Body, Draft } from '../schema.ts';
import { array, boolean, int16, int32, int64, message, nullable, since, tagged, uuid, withDefault } from '../schema.ts';

export const brokerHeartbeatRequest = message(
  { name: 'BrokerHeartbeatRequest', key: 63, versions: [0, 2], flexibleFrom: 0 },
  {
    brokerId: int32,
    brokerEpoch: withDefault(int64, -1),
    currentMetadataOffset: int64,
    wantFence: boolean,
    wantShutDown: boolean,
    offlineLogDirs: tagged(0, since(1, array(uuid))),
    cordonedLogDirs: tagged(1, since(2, nullable(array(uuid)), null)),
  },
);
export type BrokerHeartbeatRequest = Body<typeof brokerHeartbeatRequest>;
export type BrokerHeartbeatRequestDraft = Draft<typeof brokerHeartbeatRequest>;

export const brokerHeartbeatResponse = message(
  { name: 'BrokerHeartbeatResponse', key: 63, versions: [0, 2], flexibleFrom: 0 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    isCaughtUp: withDefault(boolean, false),
    isFenced: withDefault(boolean, true),
    shouldShutDown: boolean,
  },
);
export type BrokerHeartbeatResponse = Body<typeof brokerHeartbeatResponse>;
export type BrokerHeartbeatResponseDraft = Draft<typeof brokerHeartbeatResponse>;
