/**
 * The payloads of the group protocol "consumer": what a member subscribes to, and what it is assigned.
 *
 * Clients put them, behind an int16 version, into the opaque bytes of JoinGroup and SyncGroup. A newer version than ours is
 * read as our newest, because new versions only append fields. 1 adds owned partitions (KIP-429), 2 the generation,
 * 3 the rack (KIP-881). Never flexible.
 */
import type { Body, Draft } from '../schema.ts';
import { array, bytes, int32, message, nullable, since, string, withDefault } from '../schema.ts';

export const consumerProtocolSubscription = message(
  { name: 'ConsumerProtocolSubscription', key: null, versions: [0, 3], flexibleFrom: null },
  {
    topics: array(string),
    userData: withDefault(nullable(bytes), null),
    ownedPartitions: since(
      1,
      array({
        topic: string,
        partitions: array(int32),
      }),
    ),
    generationId: since(2, int32, -1),
    rackId: since(3, nullable(string), null),
  },
);
export type ConsumerProtocolSubscription = Body<typeof consumerProtocolSubscription>;
export type ConsumerProtocolSubscriptionDraft = Draft<typeof consumerProtocolSubscription>;

export const consumerProtocolAssignment = message(
  { name: 'ConsumerProtocolAssignment', key: null, versions: [0, 3], flexibleFrom: null },
  {
    assignedPartitions: array({
      topic: string,
      partitions: array(int32),
    }),
    userData: withDefault(nullable(bytes), null),
  },
);
export type ConsumerProtocolAssignment = Body<typeof consumerProtocolAssignment>;
export type ConsumerProtocolAssignmentDraft = Draft<typeof consumerProtocolAssignment>;
