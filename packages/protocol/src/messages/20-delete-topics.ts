/**
 * DeleteTopics (api key 20): delete topics. Versions 1-6, flexible from 4.
 *
 * 3 may answer TOPIC_DELETION_DISABLED, 5 answers messages, 6 replaces the names by pairs of name or topic id.
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, message, nullable, since, string, until, uuid, withDefault } from '../schema.ts';

export const deleteTopicsRequest = message(
  { name: 'DeleteTopicsRequest', key: 20, versions: [1, 6], flexibleFrom: 4 },
  {
    topics: since(
      6,
      array({
        name: withDefault(nullable(string), null),
        topicId: uuid,
      }),
    ),
    topicNames: until(5, array(string)),
    timeoutMs: int32,
  },
);
export type DeleteTopicsRequest = Body<typeof deleteTopicsRequest>;
export type DeleteTopicsRequestDraft = Draft<typeof deleteTopicsRequest>;

export const deleteTopicsResponse = message(
  { name: 'DeleteTopicsResponse', key: 20, versions: [1, 6], flexibleFrom: 4 },
  {
    throttleTimeMs: int32,
    responses: array({
      name: nullable(string, 6),
      topicId: since(6, uuid),
      errorCode: int16,
      errorMessage: since(5, nullable(string), null),
    }),
  },
);
export type DeleteTopicsResponse = Body<typeof deleteTopicsResponse>;
export type DeleteTopicsResponseDraft = Draft<typeof deleteTopicsResponse>;
