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

export type HistoryEvent =
  | SendInvoked
  | SendAcknowledged
  | SendEnded
  | Assigned
  | Polled
  | ReadFailed
  | EndAsked
  | EndAnswered
  | Committed;

export interface History {
  /** Senders whose records the broker must write once and in order; the others may repeat a record by a retry. */
  readonly idempotent: ReadonlySet<string>;
  readonly events: readonly HistoryEvent[];
}

/** One event a line, after a line that names the idempotent senders: what is kept of a run that failed. */
export function* historyLines({ idempotent, events }: History): Generator<string> {
  yield JSON.stringify({ idempotent: [...idempotent] });
  for (const event of events) yield JSON.stringify(event);
}
