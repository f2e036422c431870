/**
 * Asks the controller for ISR changes on behalf of all led partitions of this broker.
 *
 * Partitions whose ISR may have to change are gathered; one AlterPartition request is in flight at a time and carries
 * them all. A request whose answer never comes (controller gone, timeout) is sent again with the same epochs, which
 * the controller's compare-and-set makes harmless (A15).
 */
import { buggify, sometimes } from '@jackdaw/base';
import { ErrorCode, type AlterPartitionRequest, type AlterPartitionResponse } from '@jackdaw/protocol';
import type { Clock, NodeId, Scheduler, Timer } from '@jackdaw/base';
import type { IsrProposal, PartitionLeader } from '@jackdaw/replication';
import type { HostedPartition } from './hosted-partition.ts';

export interface IsrUpdaterOptions {
  readonly nodeId: NodeId;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly brokerEpoch: () => number;
  /** Sends to the active controller; rejects when there is none or the answer does not come in time. */
  readonly alterPartition: (request: AlterPartitionRequest) => Promise<AlterPartitionResponse>;
  readonly onIsrChanged: (partition: HostedPartition, before: readonly NodeId[], after: readonly NodeId[]) => void;
  readonly onFailure: (error: unknown) => void;
}

interface Proposed {
  readonly hosted: HostedPartition;
  readonly leader: PartitionLeader;
  readonly proposal: IsrProposal;
}

/** Pause before a request without an answer is sent again. */
const retryMs = 100;

export class IsrUpdater {
  readonly #options: IsrUpdaterOptions;
  #candidates = new Set<HostedPartition>();
  /** Led partitions whose ISR may change by time alone: at most all that this broker leads. */
  readonly #watched = new Set<HostedPartition>();
  #isInFlight = false;
  #isScheduled = false;
  #retryTimer: Timer | null = null;
  #isClosed = false;

  constructor(options: IsrUpdaterOptions) {
    this.#options = options;
  }

  /** A partition's ISR may have to change: looked at within this turn of the event loop. */
  check(hosted: HostedPartition): void {
    this.#candidates.add(hosted);
    if (this.#isScheduled || this.#isInFlight || this.#retryTimer !== null || this.#isClosed) return;
    this.#isScheduled = true;
    this.#options.scheduler.defer(() => {
      this.#isScheduled = false;
      void this.#send();
    });
  }

  /** A leader has something again that only the clock can see, after all was in order (`PartitionLeader.maybeSettle`). */
  watch(hosted: HostedPartition): void {
    this.#watched.add(hosted);
  }

  /** The clock's look at those led partitions where not all is in order: followers that fell behind are found here (A16). */
  tick(): void {
    for (const hosted of this.#watched) this.check(hosted);
  }

  close(): void {
    this.#isClosed = true;
    this.#retryTimer?.cancel();
  }

  async #send(): Promise<void> {
    if (this.#isInFlight || this.#isClosed) return;
    const proposed = this.#collect();
    if (proposed.length === 0) return;
    this.#isInFlight = true;
    let response = await this.#ask(proposed);
    this.#isInFlight = false;
    if (this.#isClosed) return;
    if (response !== null && buggify('broker: answer to an ISR change lost')) response = null;
    if (response !== null && buggify('broker: controller does not know what became of an ISR change')) {
      response = { ...response, errorCode: ErrorCode.UNKNOWN_SERVER_ERROR };
    }
    if (response !== null) this.#onResponse(proposed, response);
    const unanswered = proposed.filter(({ leader }) => leader.pendingProposal() !== null);
    for (const { hosted } of unanswered) this.#candidates.add(hosted);
    if (this.#candidates.size === 0) return;
    if (response !== null && unanswered.length === 0) void this.#send();
    else {
      this.#retryTimer = this.#options.scheduler.setTimer(retryMs, () => {
        this.#retryTimer = null;
        void this.#send();
      });
    }
  }

  async #ask(proposed: readonly Proposed[]): Promise<AlterPartitionResponse | null> {
    try {
      return await this.#options.alterPartition(this.#request(proposed));
    } catch (error) {
      sometimes('broker: ISR change not answered');
      this.#options.onFailure(error);
      return null;
    }
  }

  #collect(): Proposed[] {
    const candidates = this.#candidates;
    this.#candidates = new Set();
    const nowMs = this.#options.clock.monotonicMs();
    const proposed: Proposed[] = [];
    for (const hosted of candidates) {
      const leader = hosted.leader;
      const { isRecovering } = hosted.desired;
      const proposal = leader?.pendingProposal() ?? leader?.maybeProposeIsr(nowMs, { isRecovering }) ?? null;
      if (leader !== null && proposal !== null) proposed.push({ hosted, leader, proposal });
      // What a leader elected uncleanly has to say once more goes by the clock too.
      if (leader === null || (!isRecovering && leader.maybeSettle())) this.#watched.delete(hosted);
      else this.#watched.add(hosted);
    }
    return proposed;
  }

  #request(proposed: readonly Proposed[]): AlterPartitionRequest {
    const byTopic = new Map<string, AlterPartitionRequest['topics'][number]>();
    for (const { hosted, proposal } of proposed) {
      let topic = byTopic.get(hosted.topicId);
      if (topic === undefined) byTopic.set(hosted.topicId, (topic = { topicId: hosted.topicId, partitions: [] }));
      topic.partitions.push({
        partitionIndex: hosted.partition,
        leaderEpoch: proposal.leaderEpoch,
        newIsr: [],
        newIsrWithEpochs: proposal.isr.map(({ brokerId, brokerEpoch }) => ({ brokerId, brokerEpoch })),
        leaderRecoveryState: 0,
        partitionEpoch: proposal.partitionEpoch,
      });
    }
    return { brokerId: this.#options.nodeId, brokerEpoch: this.#options.brokerEpoch(), topics: [...byTopic.values()] };
  }

  #onResponse(proposed: readonly Proposed[], response: AlterPartitionResponse): void {
    const nowMs = this.#options.clock.monotonicMs();
    const answers = new Map(response.topics.map((topic) => [topic.topicId, topic.partitions]));
    for (const { hosted, leader } of proposed) {
      // The role may be another one by now; an answer to the old leader object must not reach the new one.
      if (hosted.leader !== leader) sometimes('broker: answer to an ISR change came after the end of the role');
      if (hosted.leader !== leader) continue;
      const before = [...leader.committedIsr];
      if (response.errorCode !== ErrorCode.NONE) {
        leader.onIsrAnswer({ error: response.errorCode }, nowMs);
        continue;
      }
      const answer = answers.get(hosted.topicId)?.find((one) => one.partitionIndex === hosted.partition);
      if (answer === undefined) continue;
      if (answer.errorCode !== ErrorCode.NONE) leader.onIsrAnswer({ error: answer.errorCode }, nowMs);
      else leader.onIsrAnswer({ isr: answer.isr, partitionEpoch: answer.partitionEpoch, leaderEpoch: answer.leaderEpoch }, nowMs);
      const after = [...leader.committedIsr];
      if (after.length < before.length) sometimes('broker: ISR shrunk');
      if (after.length > before.length) sometimes('broker: ISR grown');
      if (before.join() !== after.join()) this.#options.onIsrChanged(hosted, before, after);
    }
  }
}
