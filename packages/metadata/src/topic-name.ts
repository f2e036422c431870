/**
 * Which names a topic may have (Kafka's `Topic` class).
 *
 * A name becomes a directory's name and a label of metrics, so the letters are few and the length bounded; names that
 * differ only in `.` and `_` would be one metric and are refused as colliding.
 */

/** Characters; a directory `<topic>-<partition>` must stay below the 255 bytes of a file name. */
export const maxTopicNameLength = 249;

export const internalTopics = {
  consumerOffsets: '__consumer_offsets',
  transactionState: '__transaction_state',
  shareGroupState: '__share_group_state',
  clusterMetadata: '__cluster_metadata',
} as const;

const internalTopicNames: ReadonlySet<string> = new Set([
  internalTopics.consumerOffsets,
  internalTopics.transactionState,
  internalTopics.shareGroupState,
]);
const legalName = /^[a-zA-Z0-9._-]+$/;

/** Kafka's sentence about what is wrong with `name`, or null when nothing is. */
export function invalidTopicName(name: string): string | null {
  const reason = reasonInvalid(name);
  return reason === null ? null : `Topic name is invalid: ${reason}`;
}

/** Topics that clients may read but not write, create or alter at will. */
export function isInternalTopic(name: string): boolean {
  return internalTopicNames.has(name);
}

export function hasCollisionChars(name: string): boolean {
  return name.includes('_') || name.includes('.');
}

/** The name under which two colliding names are the same. */
export function unifyCollisionChars(name: string): string {
  return name.replaceAll('.', '_');
}

function reasonInvalid(name: string): string | null {
  if (name === '') return 'the empty string is not allowed';
  if (name === '.') return "'.' is not allowed";
  if (name === '..') return "'..' is not allowed";
  if (name.length > maxTopicNameLength) {
    return `the length of '${name}' is longer than the max allowed length ${maxTopicNameLength}`;
  }
  if (!legalName.test(name)) return `'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`;
  return null;
}
