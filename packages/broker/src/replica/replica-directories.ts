/**
 * Tells the controller in which log directory this broker's replicas are, where it believes something else.
 *
 * A broker whose disk was replaced comes back with another directory id, and replicas that the controller knows to be
 * in the old one could never lead again (KIP-858).
 *
 * And a replica with a batch on disk that fails its CRC is given up and taken back into use (B3).
 * A leader that reads such a batch tells the controller that the replica is on a lost directory. The controller takes it
 * out of ISR and ELR and lets another lead; as a follower the replica then cuts its log before the damage and fetches the
 * rest again, and when the new leader knows how short it is now, the controller is told the real directory. From there
 * the usual rule for joining the ISR holds. Where nobody else can lead, the controller refuses: the replica goes on
 * leading without the damaged batch, and is offered again from time to time. Where only the epochs of batches have rotted it
 * mends them and leads with all of them.
 */
import { sometimes } from '@jackdaw/base';
import type { NodeId, Timer, Timers } from '@jackdaw/base';
import type { PartitionLog } from '@jackdaw/log';
import { directoryIds } from '@jackdaw/metadata';
import { ErrorCode, type AssignReplicasToDirsRequest, type AssignReplicasToDirsResponse } from '@jackdaw/protocol';
import type { HostedPartition } from './hosted-partition.ts';

export interface ReplicaDirectoriesOptions {
  readonly timers: Timers;
  readonly nodeId: NodeId;
  readonly brokerEpoch: () => number;
  /** Id of the directory in which the replica's log is; null while it is in none. */
  readonly directoryOf: (hosted: HostedPartition) => string | null;
  /** Sends to the active controller; rejects when there is none or the answer does not come in time. */
  readonly assign: (request: AssignReplicasToDirsRequest) => Promise<AssignReplicasToDirsResponse>;
  /** Nobody else can lead the partition; told again from time to time, `isNews` once until that changes. */
  readonly onLastCopy: (hosted: HostedPartition, isNews: boolean) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Pause before the controller is asked again, when it refused or did not answer. */
const retryMs = 1_000;
/** How often to look whether the new leader has answered the first fetch of a cut log. */
const answerPollMs = 50;

export class ReplicaDirectories {
  readonly #options: ReplicaDirectoriesOptions;
  /** Those with something left to tell; at most all replicas of this broker. */
  readonly #open = new Set<HostedPartition>();
  readonly #refused = new Set<HostedPartition>();
  #isInFlight = false;
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(options: ReplicaDirectoriesOptions) {
    this.#options = options;
  }

  /** A replica was found damaged, has cut its log, or is in another place than the controller believes: looked at soon. */
  check(hosted: HostedPartition): void {
    if (this.#open.has(hosted) || this.#isClosed) return;
    this.#open.add(hosted);
    this.#schedule(0);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #schedule(delayMs: number): void {
    if (this.#isInFlight || this.#isClosed) return;
    this.#timer?.cancel();
    this.#timer = this.#options.timers.setTimer(delayMs, () => void this.#round());
  }

  async #round(): Promise<void> {
    const told = new Map<HostedPartition, string>();
    for (const hosted of this.#open) {
      const directory = this.#directoryToTell(hosted);
      if (directory !== null) told.set(hosted, directory);
      else if (this.#isSettled(hosted)) this.#forget(hosted);
    }
    // Nobody believes a broker that is not registered yet.
    if (this.#options.brokerEpoch() < 0) told.clear();
    this.#isInFlight = true;
    const isAnswered = told.size === 0 || (await this.#tell(told));
    this.#isInFlight = false;
    if (this.#open.size === 0) return;
    const isRefused = [...told.keys()].some((hosted) => this.#refused.has(hosted));
    this.#schedule(isAnswered && !isRefused ? answerPollMs : retryMs);
  }

  /** Whether the controller believes that the replica's log is in another directory than it is. */
  isElsewhere(hosted: HostedPartition): boolean {
    const directory = this.#options.directoryOf(hosted);
    return directory !== null && !hosted.desired.isLost && directory !== hosted.desired.directoryId;
  }

  #isSettled(hosted: HostedPartition): boolean {
    if (isOut(hosted)) return true;
    return !hosted.desired.isLost && hosted.damagedFrom === null && !this.isElsewhere(hosted);
  }

  #forget(hosted: HostedPartition): void {
    this.#open.delete(hosted);
    this.#refused.delete(hosted);
  }

  /** Null when there is nothing to tell now. */
  #directoryToTell(hosted: HostedPartition): string | null {
    if (isOut(hosted)) return null;
    if (!hosted.desired.isLost) {
      if (hosted.damagedFrom !== null) return directoryIds.lost;
      if (this.isElsewhere(hosted)) sometimes('broker: replica is in another directory than the controller believes');
      return this.isElsewhere(hosted) ? this.#options.directoryOf(hosted) : null;
    }
    // Before the leader has answered, what it knows of this replica may be from before the cut: it must not count.
    const isKnownToLeader = hosted.isRefetching && hosted.role.kind === 'follower' && hosted.leaderEndOffset >= 0;
    return isKnownToLeader ? this.#options.directoryOf(hosted) : null;
  }

  /** False when the controller has not answered. */
  async #tell(told: ReadonlyMap<HostedPartition, string>): Promise<boolean> {
    try {
      const response = await this.#options.assign(this.#request(told));
      for (const hosted of told.keys()) this.#onAnswer(hosted, response);
      return response.errorCode === ErrorCode.NONE;
    } catch (error) {
      this.#options.onFailure(error);
      return false;
    }
  }

  #onAnswer(hosted: HostedPartition, response: AssignReplicasToDirsResponse): void {
    const topics = response.directories.flatMap((directory) => directory.topics);
    const partitions = topics.filter(({ topicId }) => topicId === hosted.topicId).flatMap((topic) => topic.partitions);
    const answer = partitions.find(({ partitionIndex }) => partitionIndex === hosted.partition);
    if (answer?.errorCode !== ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE) {
      this.#refused.delete(hosted);
      return;
    }
    const isNews = !this.#refused.has(hosted);
    if (isNews) sometimes('broker: damaged replica has to go on leading');
    this.#refused.add(hosted);
    this.#options.onLastCopy(hosted, isNews);
  }

  #request(told: ReadonlyMap<HostedPartition, string>): AssignReplicasToDirsRequest {
    const { nodeId, brokerEpoch } = this.#options;
    const directories = [...told].map(([{ topicId, partition }, id]) => ({
      id,
      topics: [{ topicId, partitions: [{ partitionIndex: partition }] }],
    }));
    return { brokerId: nodeId, brokerEpoch: brokerEpoch(), directories };
  }
}

/** Removed here, or out of service for a worse reason. */
function isOut(hosted: HostedPartition): boolean {
  return hosted.isRemoved || hosted.storageFailure !== null;
}

/**
 * Cuts a lost replica's log before the damage, below the high watermark too: others have these records. All of it goes
 * when it is not known where the damage is, because it was found before this start. Throws StorageError.
 */
export function cutDamagedLog(hosted: HostedPartition, log: PartitionLog): void {
  const from = hosted.damagedFrom ?? log.logStartOffset;
  if (from > log.logStartOffset) log.truncateTo(from);
  if (from <= log.logStartOffset || log.logEndOffset > from) log.truncateFullyAndStartAt(log.logStartOffset);
  hosted.damagedFrom = null;
  hosted.isRefetching = true;
  hosted.leaderEndOffset = -1;
}
