/** What a broker may name as its last epoch after a start that found damage, and after one more (A18, B3). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@jackdaw/base';
import { defaultLogConfig, MemoryFs, type LogManager, type PartitionLog } from '@jackdaw/log';
import { encodeBatch, uuidOf } from '@jackdaw/protocol';
import { forgetLastRegistration, previousBrokerEpoch, saveLastRegistration } from '../../src/runtime/last-registration.ts';
import { openTestLogs } from '../test-logs.ts';

const directory = '/data';
const logFile = `${directory}/orders-0/00000000000000000000.log`;

/** A start of a broker on this disk, with the lock of the one before broken. `onDamage`: before a damaged log is cut. */
async function start(fs: MemoryFs, onDamage = (): void => forgetLastRegistration(fs, directory)): Promise<LogManager> {
  return openTestLogs({ fs, clock: new ManualClock(0, 1_700_000_000_000) }, { onDamage });
}

async function write(manager: LogManager, batches: number): Promise<PartitionLog> {
  const topicId = uuidOf(new Uint8Array(16).fill(7));
  const log = await manager.getOrCreate({ topicName: 'orders', topicId, partition: 0 }, defaultLogConfig);
  for (let i = 0; i < batches; i++) {
    const bytes = encodeBatch({ records: [{ key: null, value: Buffer.from(`record ${i}`) }], leaderEpoch: 0 });
    log.appendAsLeader(bytes, { leaderEpoch: 0, nowMs: 1_700_000_000_000 });
  }
  await log.flush();
  return log;
}

/** Flips a bit of the record in the middle of three. */
function rot(fs: MemoryFs): void {
  const file = fs.open(logFile, 'write');
  const byte = new Uint8Array(1);
  const position = Math.floor(fs.size(file) / 2);
  fs.readSmall(file, byte, position);
  byte[0] = (byte[0] ?? 0) ^ 1;
  fs.write(file, [byte], position);
  fs.close(file);
}

test('B3, A18: damage that one start has cut away keeps the next from naming its former epoch (seed 32251)', async () => {
  const fs = new MemoryFs();
  await write(await start(fs), 3);
  saveLastRegistration(fs, directory, { brokerEpoch: 7, durability: 'fsync' });
  const beforeRot = await start(fs);
  assert.equal(previousBrokerEpoch(fs, beforeRot, directory), 7, 'a crash in fsync mode loses nothing');
  rot(fs);
  const second = await start(fs);
  assert.equal(second.damagedLogs, 1);
  assert.equal(previousBrokerEpoch(fs, second, directory), -1);
  // It is killed before it has registered.
  const third = await start(fs);
  assert.equal(third.damagedLogs, 0, 'nothing is left of the damage');
  assert.equal(previousBrokerEpoch(fs, third, directory), -1);
});

test('B3: who must know of damage is told before the log is cut', async () => {
  const fs = new MemoryFs();
  await write(await start(fs), 3);
  rot(fs);
  const before = fs.stat(logFile)?.sizeBytes;
  const sizes: (number | undefined)[] = [];
  await start(fs, () => void sizes.push(fs.stat(logFile)?.sizeBytes));
  assert.deepEqual(sizes, [before]);
  assert.ok((fs.stat(logFile)?.sizeBytes ?? 0) < (before ?? 0));
});
