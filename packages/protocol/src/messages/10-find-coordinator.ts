/**
 * FindCoordinator (api key 10): which broker coordinates a group or transaction. Versions 0-6, flexible from 3.
 *
 * 1 adds the key type (0 group, 1 transaction, 2 share group), 4 asks for many keys at once in place of one (KIP-699),
 * 5 may answer TRANSACTION_ABORTABLE, 6 knows share groups (KIP-932).
 */
import type { Body, Draft } from '../schema.ts';
import { array, between, int16, int32, int8, message, nullable, since, string, until } from '../schema.ts';

export const findCoordinatorRequest = message(
  { name: 'FindCoordinatorRequest', key: 10, versions: [0, 6], flexibleFrom: 3 },
  {
    key: until(3, string),
    /** 0 group, 1 transactional id, 2 share group partition. */
    keyType: since(1, int8, 0),
    coordinatorKeys: since(4, array(string)),
  },
);
export type FindCoordinatorRequest = Body<typeof findCoordinatorRequest>;
export type FindCoordinatorRequestDraft = Draft<typeof findCoordinatorRequest>;

export const findCoordinatorResponse = message(
  { name: 'FindCoordinatorResponse', key: 10, versions: [0, 6], flexibleFrom: 3 },
  {
    throttleTimeMs: since(1, int32),
    errorCode: until(3, int16),
    errorMessage: between([1, 3], nullable(string)),
    nodeId: until(3, int32),
    host: until(3, string),
    port: until(3, int32),
    coordinators: since(
      4,
      array({
        key: string,
        nodeId: int32,
        host: string,
        port: int32,
        errorCode: int16,
        errorMessage: nullable(string),
      }),
    ),
  },
);
export type FindCoordinatorResponse = Body<typeof findCoordinatorResponse>;
export type FindCoordinatorResponseDraft = Draft<typeof findCoordinatorResponse>;
