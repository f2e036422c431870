/**
 * The log lines of a broker: one for each event that an operator needs, with ids as fields (user-interface part 7).
 *
 * Kept in one place, so that names of fields and messages stay the same wherever an event comes from. What happens to
 * very many partitions at once (a restart with a thousand of them) is told at `debug`, with a count at `info`.
 */
import type { Clock, NodeId, Timers } from '@jackdaw/base';
import type { GroupEvent } from '@jackdaw/coordinator';
import type { ControllerEvent } from '@jackdaw/metadata';
import type { SoftState } from '@jackdaw/raft';
import type { PartitionState, Truncation } from '@jackdaw/replication';
import type { Connection } from '../net/connection.ts';
import { clientText, type Logger } from '../observability/logger.ts';
import type { HostedPartition } from '../replica/hosted-partition.ts';
import type { ReplicaEvents } from '../replica/replica-manager.ts';
import { LineBursts } from './line-bursts.ts';

/** Repeated failures of one kind are told at most this often. */
const repeatMs = 5_000;
const maxRemembered = 1_000;

export class BrokerLog implements ReplicaEvents {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #bursts: LineBursts;
  /** When a failure of this kind was last told, by its text. */
  readonly #lastTold = new Map<string, number>();

  constructor(logger: Logger, platform: { readonly clock: Clock; readonly timers: Timers }) {
    this.#logger = logger;
    this.#clock = platform.clock;
    this.#bursts = new LineBursts(logger, platform);
  }

  info(fields: object, message: string): void {
    this.#logger.info(fields, message);
  }

  warn(fields: object, message: string): void {
    this.#logger.warn(fields, message);
  }

  /** What may come very often: told once, then again after some seconds. */
  warnSometimes(fields: object, message: string): void {
    const now = this.#clock.monotonicMs();
    if (now - (this.#lastTold.get(message) ?? Number.NEGATIVE_INFINITY) < repeatMs) return;
    if (this.#lastTold.size >= maxRemembered) this.#lastTold.clear();
    this.#lastTold.set(message, now);
    this.#logger.warn(fields, message);
  }

  error(error: unknown, message: string, fields: object = {}): void {
    this.#logger.error({ ...fields, err: error }, message);
  }

  fatal(error: unknown, message: string): void {
    this.#logger.fatal({ err: error }, message);
  }

  onQuorum(state: SoftState): void {
    this.#logger.info({ role: state.role, term: state.term, leaderId: state.leaderId ?? -1 }, 'quorum state changed');
  }

  onController(event: ControllerEvent): void {
    const { type, ...fields } = event;
    const line = type.replaceAll('-', ' ');
    if (event.type === 'leader-elected' && event.unclean)
      this.#logger.error(fields, `unclean ${line}: committed records may be lost`);
    else if (event.type === 'broker-fenced' || event.type === 'log-dirs-offline') this.#logger.warn(fields, line);
    else if (event.type === 'leader-elected' || event.type === 'isr-shrunk' || event.type === 'isr-expanded')
      this.#bursts.tell('info', fields, line);
    else this.#logger.info(fields, line);
  }

  onBecameLeader(partition: HostedPartition, state: PartitionState): void {
    this.#logger.debug(
      { ...idsOf(partition), leaderEpoch: state.leaderEpoch, isr: state.isr, logEndOffset: partition.log?.logEndOffset },
      'became leader',
    );
  }

  onBecameFollower(partition: HostedPartition, state: PartitionState): void {
    this.#logger.debug({ ...idsOf(partition), leader: state.leader, leaderEpoch: state.leaderEpoch }, 'became follower');
  }

  onTruncated(partition: HostedPartition, plan: Truncation): void {
    const fields = { ...idsOf(partition), offset: plan.offset, belowHighWatermark: plan.isBelowHighWatermark, full: plan.isFull };
    if (plan.isBelowHighWatermark) this.#logger.error(fields, 'log truncated below the high watermark');
    else this.#logger.info(fields, 'log truncated');
  }

  onTruncationRefused(partition: HostedPartition, plan: Truncation): void {
    this.#logger.error(
      { ...idsOf(partition), offset: plan.offset, highWatermark: partition.highWatermark },
      'the leader lacks records that were committed: this replica keeps its log and stops following (A6). ' +
        'If the records are lost for good, enable unclean.leader.election.enable for the topic or delete this directory',
    );
  }

  onFailure(partition: HostedPartition, error: unknown): void {
    this.#logger.error({ ...idsOf(partition), err: error }, 'partition failed');
  }

  onCorrupt(partition: HostedPartition, offset: number): void {
    this.#logger.error({ ...idsOf(partition), offset }, 'corrupt batch on disk: not served, another replica is to lead');
  }

  onLastCopy(partition: HostedPartition): void {
    const what =
      partition.role.kind === 'leader'
        ? 'it goes on leading, without the corrupt batch'
        : 'the partition waits for another one that was in sync';
    this.#logger.error(
      { ...idsOf(partition), offset: partition.damagedFrom },
      `no other replica can lead instead of this damaged one: ${what}`,
    );
  }

  onEpochsMended(partition: HostedPartition, offset: number): void {
    this.#logger.error(
      { ...idsOf(partition), offset, leaderEpoch: partition.leaderEpoch },
      'the leader epochs of the last batches were damaged on disk, and no other replica can lead: ' +
        'their records are sound, and count from now on as written in the epoch of this leader',
    );
  }

  onRefetching(partition: HostedPartition, offset: number): void {
    const fields = { ...idsOf(partition), offset, leader: partition.leaderId };
    this.#logger.warn(fields, 'damaged log cut, fetching it again from the leader');
  }

  onFollowFailure(partition: HostedPartition, error: unknown): void {
    this.warnSometimes({ ...idsOf(partition), err: error }, `following ${partition.name} failed, will try again`);
  }

  onRemoved(partition: HostedPartition): void {
    this.#logger.info(idsOf(partition), 'partition removed from this broker');
  }

  onQuarantined(name: string, keptAs: string | null, reason: string): void {
    this.#logger.warn({ directory: name, keptAs, reason }, 'partition directory put aside');
  }

  onIsrChanged(partition: HostedPartition, before: readonly NodeId[], after: readonly NodeId[]): void {
    const fields = { ...idsOf(partition), before, after, leaderEpoch: partition.leaderEpoch };
    if (after.length < before.length) this.#bursts.tell('warn', fields, 'ISR shrunk');
    else this.#bursts.tell('info', fields, 'ISR expanded');
  }

  onGroup(event: GroupEvent, partition: number): void {
    const { kind, ...fields } = event;
    const line = `group: ${kind.replaceAll('-', ' ')}`;
    const isRoutine = kind === 'offsets-committed' || kind === 'group-removed' || kind === 'offsets-expired';
    const isBad = kind === 'append-failed' || kind === 'clock-stalled' || kind === 'limit-reached' || kind === 'member-expired';
    const named = { ...fields, coordinatorPartition: partition };
    if (isRoutine) this.#logger.debug(named, line);
    else if (isBad) this.#logger.warn(named, line);
    else this.#logger.info(named, line);
  }

  onRejected(connection: Connection, reason: string): void {
    this.warnSometimes(
      { client: connection.remoteAddress, clientSoftware: clientText(connection.clientSoftware), reason: clientText(reason) },
      'request rejected, connection closed',
    );
  }

  onClosed(connection: Connection, reason: string): void {
    this.#logger.debug({ client: connection.remoteAddress, reason: clientText(reason) }, 'connection closed');
  }
}

function idsOf(partition: HostedPartition): { topic: string; partition: number } {
  return { topic: partition.topicName, partition: partition.partition };
}
