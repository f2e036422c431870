/**
 * Names for the parts of requests and responses that the operations of a group coordinator speak of.
 *
 * The messages themselves are tables of `@jackdaw/protocol`; a body has every field, whatever the version of the request.
 */
import type {
  DeleteGroupsResponse,
  DescribeGroupsResponse,
  JoinGroupRequest,
  JoinGroupResponse,
  LeaveGroupRequest,
  LeaveGroupResponse,
  ListGroupsResponse,
  OffsetCommitRequest,
  OffsetCommitResponse,
  OffsetFetchRequest,
  OffsetFetchResponse,
} from '@jackdaw/protocol';

export type {
  HeartbeatRequest,
  HeartbeatResponse,
  JoinGroupRequest,
  JoinGroupResponse,
  LeaveGroupRequest,
  LeaveGroupResponse,
  ListGroupsRequest,
  OffsetCommitRequest,
  OffsetCommitResponse,
  OffsetDeleteRequest,
  OffsetDeleteResponse,
  OffsetFetchRequest,
  OffsetFetchResponse,
  SyncGroupRequest,
  SyncGroupResponse,
} from '@jackdaw/protocol';

export type JoinGroupProtocol = JoinGroupRequest['protocols'][number];
export type JoinGroupResponseMember = JoinGroupResponse['members'][number];
export type LeaveGroupMember = LeaveGroupRequest['members'][number];
export type LeaveGroupMemberResponse = LeaveGroupResponse['members'][number];
export type OffsetCommitRequestTopic = OffsetCommitRequest['topics'][number];
export type OffsetCommitResponseTopic = OffsetCommitResponse['topics'][number];
export type OffsetFetchRequestGroup = OffsetFetchRequest['groups'][number];
export type OffsetFetchResponseGroup = OffsetFetchResponse['groups'][number];
export type OffsetFetchResponseTopic = OffsetFetchResponseGroup['topics'][number];
export type OffsetFetchResponsePartition = OffsetFetchResponseTopic['partitions'][number];
export type DescribedGroup = DescribeGroupsResponse['groups'][number];
export type DescribedGroupMember = DescribedGroup['members'][number];
export type ListedGroup = ListGroupsResponse['groups'][number];
export type DeletableGroupResult = DeleteGroupsResponse['results'][number];

/** An OffsetFetch of one group; `offsetFetchGroupsOf` splits a request for many. */
export interface OffsetFetchOfGroup {
  readonly group: OffsetFetchRequestGroup;
  readonly requireStable: boolean;
}
