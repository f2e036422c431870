/**
 * Writing a group's metadata record, and remembering which one is committed and which one is the last.
 *
 * The last one goes into snapshots: by the time a snapshot is committed, so is everything submitted before it.
 */
import type { ClassicGroup } from './classic/group.ts';
import { ErrorCode } from '@jackdaw/protocol';
import { coordinatorErrorOf } from './append-error.ts';
import type { ShardState } from './shard-state.ts';
import type { CoordinatorRecord } from './types.ts';

export interface GroupWrite {
  readonly group: ClassicGroup;
  readonly record: CoordinatorRecord;
  /** Gets 0 or the error for clients. */
  readonly onDone: (errorCode: number) => void;
}

export function writeGroup(state: ShardState, { group, record, onDone }: GroupWrite): void {
  group.latestRecord = record;
  state.appends.submit({
    records: [record],
    onCommitted: () => {
      group.committedRecord = record;
      group.isCommitted = true;
    },
    onRefused: () => {
      if (group.latestRecord === record) group.latestRecord = group.committedRecord;
    },
    onDone: (appendError) => {
      if (appendError !== ErrorCode.NONE) {
        state.onEvent({ kind: 'append-failed', groupId: group.groupId, errorCode: appendError });
      }
      onDone(coordinatorErrorOf(appendError));
    },
  });
}
