/**
 * What the checker can find wrong, and how a rule says so.
 */

/** README.md of test/faults explains each. */
export type ViolationKind =
  | 'inconsistent-offset'
  | 'duplicate'
  | 'moved'
  | 'lost-write'
  | 'unseen'
  | 'reordered'
  | 'nonmonotonic-send'
  | 'phantom-read'
  | 'aborted-read'
  | 'int-poll-skip'
  | 'int-nonmonotonic-poll'
  | 'poll-skip'
  | 'nonmonotonic-poll'
  | 'read-error'
  | 'nonmonotonic-end'
  | 'end-before-acknowledged'
  | 'lost-commit'
  | 'resurrected'
  | 'epoch-end'
  | 'double-owner'
  | 'stale-commit'
  | 'commit-went-back'
  | 'group-skip'
  | 'lost-setting'
  | 'producer-id-repeated'
  | 'unexpected-answer';

export interface Violation {
  readonly kind: ViolationKind;
  readonly detail: string;
}

/** Collects violations; every rule is given one. */
export type Report = (kind: ViolationKind, detail: string) => void;
