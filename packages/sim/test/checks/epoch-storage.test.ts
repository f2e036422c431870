/**
 * Disks that do not know the leader epochs of what is on them, and of what has just gone.
 */
import { test } from 'node:test';
import { EpochStorage } from '../../src/checks/epoch-storage.ts';
import type { LiveNode } from '../../src/checks/watch.ts';
import { bites } from './fakes.ts';

const batchBytes = 70;
const lengthAt = 8;
const lengthBefore = 12;
const epochAt = 12;

/** Of one batch. */
function segmentOfEpoch(epoch: number): Uint8Array {
  const bytes = new Uint8Array(batchBytes);
  const view = new DataView(bytes.buffer);
  view.setInt32(lengthAt, batchBytes - lengthBefore);
  view.setInt32(epochAt, epoch);
  return bytes;
}

/** Broker 1 with one log, whose file of epochs has these lines, and whose recovery point is 20. */
function brokerWith(epochLines: readonly string[]) {
  const files = new Map<string, Uint8Array>([
    ['/data/recovery-point-offset-checkpoint', Buffer.from('0\n1\nt1 0 20\n')],
    ['d/leader-epoch-checkpoint', Buffer.from(`0\n${epochLines.length}\n${epochLines.join('\n')}\n`)],
  ]);
  const disk = {
    contentOf: (path: string) => files.get(path) ?? null,
    list: () => [...files.keys()].map((path) => path.slice(2)),
  };
  const log = {
    ...{ name: 't1-0', directory: 'd', isOffline: false, truncations: 0 },
    ...{ segmentBaseOffsets: [0, 10, 20], logStartOffset: 0, latestEpoch: (): number | null => 4 },
    epochForOffset: (offset: number) => (offset < 5 ? 3 : 4),
  };
  const services = { logManager: { logs: () => [log] } };
  const cluster = { damaged: new Set() };
  const live = { cluster, node: { id: 1, disk }, services, label: 'node 1, start 1' } as unknown as LiveNode;
  const check = new EpochStorage();
  check.onStarted(live);
  return { files, log, check, look: () => check.onEvent(live), mark: (name: string) => check.onMark(live, name) };
}

test('B6: an epoch that is in no file, of records that recovery does not walk, is noticed (EpochsAreFound)', () => {
  bites('EpochsAreFound', brokerWith(['3 0']).look);
});

test('a file of epochs that says what the log says is as it should be', () => {
  brokerWith(['3 0', '4 5']).look();
});

test('B6: the oldest records go before the file says under which epoch they were written (EpochsOutliveRecords)', () => {
  const broker = brokerWith([]);
  broker.look();
  broker.files.set('d/00000000000000000000.log.deleted', segmentOfEpoch(4));
  Object.assign(broker.log, { segmentBaseOffsets: [10, 20], logStartOffset: 10, truncations: 1 });
  broker.mark('log: segments deleted by retention');
  bites('EpochsOutliveRecords', broker.look);
});

test('a log that its leader has emptied, and that has forgotten its epochs by its word, has none to outlive (seed 1323)', () => {
  const broker = brokerWith([]);
  broker.look();
  broker.files.set('d/00000000000000000000.log.deleted', segmentOfEpoch(4));
  Object.assign(broker.log, { segmentBaseOffsets: [10], logStartOffset: 10, truncations: 1, latestEpoch: () => null });
  broker.mark('log: segments deleted by retention');
  broker.look();
});
