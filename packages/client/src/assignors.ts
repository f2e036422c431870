/**
 * The two client-side assignors of the classic group protocol: range and roundrobin.
 *
 * Both are deterministic functions of the subscriptions and the partition counts, so that any member that is made leader
 * computes the same result. Rules: Kafka `RangeAssignor` (without racks) and `RoundRobinAssignor`.
 */
import type { TopicPartition } from './records.ts';

export interface MemberSubscription {
  readonly memberId: string;
  readonly topics: readonly string[];
}

/** Member id → its partitions; every member has an entry. */
export type GroupAssignment = Map<string, TopicPartition[]>;

export type AssignorName = 'range' | 'roundrobin';

export function assignPartitions(
  assignor: AssignorName,
  members: readonly MemberSubscription[],
  partitionCounts: ReadonlyMap<string, number>,
): GroupAssignment {
  const sorted = [...members].sort((a, b) => compareText(a.memberId, b.memberId));
  return assignor === 'range' ? assignRange(sorted, partitionCounts) : assignRoundRobin(sorted, partitionCounts);
}

/** Topic by topic: the first `partitions mod members` members get one partition more. */
function assignRange(members: readonly MemberSubscription[], partitionCounts: ReadonlyMap<string, number>): GroupAssignment {
  const assignment: GroupAssignment = new Map(members.map((member) => [member.memberId, []]));
  for (const topic of subscribedTopics(members)) {
    const subscribers = members.filter((member) => member.topics.includes(topic));
    const count = partitionCounts.get(topic) ?? 0;
    const each = Math.floor(count / subscribers.length);
    const larger = count % subscribers.length;
    let next = 0;
    subscribers.forEach((member, index) => {
      const end = next + each + (index < larger ? 1 : 0);
      for (; next < end; next++) assignment.get(member.memberId)?.push({ topic, partition: next });
    });
  }
  return assignment;
}

/** All partitions of all topics in order, dealt to the members in turn; a member that lacks the topic is passed over. */
function assignRoundRobin(members: readonly MemberSubscription[], partitionCounts: ReadonlyMap<string, number>): GroupAssignment {
  const assignment: GroupAssignment = new Map(members.map((member) => [member.memberId, []]));
  let turn = 0;
  for (const topic of subscribedTopics(members)) {
    for (let partition = 0; partition < (partitionCounts.get(topic) ?? 0); partition++) {
      while (members[turn % members.length]?.topics.includes(topic) !== true) turn++;
      assignment.get((members[turn % members.length] as MemberSubscription).memberId)?.push({ topic, partition });
      turn++;
    }
  }
  return assignment;
}

function subscribedTopics(members: readonly MemberSubscription[]): string[] {
  return [...new Set(members.flatMap((member) => member.topics))].sort(compareText);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
