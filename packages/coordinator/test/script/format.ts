/**
 * One line of text for each thing that a script can show.
 */
import { utf8Decode } from '@jackdaw/base';
import { errorName } from '@jackdaw/protocol';
import { subscribedTopicsOf } from '../../src/consumer-protocol.ts';
import type { CoordinatorRecord, GroupEvent } from '../../src/index.ts';
import { decodeRecord } from '../../src/records.ts';

export function formatRecord({ key, value }: CoordinatorRecord): string {
  const record = decodeRecord(key, value);
  switch (record.kind) {
    case 'unknown':
      return `type ${record.recordType}`;
    case 'offset': {
      const { groupId, topic, partition } = record.key;
      const name = `Offset ${groupId}/${topic}-${partition}`;
      if (record.value === null) return `${name} tombstone`;
      const { offset, leaderEpoch, metadata, commitTimestampMs, expireTimestampMs } = record.value;
      const expiry = expireTimestampMs === -1 ? '' : ` expires=${expireTimestampMs}`;
      return `${name} ${offset} epoch=${leaderEpoch} metadata='${metadata}' at=${commitTimestampMs}${expiry} v${value?.[1]}`;
    }
    case 'group': {
      if (record.value === null) return `Group ${record.groupId} tombstone`;
      const { generation, protocolType, protocol, leader, members, currentStateTimestamp } = record.value;
      const list = members.map(({ memberId, groupInstanceId, assignment }) => {
        return `${memberId}${groupInstanceId === null ? '' : `(${groupInstanceId})`}=${text(assignment)}`;
      });
      const head = `Group ${record.groupId} generation=${generation} type='${protocolType}' protocol=${protocol}`;
      return `${head} leader=${leader} at=${currentStateTimestamp} [${list.join(' ')}] v${value?.[1]}`;
    }
  }
}

export function formatEvent({ kind, ...rest }: GroupEvent): string {
  const pairs = Object.entries(rest).map(([name, value]) => `${name}=${String(value).replaceAll(' ', '_')}`);
  return [kind, ...pairs].join(' ');
}

/** '' instead of NONE, so that only errors stand out. */
export function formatError(errorCode: number): string {
  return errorCode === 0 ? '' : ` ${errorName(errorCode)}`;
}

/** Assignments are plain words in scripts; subscriptions are shown as their topics. */
export function text(bytes: Uint8Array): string {
  const topics = bytes.length >= 6 ? subscribedTopicsOf(bytes) : null;
  return topics === null ? utf8Decode(bytes) : `<${topics.join(',')}>`;
}
