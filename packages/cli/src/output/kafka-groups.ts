/**
 * The texts of `kafka-consumer-groups --describe`, column for column, for scripts that read them.
 */
import type { GroupView } from '../group-view.ts';

const missing = '-';

/** Offsets: a blank line, the header, the rows; columns at least as wide as Kafka's. */
export function kafkaGroupOffsets({ group, rows }: GroupView, options: { readonly isVerbose: boolean }): string[] {
  const text = (value: string | number | null): string => (value === null ? missing : String(value));
  const note = stateNote(group.groupId, group.state);
  if (rows.length === 0) return note;
  const wide = (minimum: number, values: readonly string[]): number => Math.max(minimum, ...values.map((value) => value.length));
  const widths = [
    wide(15, [group.groupId]),
    wide(
      15,
      rows.map((row) => row.topic),
    ),
    10,
    ...(options.isVerbose ? [15] : []),
    15,
    15,
    15,
    wide(
      15,
      rows.map((row) => text(row.consumerId)),
    ),
    wide(
      15,
      rows.map((row) => text(row.host)),
    ),
  ];
  const epochHeader = options.isVerbose ? ['LEADER-EPOCH'] : [];
  const header = [
    'GROUP',
    'TOPIC',
    'PARTITION',
    ...epochHeader,
    'CURRENT-OFFSET',
    'LOG-END-OFFSET',
    'LAG',
    'CONSUMER-ID',
    'HOST',
    'CLIENT-ID',
  ];
  const lines = rows.map((row) => [
    row.group,
    row.topic,
    String(row.partition),
    ...(options.isVerbose ? [text(row.leaderEpoch)] : []),
    text(row.currentOffset),
    text(row.logEndOffset),
    text(row.lag),
    text(row.consumerId),
    text(row.host),
    text(row.clientId),
  ]);
  return [...note, '', ...[header, ...lines].map((cells) => joinCells(cells, widths))];
}

export function kafkaGroupMembers({ group }: GroupView): string[] {
  const note = stateNote(group.groupId, group.state);
  if (group.members.length === 0) return note;
  const wide = (minimum: number, values: readonly string[]): number => Math.max(minimum, ...values.map((value) => value.length));
  const widths = [
    wide(15, [group.groupId]),
    wide(
      15,
      group.members.map((member) => member.memberId),
    ),
    wide(
      15,
      group.members.map((member) => member.host),
    ),
    wide(
      15,
      group.members.map((member) => member.clientId),
    ),
    15,
  ];
  const rows = group.members.map((member) => [
    group.groupId,
    member.memberId,
    member.host,
    member.clientId,
    String(member.partitions.length),
    '',
  ]);
  return [
    ...note,
    '',
    ...[['GROUP', 'CONSUMER-ID', 'HOST', 'CLIENT-ID', '#PARTITIONS', ''], ...rows].map((cells) => joinCells(cells, widths)),
  ];
}

export function kafkaGroupState({ group, coordinator: address }: GroupView): string[] {
  const coordinator = `${address}  (${group.coordinatorId})`;
  const widths = [Math.max(15, group.groupId.length), Math.max(25, coordinator.length), 20, 20];
  const header = ['GROUP', 'COORDINATOR (ID)', 'ASSIGNMENT-STRATEGY', 'STATE', '#MEMBERS'];
  const row = [
    group.groupId,
    coordinator,
    group.protocol === '' ? missing : group.protocol,
    group.state,
    String(group.members.length),
  ];
  return ['', joinCells(header, widths), joinCells(row, widths)];
}

function stateNote(groupId: string, state: string): string[] {
  if (state === 'Empty') return ['', `Consumer group '${groupId}' has no active members.`];
  if (state === 'PreparingRebalance' || state === 'CompletingRebalance')
    return ['', `Warning: Consumer group '${groupId}' is rebalancing.`];
  return [];
}

/** The last cell is not padded, as with Kafka's formats. */
function joinCells(cells: readonly string[], widths: readonly number[]): string {
  return cells.map((cell, i) => (i < widths.length ? cell.padEnd(widths[i] as number) : cell)).join(' ');
}
