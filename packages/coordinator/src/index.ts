/**
 * Consumer groups and committed offsets as state machines: one `GroupShard` for each partition of `__consumer_offsets`.
 *
 * Pure: requests, time and results of appends in; replies, appends and events out.
 */
export type { OffsetFetchOfGroup } from './messages.ts';
export { partitionFor } from './partition-for.ts';
export {
  defaultGroupConfig,
  type Append,
  type CoordinatorRecord,
  type DeletedTopic,
  type GroupConfig,
  type GroupCounts,
  type GroupOffset,
  type GroupEvent,
  type GroupShardOptions,
  type Now,
  type RequestContext,
  type TopicResolver,
} from './types.ts';
export type { GroupShardApi, Reply } from './shard-api.ts';
export { GroupShard } from './group-shard.ts';
export { offsetFetchGroupsOf, offsetFetchResponseOf } from './offsets/offset-fetch.ts';
export { maxTickIntervalMs } from './limits.ts';
