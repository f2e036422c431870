/**
 * The texts that scripts written for kafka-consumer-groups look for.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GroupView } from '../../src/group-view.ts';
import { kafkaGroupMembers, kafkaGroupOffsets, kafkaGroupState } from '../../src/output/kafka-groups.ts';

const view: GroupView = {
  group: {
    groupId: 'g',
    state: 'Stable',
    protocolType: 'consumer',
    protocol: 'range',
    coordinatorId: 2,
    members: [
      { memberId: 'm-1', groupInstanceId: null, clientId: 'c', host: '/10.0.0.1', partitions: [{ topic: 't', partition: 0 }] },
    ],
  },
  coordinator: 'h:9092',
  rows: [
    {
      group: 'g',
      topic: 't',
      partition: 0,
      currentOffset: 5,
      leaderEpoch: 3,
      logEndOffset: 7,
      lag: 2,
      consumerId: 'm-1',
      host: '/10.0.0.1',
      clientId: 'c',
    },
    {
      group: 'g',
      topic: 't',
      partition: 1,
      currentOffset: null,
      leaderEpoch: null,
      logEndOffset: 7,
      lag: null,
      consumerId: null,
      host: null,
      clientId: null,
    },
  ],
};

test('offsets have the columns of kafka-consumer-groups, with dashes for what is unknown', () => {
  const lines = kafkaGroupOffsets(view, { isVerbose: false });
  // Kafka's widths: 15 for names, hosts and offsets, 10 for the partition; the last column is not padded.
  const row = (...cells: string[]): string => cells.map((cell, i) => (i === 8 ? cell : cell.padEnd(i === 2 ? 10 : 15))).join(' ');
  const header = ['GROUP', 'TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG', 'CONSUMER-ID', 'HOST', 'CLIENT-ID'];
  assert.deepEqual(lines.slice(1), [
    row(...header),
    row('g', 't', '0', '5', '7', '2', 'm-1', '/10.0.0.1', 'c'),
    row('g', 't', '1', '-', '7', '-', '-', '-', '-'),
  ]);
  assert.match(kafkaGroupOffsets(view, { isVerbose: true })[1] as string, /PARTITION {2}LEADER-EPOCH {4}CURRENT-OFFSET/);
});

test('members, state, and the note of an empty group', () => {
  assert.match(kafkaGroupMembers(view)[2] as string, /^g {15}m-1 {13}\/10\.0\.0\.1 {7}c {15}1 /);
  assert.deepEqual(kafkaGroupState(view).slice(1), [
    'GROUP           COORDINATOR (ID)          ASSIGNMENT-STRATEGY  STATE                #MEMBERS',
    'g               h:9092  (2)               range                Stable               1',
  ]);
  const empty = { ...view, group: { ...view.group, state: 'Empty', members: [] } };
  assert.equal(kafkaGroupOffsets(empty, { isVerbose: false })[1], "Consumer group 'g' has no active members.");
});
