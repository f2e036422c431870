/**
 * A classic consumer group: its members, its generation and the state it is in (Kafka's ClassicGroup).
 *
 *   Empty → PreparingRebalance → CompletingRebalance → Stable, and back to PreparingRebalance when membership changes.
 *
 * This class keeps the tables consistent and answers parked requests; when to move from one state to the next is decided
 * in `rebalance.ts` and in one file for each request. Members are kept in the order in which they came.
 */
import { ErrorCode } from '@jackdaw/protocol';
import { assert, expectDefined, sometimes } from '@jackdaw/base';
import { consumerProtocolType, subscribedTopicsOf } from '../consumer-protocol.ts';
import type { Deadline, Deadlines } from '../deadlines.ts';
import type { JoinGroupProtocol, JoinGroupResponse, JoinGroupResponseMember, SyncGroupResponse } from '../messages.ts';
import { joinGroupError, syncGroupError } from '../responses.ts';
import type { Reply } from '../shard-api.ts';
import type { CoordinatorRecord } from '../types.ts';
import { type ClassicMember, metadataFor } from './member.ts';

export type ClassicState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

const validPreviousStates: Readonly<Record<ClassicState, readonly ClassicState[]>> = {
  // From Dead only when the deletion of the group could not be written.
  Empty: ['PreparingRebalance', 'Dead'],
  PreparingRebalance: ['Stable', 'CompletingRebalance', 'Empty'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
  Dead: ['Stable', 'PreparingRebalance', 'CompletingRebalance', 'Empty', 'Dead'],
};

interface LoadedFrom {
  readonly record: CoordinatorRecord;
}

export class ClassicGroup {
  readonly groupId: string;
  state: ClassicState = 'Empty';
  previousState: ClassicState = 'Dead';
  /** Wall clock of the last change of state; null in records of an old format. */
  stateTimestampMs: number | null;
  /** Null for a group that only stores offsets. */
  protocolType: string | null = null;
  /** The protocol that all members of this generation speak; not null in CompletingRebalance and Stable. */
  protocolName: string | null = null;
  generationId = 0;
  leaderId: string | null = null;
  /** Member ids given out with MEMBER_ID_REQUIRED, until their owners join with them or time runs out. */
  readonly pendingMembers = new Map<string, Deadline>();
  /** Members of this generation that have not asked for their assignment; subset of the members. */
  readonly pendingSync = new Set<string>();
  /** Null when unknown: not a consumer group, or a subscription that does not parse. */
  subscribedTopics: ReadonlySet<string> | null = null;
  /** Someone joined since the initial delay was last extended. */
  isNewMemberAdded = false;
  /** Until a record of the group is committed, DescribeGroups and ListGroups do not know it. */
  isCommitted = false;
  /** The last metadata record that is committed, and the last that was submitted, for snapshots; null for none. */
  committedRecord: CoordinatorRecord | null = null;
  latestRecord: CoordinatorRecord | null = null;
  /** Fires when the time to join, or one step of the initial delay, is over; `onJoinDeadline` says what then. */
  readonly joinDeadline: Deadline;
  onJoinDeadline: () => void = () => {};
  /** Fires when the time to sync is over. */
  readonly syncDeadline: Deadline;
  onSyncDeadline: () => void = () => {};
  readonly #members = new Map<string, ClassicMember>();
  /** groupInstanceId → memberId. */
  readonly #staticMembers = new Map<string, string>();
  /** How many members offer a protocol, by its name. */
  readonly #supporters = new Map<string, number>();
  #awaitingJoin = 0;

  constructor(options: { readonly groupId: string; readonly wallMs: number | null; readonly deadlines: Deadlines }) {
    this.groupId = options.groupId;
    this.stateTimestampMs = options.wallMs;
    this.joinDeadline = options.deadlines.create(() => this.onJoinDeadline());
    this.syncDeadline = options.deadlines.create(() => this.onSyncDeadline());
  }

  get members(): ReadonlyMap<string, ClassicMember> {
    return this.#members;
  }

  /** Members whose JoinGroup is parked here. */
  get awaitingJoinCount(): number {
    return this.#awaitingJoin;
  }

  isLeader(memberId: string): boolean {
    return this.leaderId === memberId;
  }

  staticMemberId(groupInstanceId: string): string | null {
    return this.#staticMembers.get(groupInstanceId) ?? null;
  }

  hasAllMembersJoined(): boolean {
    return this.#members.size === this.#awaitingJoin && this.pendingMembers.size === 0;
  }

  /** The longest of the members' rebalance timeouts, in ms. */
  rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const member of this.#members.values()) longest = Math.max(longest, member.rebalanceTimeoutMs);
    return longest;
  }

  usesConsumerProtocol(): boolean {
    return this.protocolType === consumerProtocolType;
  }

  /** When in doubt, yes: the offsets of a subscribed topic are not to be removed. */
  isSubscribedTo(topic: string): boolean {
    return this.subscribedTopics?.has(topic) ?? this.usesConsumerProtocol();
  }

  transitionTo(state: ClassicState, wallMs: number): void {
    assert(validPreviousStates[state].includes(this.state), `group ${this.groupId} cannot go from ${this.state} to ${state}`);
    this.previousState = this.state;
    this.state = state;
    this.stateTimestampMs = wallMs;
  }

  /** 0, or the error of a request in the name of this member. */
  validateMember(memberId: string, groupInstanceId: string | null): number {
    if (groupInstanceId !== null) {
      const current = this.staticMemberId(groupInstanceId);
      if (current === null) return ErrorCode.UNKNOWN_MEMBER_ID;
      if (current !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
    }
    return this.#members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
  }

  /** Whether a member with these protocols could be added: some protocol is common to all. */
  supportsProtocols(protocolType: string, protocols: readonly JoinGroupProtocol[]): boolean {
    if (this.state === 'Empty') return protocolType !== '' && protocols.length > 0;
    return (
      this.protocolType === protocolType && protocols.some(({ name }) => (this.#supporters.get(name) ?? 0) === this.#members.size)
    );
  }

  /** Adds a member; the first one gives the group its protocol type and becomes its leader. */
  add(member: ClassicMember): void {
    assert(!this.#members.has(member.memberId), `member ${member.memberId} is in group ${this.groupId} already`);
    if (this.#members.size === 0) this.protocolType = member.protocolType;
    assert(this.protocolType === member.protocolType, `protocol type of group ${this.groupId} differs from its member's`);
    if (member.groupInstanceId !== null) {
      assert(!this.#staticMembers.has(member.groupInstanceId), `static member of group ${this.groupId} added twice`);
      this.#staticMembers.set(member.groupInstanceId, member.memberId);
    }
    this.leaderId ??= member.memberId;
    this.#put(member);
    this.removePendingMember(member.memberId);
  }

  /** Removes a member and answers what it waits for with UNKNOWN_MEMBER_ID, so that a live one joins anew. */
  remove(memberId: string): void {
    this.removePendingMember(memberId);
    this.pendingSync.delete(memberId);
    const member = this.#members.get(memberId);
    if (member === undefined) return;
    this.answerJoin(member, joinGroupError(ErrorCode.UNKNOWN_MEMBER_ID));
    this.answerSync(member, syncGroupError(ErrorCode.UNKNOWN_MEMBER_ID));
    member.session.cancel();
    this.#take(member);
    if (member.groupInstanceId !== null) this.#staticMembers.delete(member.groupInstanceId);
    if (this.leaderId === memberId) this.leaderId = this.#members.keys().next().value ?? null;
  }

  /** Puts another member in the place of a static one: same instance id, new member id. What the old one waits for is fenced. */
  replaceStaticMember(oldMember: ClassicMember, newMember: ClassicMember): void {
    const groupInstanceId = expectDefined(newMember.groupInstanceId, 'a static member has an instance id');
    assert(this.#members.get(oldMember.memberId) === oldMember, `no member ${oldMember.memberId} to replace`);
    this.answerJoin(oldMember, joinGroupError(ErrorCode.FENCED_INSTANCE_ID, oldMember.memberId));
    this.answerSync(oldMember, syncGroupError(ErrorCode.FENCED_INSTANCE_ID));
    oldMember.session.cancel();
    this.#take(oldMember);
    this.#put(newMember);
    // The old id is no member any more: nobody may wait for it to sync.
    if (this.pendingSync.delete(oldMember.memberId)) this.pendingSync.add(newMember.memberId);
    if (this.leaderId === oldMember.memberId) this.leaderId = newMember.memberId;
    this.#staticMembers.set(groupInstanceId, newMember.memberId);
  }

  updateMember(
    member: ClassicMember,
    update: Pick<ClassicMember, 'protocols' | 'rebalanceTimeoutMs' | 'sessionTimeoutMs'>,
  ): void {
    this.#countProtocols(member, -1);
    member.protocols = update.protocols;
    this.#countProtocols(member, 1);
    member.rebalanceTimeoutMs = update.rebalanceTimeoutMs;
    member.sessionTimeoutMs = update.sessionTimeoutMs;
  }

  removePendingMember(memberId: string): void {
    this.pendingMembers.get(memberId)?.cancel();
    this.pendingMembers.delete(memberId);
  }

  /** Parks a JoinGroup. One that waits already came over a connection that its client gave up. */
  parkJoin(member: ClassicMember, reply: Reply<JoinGroupResponse>): void {
    if (member.awaitingJoin !== null) sometimes('groups: parked join replaced by its repetition');
    this.answerJoin(member, joinGroupError(ErrorCode.REBALANCE_IN_PROGRESS, member.memberId));
    member.awaitingJoin = reply;
    this.#awaitingJoin++;
  }

  /** Returns whether there was anything to answer. */
  answerJoin(member: ClassicMember, response: JoinGroupResponse): boolean {
    const reply = member.awaitingJoin;
    if (reply === null) return false;
    member.awaitingJoin = null;
    if (this.#members.get(member.memberId) === member) this.#awaitingJoin--;
    reply(response);
    return true;
  }

  parkSync(member: ClassicMember, reply: Reply<SyncGroupResponse>): void {
    this.answerSync(member, syncGroupError(ErrorCode.REBALANCE_IN_PROGRESS));
    member.awaitingSync = reply;
  }

  answerSync(member: ClassicMember, response: SyncGroupResponse): boolean {
    const reply = member.awaitingSync;
    if (reply === null) return false;
    member.awaitingSync = null;
    reply(response);
    return true;
  }

  /**
   * Sees to it that the leader is someone who has joined. False when nobody has, so that no generation can be formed.
   */
  maybeElectNewLeader(): boolean {
    if (this.leaderId === null) return false;
    const leader = expectDefined(this.#members.get(this.leaderId), `leader of group ${this.groupId} is no member`);
    if (leader.awaitingJoin !== null) return true;
    for (const member of this.#members.values()) {
      if (member.awaitingJoin === null) continue;
      sometimes('groups: leader did not join and another leads');
      this.leaderId = member.memberId;
      return true;
    }
    return false;
  }

  /** Each member votes for its first protocol that all support; the one with the most votes, the first of them when equal. */
  selectProtocol(): string {
    assert(this.#members.size > 0, `group ${this.groupId} has nobody to select a protocol`);
    const votes = new Map<string, number>();
    for (const member of this.#members.values()) {
      const choice = member.protocols.find(({ name }) => this.#supporters.get(name) === this.#members.size);
      const name = expectDefined(choice, `member ${member.memberId} supports none of the common protocols`).name;
      votes.set(name, (votes.get(name) ?? 0) + 1);
    }
    let selected = '';
    let most = 0;
    for (const [name, count] of votes) {
      if (count <= most) continue;
      selected = name;
      most = count;
    }
    return selected;
  }

  /** Begins the next generation with the members that are there: CompletingRebalance, or Empty without any. */
  initNextGeneration(wallMs: number): void {
    this.generationId++;
    const isEmpty = this.#members.size === 0;
    this.protocolName = isEmpty ? null : this.selectProtocol();
    this.subscribedTopics = this.computeSubscribedTopics();
    this.transitionTo(isEmpty ? 'Empty' : 'CompletingRebalance', wallMs);
    this.pendingSync.clear();
  }

  computeSubscribedTopics(): ReadonlySet<string> | null {
    if (!this.usesConsumerProtocol()) return null;
    if (this.#members.size === 0) return new Set();
    if (this.protocolName === null) return null;
    const all = new Set<string>();
    for (const member of this.#members.values()) {
      const metadata = metadataFor(member, this.protocolName);
      const topics = metadata === null ? null : subscribedTopicsOf(metadata);
      if (topics === null) return null;
      for (const topic of topics) all.add(topic);
    }
    return all;
  }

  /** What the leader is told of the members of this generation. */
  generationMembers(): JoinGroupResponseMember[] {
    const protocolName = expectDefined(this.protocolName, `group ${this.groupId} has no protocol`);
    return Array.from(this.#members.values(), (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      metadata: expectDefined(metadataFor(member, protocolName), `member ${member.memberId} lacks ${protocolName}`),
    }));
  }

  /** For loading, after its members were added: the rest of what its record says. */
  onLoaded(loaded: Pick<ClassicGroup, 'generationId' | 'protocolType' | 'protocolName' | 'leaderId'> & LoadedFrom): void {
    this.generationId = loaded.generationId;
    this.protocolType = loaded.protocolType;
    this.protocolName = loaded.protocolName;
    const isMember = loaded.leaderId !== null && this.#members.has(loaded.leaderId);
    this.leaderId = isMember ? loaded.leaderId : (this.#members.keys().next().value ?? null);
    this.state = this.#members.size === 0 ? 'Empty' : 'Stable';
    this.isCommitted = true;
    this.committedRecord = loaded.record;
    this.latestRecord = loaded.record;
    this.subscribedTopics = this.computeSubscribedTopics();
  }

  /** The end of the group here: nobody waits for it any longer and nothing of it fires any more. */
  close(errorCode: number, wallMs: number): void {
    this.transitionTo('Dead', wallMs);
    this.joinDeadline.cancel();
    this.syncDeadline.cancel();
    for (const pending of this.pendingMembers.values()) pending.cancel();
    this.pendingMembers.clear();
    for (const member of this.#members.values()) {
      member.session.cancel();
      this.answerJoin(member, joinGroupError(errorCode, member.memberId));
      this.answerSync(member, syncGroupError(errorCode));
    }
  }

  #put(member: ClassicMember): void {
    this.#members.set(member.memberId, member);
    this.#countProtocols(member, 1);
    if (member.awaitingJoin !== null) this.#awaitingJoin++;
  }

  #take(member: ClassicMember): void {
    this.#members.delete(member.memberId);
    this.#countProtocols(member, -1);
  }

  #countProtocols(member: ClassicMember, change: 1 | -1): void {
    for (const name of new Set(member.protocols.map((protocol) => protocol.name))) {
      const count = (this.#supporters.get(name) ?? 0) + change;
      if (count === 0) this.#supporters.delete(name);
      else this.#supporters.set(name, count);
    }
  }
}
