/**
 * Consumes as a member of a group, with the classic protocol: join, sync, heartbeat, commit, leave.
 *
 * Rebalances are eager: before joining again a member commits and gives up everything. All of that happens in the background
 * of `poll`, which hands out records of the current assignment only. Requests to the coordinator have a lane of their own,
 * because a join waits for the other members.
 */
import type { Timer } from '@jackdaw/base';
import { ErrorCode, type JoinGroupResponse } from '@jackdaw/protocol';
import { commitOffsets, fetchOffsets, readAssignment, type CommitMember } from './admin/groups.ts';
import { apis } from './apis.ts';
import { assignPartitions, type AssignorName } from './assignors.ts';
import type { Cluster } from './cluster.ts';
import { Consumer } from './consumer.ts';
import type { GroupConsumerOptions } from './consumer-options.ts';
import { expectSuccess, isRetriable, KafkaError } from './errors.ts';
import { decodeSubscription, encodeAssignment, encodeSubscription } from './group-protocol.ts';
import type { ClientPlatform } from './platform.ts';
import type { ConsumedRecord, TopicPartition } from './records.ts';
import { sleepUnlessAborted } from './sleep.ts';

let nextLane = 1;

/** Partitions of each topic of the group as one member saw them, by topic; those that it did not find are missing. */
interface Distributed {
  readonly topics: readonly string[];
  readonly counts: ReadonlyMap<string, number>;
  /** When they were last compared with what the brokers say. */
  comparedMs: number;
}

/** Coordinator answers after which the member has to join anew, under a new member id. */
const lostMembership: ReadonlySet<number> = new Set([ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION]);

export class GroupConsumer {
  readonly #cluster: Cluster;
  readonly #platform: ClientPlatform;
  readonly #options: GroupConsumerOptions;
  readonly #consumer: Consumer;
  readonly #lane = `group-${nextLane++}`;
  #memberId = '';
  #generationId = -1;
  #isMember = false;
  #needsJoin = true;
  #joining: Promise<void> | undefined;
  #heartbeatTimer: Timer | undefined;
  #lastCommitMs: number;
  /** What this member has distributed as the leader of the group; null while another one leads. */
  #distributed: Distributed | null = null;
  #failure: Error | undefined;
  #isClosed = false;

  constructor(cluster: Cluster, options: GroupConsumerOptions) {
    this.#cluster = cluster;
    this.#platform = cluster.options.platform;
    this.#lastCommitMs = this.#nowMs();
    this.#options = options;
    this.#consumer = new Consumer(cluster, options);
  }

  get assignment(): TopicPartition[] {
    return this.#consumer.assignment;
  }

  get memberId(): string {
    return this.#memberId;
  }

  get generationId(): number {
    return this.#generationId;
  }

  /** The next records; an empty list when `timeoutMs` has passed. Joining goes on in the background meanwhile. */
  async poll(timeoutMs: number): Promise<ConsumedRecord[]> {
    const deadlineMs = this.#nowMs() + timeoutMs;
    while (!this.#isClosed) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#needsJoin || this.#joining !== undefined) {
        if (!(await this.#joinUntil(deadlineMs))) return [];
        continue;
      }
      await this.#maybeAutoCommit();
      if (this.#needsJoin) continue;
      const records = await this.#consumer.poll(Math.max(0, deadlineMs - this.#nowMs()));
      if (records.length > 0 || this.#nowMs() >= deadlineMs) return records;
    }
    return [];
  }

  /** Commits what `poll` has returned. Throws KafkaError when the group has moved on. */
  async commit(): Promise<void> {
    this.#lastCommitMs = this.#nowMs();
    const offsets = this.#consumer.assignment.flatMap(({ topic, partition }) => {
      const offset = this.#consumer.position(topic, partition);
      return offset === undefined ? [] : [{ topic, partition, offset }];
    });
    if (offsets.length === 0 || !this.#isMember) return;
    const member: CommitMember = {
      memberId: this.#memberId,
      generationId: this.#generationId,
      groupInstanceId: this.#options.groupInstanceId ?? null,
    };
    const outcomes = await commitOffsets(this.#cluster, this.#options.groupId, { offsets, member, lane: this.#lane });
    for (const { error } of outcomes) {
      if (error === undefined) continue;
      this.#onGroupError(error.code);
      throw error;
    }
  }

  /** Makes a waiting `poll` return. */
  interrupt(): void {
    this.#consumer.interrupt();
  }

  /** Commits (with autoCommit), leaves the group, and stops. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#heartbeatTimer?.cancel();
    if (this.#options.autoCommit !== false) await this.commit().catch(() => undefined);
    if (this.#isMember && this.#options.groupInstanceId === undefined) await this.#leave().catch(() => undefined);
    this.#cluster.closeLane(this.#lane);
    await this.#consumer.close();
  }

  /** Waits for the join in progress, or starts one. False when the deadline came first. */
  async #joinUntil(deadlineMs: number): Promise<boolean> {
    this.#joining ??= this.#rejoin()
      .catch((error: unknown) => {
        if (!this.#isClosed) this.#failure = error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => {
        this.#joining = undefined;
      });
    let timer: Timer | undefined;
    const timeout = new Promise<false>((resolve) => {
      timer = this.#platform.scheduler.setTimer(Math.max(0, deadlineMs - this.#nowMs()), () => resolve(false));
    });
    const isDone = await Promise.race([this.#joining.then(() => true as const), timeout]);
    timer?.cancel();
    return isDone;
  }

  async #rejoin(): Promise<void> {
    this.#heartbeatTimer?.cancel();
    await this.#giveUpPartitions();
    const deadlineMs = this.#rebalanceTimeoutMs + this.#cluster.options.deadlineMs;
    const partitions = await this.#cluster.retrying(() => this.#joinUntilAccepted(), {
      what: `join group ${this.#options.groupId}`,
      deadlineMs,
    });
    if (this.#isClosed) return;
    await this.#takePartitions(partitions);
    this.#scheduleHeartbeat();
    this.#options.onAssigned?.(partitions);
  }

  async #giveUpPartitions(): Promise<void> {
    const held = this.#consumer.assignment;
    if (held.length === 0) return;
    if (this.#isMember && this.#options.autoCommit !== false) await this.commit().catch(() => undefined);
    this.#options.onRevoked?.(held);
    this.#consumer.assign([]);
  }

  async #takePartitions(partitions: readonly TopicPartition[]): Promise<void> {
    const committed = await fetchOffsets(this.#cluster, this.#options.groupId, partitions);
    this.#consumer.assign(
      partitions.map(({ topic, partition }) => {
        const found = committed.find((one) => one.topic === topic && one.partition === partition);
        const reset = this.#options.autoOffsetReset ?? 'latest';
        if (found === undefined && reset === 'none') {
          throw new KafkaError(
            ErrorCode.OFFSET_OUT_OF_RANGE,
            `group ${this.#options.groupId} has no offset for ${topic}-${partition}`,
          );
        }
        return { topic, partition, start: found?.offset ?? (reset === 'earliest' ? 'earliest' : 'latest') };
      }),
    );
  }

  #nowMs(): number {
    return this.#platform.clock.monotonicMs();
  }

  get #rebalanceTimeoutMs(): number {
    return this.#options.rebalanceTimeoutMs ?? 300_000;
  }

  /** Joins again as often as the group moves on while we are joining; other failures are the caller's. */
  async #joinUntilAccepted(): Promise<TopicPartition[]> {
    for (let attempts = 0; ; attempts++) {
      if (this.#isClosed) throw new RangeError('the consumer is closed');
      try {
        return await this.#joinOnce();
      } catch (error) {
        const isOvertaken =
          error instanceof KafkaError && (lostMembership.has(error.code) || error.code === ErrorCode.REBALANCE_IN_PROGRESS);
        if (!isOvertaken) throw error;
        await sleepUnlessAborted(this.#platform.scheduler, this.#cluster.backoffMs(attempts), undefined);
      }
    }
  }

  /** One join and sync; the partitions that this member got. Throws retriable errors for what is worth another try. */
  async #joinOnce(): Promise<TopicPartition[]> {
    const nodeId = await this.#coordinator();
    const assignors = this.#options.assignors ?? ['range', 'roundrobin'];
    const metadata = encodeSubscription(this.#options.topics);
    const draft = {
      groupId: this.#options.groupId,
      sessionTimeoutMs: this.#options.sessionTimeoutMs ?? 45_000,
      rebalanceTimeoutMs: this.#rebalanceTimeoutMs,
      memberId: this.#memberId,
      groupInstanceId: this.#options.groupInstanceId ?? null,
      protocolType: 'consumer',
      protocols: assignors.map((name) => ({ name, metadata })),
    };
    const timeoutMs = this.#rebalanceTimeoutMs + 5_000;
    const joined = await this.#cluster.callNode(nodeId, apis.joinGroup, draft, { lane: this.#lane, timeoutMs });
    if (joined.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
      this.#memberId = joined.memberId;
      return this.#joinOnce();
    }
    this.#expectInGroup(joined.errorCode);
    this.#memberId = joined.memberId;
    this.#generationId = joined.generationId;
    this.#isMember = true;
    return this.#sync(nodeId, joined);
  }

  async #sync(nodeId: number, joined: JoinGroupResponse): Promise<TopicPartition[]> {
    const isLeader = joined.leader === this.#memberId;
    const assignments = isLeader ? await this.#computeAssignments(joined) : [];
    if (!isLeader) this.#distributed = null;
    const synced = await this.#cluster.callNode(
      nodeId,
      apis.syncGroup,
      {
        groupId: this.#options.groupId,
        generationId: this.#generationId,
        memberId: this.#memberId,
        groupInstanceId: this.#options.groupInstanceId ?? null,
        protocolType: 'consumer',
        protocolName: joined.protocolName,
        // A static member that came back as the leader finds the assignments made.
        assignments: joined.skipAssignment ? [] : assignments,
      },
      { lane: this.#lane, timeoutMs: this.#rebalanceTimeoutMs + 5_000 },
    );
    this.#expectInGroup(synced.errorCode);
    this.#needsJoin = false;
    return readAssignment(synced.assignment);
  }

  async #computeAssignments(joined: JoinGroupResponse): Promise<{ memberId: string; assignment: Uint8Array }[]> {
    const members = joined.members.map(({ memberId, metadata }) => ({ memberId, topics: decodeSubscription(metadata) }));
    const topics = [...new Set(members.flatMap((member) => member.topics))];
    const counts = await this.#countPartitions(topics);
    this.#distributed = { topics, counts, comparedMs: this.#nowMs() };
    const assignor: AssignorName = joined.protocolName === 'roundrobin' ? 'roundrobin' : 'range';
    const assignment = assignPartitions(assignor, members, counts);
    return [...assignment].map(([memberId, partitions]) => ({ memberId, assignment: encodeAssignment(partitions) }));
  }

  async #countPartitions(topics: readonly string[]): Promise<Map<string, number>> {
    const metadata = await this.#cluster.fetchMetadata(topics);
    const found = metadata.topics.filter((topic) => topic.errorCode === 0);
    return new Map(found.map((topic) => [topic.name, topic.partitions.length]));
  }

  /**
   * Topics that come late or grow are nobody's until the leader of the group joins again (as Kafka's consumer does, when its
   * metadata is refreshed). One that was not found is looked for at each heartbeat.
   */
  async #compareTopics(): Promise<void> {
    const distributed = this.#distributed;
    if (distributed === null) return;
    const isComplete = distributed.topics.every((name) => distributed.counts.has(name));
    const isDue = this.#nowMs() - distributed.comparedMs >= this.#cluster.options.metadataMaxAgeMs;
    if (isComplete && !isDue) return;
    const counts = await this.#countPartitions(distributed.topics);
    if (this.#distributed !== distributed) return;
    distributed.comparedMs = this.#nowMs();
    if (distributed.topics.some((name) => counts.get(name) !== distributed.counts.get(name))) this.#needsJoin = true;
  }

  /** Throws unless the coordinator accepted us; a lost membership is forgotten first, so that the retry joins anew. */
  #expectInGroup(errorCode: number): void {
    this.#onGroupError(errorCode);
    expectSuccess(errorCode);
  }

  #onGroupError(errorCode: number): void {
    if (errorCode === ErrorCode.REBALANCE_IN_PROGRESS) this.#needsJoin = true;
    else if (lostMembership.has(errorCode)) {
      if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) this.#memberId = '';
      this.#isMember = false;
      this.#generationId = -1;
      this.#needsJoin = true;
    } else if (errorCode === ErrorCode.NOT_COORDINATOR || errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE) {
      this.#cluster.forgetCoordinator('group', this.#options.groupId);
    }
  }

  #coordinator(): Promise<number> {
    return this.#cluster.coordinatorOf('group', this.#options.groupId);
  }

  #scheduleHeartbeat(): void {
    this.#heartbeatTimer?.cancel();
    if (this.#isClosed) return;
    this.#heartbeatTimer = this.#platform.scheduler.setTimer(this.#options.heartbeatIntervalMs ?? 3_000, () => {
      void this.#heartbeat().finally(() => {
        if (this.#needsJoin || this.#failure !== undefined) this.#consumer.interrupt();
        else this.#scheduleHeartbeat();
      });
    });
  }

  async #heartbeat(): Promise<void> {
    try {
      const draft = {
        groupId: this.#options.groupId,
        generationId: this.#generationId,
        memberId: this.#memberId,
        groupInstanceId: this.#options.groupInstanceId ?? null,
      };
      const body = await this.#cluster.callNode(await this.#coordinator(), apis.heartbeat, draft, { lane: this.#lane });
      if (body.errorCode === 0) return await this.#compareTopics();
      this.#onGroupError(body.errorCode);
      const error = new KafkaError(body.errorCode);
      if (!this.#needsJoin && !error.isRetriable) this.#failure = error;
    } catch (error) {
      this.#cluster.forgetCoordinator('group', this.#options.groupId);
      if (!isRetriable(error) && !this.#isClosed) this.#failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  async #maybeAutoCommit(): Promise<void> {
    if (this.#options.autoCommit === false) return;
    if (this.#nowMs() - this.#lastCommitMs < (this.#options.autoCommitIntervalMs ?? 5_000)) return;
    try {
      await this.commit();
    } catch (error) {
      if (!this.#needsJoin && !isRetriable(error)) throw error;
    }
  }

  async #leave(): Promise<void> {
    const { groupId, groupInstanceId } = this.#options;
    const member = { memberId: this.#memberId, groupInstanceId: groupInstanceId ?? null, reason: 'the consumer was closed' };
    await this.#cluster.callNode(
      await this.#coordinator(),
      apis.leaveGroup,
      { groupId, memberId: this.#memberId, members: [member] },
      { lane: this.#lane, timeoutMs: 5_000 },
    );
    this.#isMember = false;
  }
}
