/**
 * What clients asked of a cluster and what they were told, in the order in which it happened.
 *
 * The workload writes a history while brokers are being killed; the checker reads it afterwards and says whether any promise
 * was broken. All events come from one process, so an event's place in the list is its time: whatever stands earlier
 * happened before. Every value is sent once and names its sender, so that a value identifies a send.
 */

/** A partition, as "topic/number". */
export type Key = string;

/** One record is about to be sent. `value` is unique in the history. */
export interface SendInvoked {
  readonly op: 'send';
  readonly type: 'invoke';
  readonly process: string;
  readonly key: Key;
  readonly value: string;
  /** Sent with acks 1 or 0: an acknowledgement promises nothing. */
  readonly isWeak?: boolean;
}

/** The record was acknowledged. `offset` is −1 when the broker knew it as a repetition and did not say where it is. */
export interface SendAcknowledged {
  readonly op: 'send';
  readonly type: 'ok';
  readonly value: string;
  readonly offset: number;
}

/** `fail`: certainly not written. `info`: nobody knows (a timeout, a lost connection, retries given up). */
export interface SendEnded {
  readonly op: 'send';
  readonly type: 'fail' | 'info';
  readonly value: string;
  readonly error: string;
}

/** A consumer begins to read a partition at its beginning; what it read before no longer binds it. */
export interface Assigned {
  readonly op: 'assign';
  readonly process: string;
  readonly key: Key;
}

/** What one poll returned of one partition, in the order in which it was returned. */
export interface Polled {
  readonly op: 'poll';
  readonly process: string;
  readonly key: Key;
  readonly records: readonly (readonly [offset: number, value: string, leaderEpoch?: number])[];
  /** Read after all sends ended and the cluster was whole again. */
  readonly isFinal: boolean;
}

/** A consumer was refused in a way that no retry can cure: its position fell out of the log, or a batch is damaged. */
export interface ReadFailed {
  readonly op: 'read-error';
  readonly process: string;
  readonly error: string;
  /** The position that is not within the log, where that is the reason: right when records were deleted there. */
  readonly key?: Key;
  readonly offset?: number;
}

/** Records before an offset are deleted on request. */
export interface Trimmed {
  readonly op: 'trim';
  readonly type: 'invoke' | 'ok' | 'info';
  readonly process: string;
  readonly key: Key;
  readonly offset: number;
  /** Of an answer: a fenced replica, for which nobody waits, can lead with the records, as only a simulator knows. */
  readonly mayComeBack?: boolean;
}

/**
 * Brokers have ended without closing their logs. Where a log begins is written down from time to time only, as Kafka does, so
 * that deleted records may be there again.
 */
export interface Crashed {
  readonly op: 'crashed';
}

/** From now on records of the topic may go: it is being deleted, or unclean elections are allowed, or its retention is short. */
export interface Doomed {
  readonly op: 'doomed';
  readonly topic: string;
}

/** The end of the log was asked for (`invoke`) and answered (`ok`), by an observer that asks one question at a time. */
export interface EndAsked {
  readonly op: 'end';
  readonly type: 'invoke';
  readonly process: string;
}
export interface EndAnswered {
  readonly op: 'end';
  readonly type: 'ok';
  readonly process: string;
  readonly key: Key;
  readonly offset: number;
  /** Of the leader that answered: one that does not know that it was replaced knows no end of those after it. */
  readonly leaderEpoch?: number;
  /** The history knows that another leader was there already, as only a simulator can. */
  readonly isReplaced?: boolean;
}

/** Where the records of an epoch end was asked for, and answered. */
export interface EpochEndAsked {
  readonly op: 'epoch-end';
  readonly type: 'invoke';
  readonly process: string;
}
export interface EpochEndAnswered {
  readonly op: 'epoch-end';
  readonly type: 'ok';
  readonly process: string;
  readonly key: Key;
  /** As asked for. */
  readonly epoch: number;
  readonly endOffset: number;
}

/** A group's offset for a partition was committed, or read back, by the group's only user. */
export interface Committed {
  readonly op: 'commit';
  readonly type: 'invoke' | 'ok' | 'info' | 'read';
  readonly process: string;
  readonly key: Key;
  /** For `read`: −1 when the group has none. */
  readonly offset: number;
}

/** A member of a group was given partitions. */
export interface Owned {
  readonly op: 'own';
  /** The member: its instance id where it has one. */
  readonly process: string;
  readonly group: string;
  readonly generation: number;
  readonly keys: readonly Key[];
  /** Under this name it polls until it gives them up. */
  readonly reader: string;
}

/**
 * A member commits an offset, one attempt. `fail`: refused for good, because the member or its generation is not the group's
 * any more.
 */
export interface GroupCommitted {
  readonly op: 'group-commit';
  readonly type: 'invoke' | 'ok' | 'fail' | 'info';
  readonly process: string;
  readonly group: string;
  readonly generation: number;
  readonly key: Key;
  readonly offset: number;
}

/** Somebody asks what a group has committed. */
export interface GroupRead {
  readonly op: 'group-read';
  readonly type: 'invoke' | 'ok';
  readonly process: string;
  readonly group: string;
  readonly key: Key;
  /** −1 when there is none, and for `invoke`. */
  readonly offset: number;
}

/** The cluster's only administrator sets something, one attempt, or reads it when the world is whole again. */
export interface SettingChanged {
  readonly op: 'setting';
  readonly type: 'invoke' | 'ok' | 'fail' | 'info' | 'read';
  readonly process: string;
  readonly name: string;
  readonly value: string;
}

/** A producer without a transactional id was given this id. */
export interface ProducerIdGiven {
  readonly op: 'producer-id';
  readonly process: string;
  readonly id: number;
}

/** An answer or an error that no fault explains. */
export interface Unexpected {
  readonly op: 'unexpected';
  readonly process: string;
  readonly error: string;
}

export type HistoryEvent =
  | SendInvoked
  | SendAcknowledged
  | SendEnded
  | Assigned
  | Polled
  | ReadFailed
  | Trimmed
  | Doomed
  | Crashed
  | EndAsked
  | EndAnswered
  | EpochEndAsked
  | EpochEndAnswered
  | Committed
  | Owned
  | GroupCommitted
  | GroupRead
  | SettingChanged
  | ProducerIdGiven
  | Unexpected;

export interface History {
  /** Senders whose records the broker must write once and in order; the others may repeat a record by a retry. */
  readonly idempotent: ReadonlySet<string>;
  /** The cluster was allowed to lose what it acknowledged: only inventions are wrong then. */
  readonly isLossy?: boolean;
  readonly events: readonly HistoryEvent[];
}

/** One event a line, after a line that names the idempotent senders: what is kept of a run that failed. */
export function* historyLines({ idempotent, events }: History): Generator<string> {
  yield JSON.stringify({ idempotent: [...idempotent] });
  for (const event of events) yield JSON.stringify(event);
}
