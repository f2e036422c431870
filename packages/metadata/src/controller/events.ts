/**
 * Happenings that an operator wants to see, as data: the driver logs and counts them once the records are committed.
 */

import type { NodeId } from '@jackdaw/base';

export interface PartitionName {
  readonly topicId: string;
  readonly topicName: string;
  readonly partitionId: number;
}

export type ControllerEvent =
  | {
      readonly type: 'broker-registered';
      readonly brokerId: NodeId;
      readonly brokerEpoch: number;
      readonly cleanShutdown: boolean;
    }
  | { readonly type: 'broker-unregistered'; readonly brokerId: NodeId; readonly brokerEpoch: number }
  | { readonly type: 'broker-fenced'; readonly brokerId: NodeId; readonly brokerEpoch: number; readonly reason: FencingReason }
  | { readonly type: 'broker-unfenced'; readonly brokerId: NodeId; readonly brokerEpoch: number }
  | { readonly type: 'controlled-shutdown'; readonly brokerId: NodeId; readonly brokerEpoch: number }
  | { readonly type: 'log-dirs-offline'; readonly brokerId: NodeId; readonly directories: readonly string[] }
  | { readonly type: 'topic-created'; readonly topicId: string; readonly topicName: string; readonly partitionCount: number }
  | { readonly type: 'topic-deleted'; readonly topicId: string; readonly topicName: string }
  | (PartitionName & {
      readonly type: 'leader-elected';
      /** −1: the partition is offline. */
      readonly leader: NodeId;
      readonly previousLeader: NodeId;
      readonly leaderEpoch: number;
      /** Committed records may be lost; counted and logged apart (A23). */
      readonly unclean: boolean;
    })
  | (PartitionName & {
      readonly type: 'isr-shrunk' | 'isr-expanded';
      readonly isr: readonly NodeId[];
      readonly previousIsr: readonly NodeId[];
    });

export type FencingReason = 'session-expired' | 'stream-broken' | 'asked-to' | 'shutdown' | 'log-dirs-offline';
