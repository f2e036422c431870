/**
 * The keys of the APIs that this broker serves to clients, in order. handlers.ts has one handler for each (a test
 * compares both); a list of its own, because the ApiVersions handler is one of them.
 */
import { ApiKey } from '@jackdaw/protocol';

export const servedApiKeys: readonly ApiKey[] = [
  ApiKey.Produce,
  ApiKey.Fetch,
  ApiKey.ListOffsets,
  ApiKey.Metadata,
  ApiKey.OffsetCommit,
  ApiKey.OffsetFetch,
  ApiKey.FindCoordinator,
  ApiKey.JoinGroup,
  ApiKey.Heartbeat,
  ApiKey.LeaveGroup,
  ApiKey.SyncGroup,
  ApiKey.DescribeGroups,
  ApiKey.ListGroups,
  ApiKey.ApiVersions,
  ApiKey.CreateTopics,
  ApiKey.DeleteTopics,
  ApiKey.DeleteRecords,
  ApiKey.InitProducerId,
  ApiKey.OffsetForLeaderEpoch,
  ApiKey.DescribeConfigs,
  ApiKey.AlterConfigs,
  ApiKey.DescribeLogDirs,
  ApiKey.CreatePartitions,
  ApiKey.DeleteGroups,
  ApiKey.ElectLeaders,
  ApiKey.IncrementalAlterConfigs,
  ApiKey.OffsetDelete,
  ApiKey.DescribeQuorum,
  ApiKey.DescribeCluster,
  ApiKey.UnregisterBroker,
  ApiKey.ListConfigResources,
  ApiKey.DescribeTopicPartitions,
];
