/**
 * CreatePartitions (api key 37): add partitions to topics. Versions 0-3, flexible from 2.
 *
 * The count is the new total. 3 may answer THROTTLING_QUOTA_EXCEEDED (KIP-599).
 */
import type { Body, Draft } from '../schema.ts';
import { array, boolean, int16, int32, message, nullable, string, withDefault } from '../schema.ts';

export const createPartitionsRequest = message(
  { name: 'CreatePartitionsRequest', key: 37, versions: [0, 3], flexibleFrom: 2 },
  {
    topics: array({
      name: string,
      count: int32,
      assignments: nullable(
        array({
          brokerIds: array(int32),
        }),
      ),
    }),
    timeoutMs: int32,
    validateOnly: boolean,
  },
);
export type CreatePartitionsRequest = Body<typeof createPartitionsRequest>;
export type CreatePartitionsRequestDraft = Draft<typeof createPartitionsRequest>;

export const createPartitionsResponse = message(
  { name: 'CreatePartitionsResponse', key: 37, versions: [0, 3], flexibleFrom: 2 },
  {
    throttleTimeMs: int32,
    results: array({
      name: string,
      errorCode: int16,
      errorMessage: withDefault(nullable(string), null),
    }),
  },
);
export type CreatePartitionsResponse = Body<typeof createPartitionsResponse>;
export type CreatePartitionsResponseDraft = Draft<typeof createPartitionsResponse>;
