/**
 * UnregisterBroker (api key 64): remove a broker from the cluster. Version 0, flexible from 0.
 *
 * For brokers that are gone for good (KIP-500).
 */
import type { Body, Draft } from '../schema.ts';
import { int16, int32, message, nullable, string } from '../schema.ts';

export const unregisterBrokerRequest = message(
  { name: 'UnregisterBrokerRequest', key: 64, versions: [0, 0], flexibleFrom: 0 },
  {
    brokerId: int32,
  },
);
export type UnregisterBrokerRequest = Body<typeof unregisterBrokerRequest>;
export type UnregisterBrokerRequestDraft = Draft<typeof unregisterBrokerRequest>;

export const unregisterBrokerResponse = message(
  { name: 'UnregisterBrokerResponse', key: 64, versions: [0, 0], flexibleFrom: 0 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: nullable(string),
  },
);
export type UnregisterBrokerResponse = Body<typeof unregisterBrokerResponse>;
export type UnregisterBrokerResponseDraft = Draft<typeof unregisterBrokerResponse>;
