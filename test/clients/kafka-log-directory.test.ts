/**
 * A partition directory that Apache Kafka 4.3.1 wrote is opened by our log, as it is and after a crash.
 *
 * The directory under testdata was copied from a broker that was stopped with SIGTERM: 40 records of kafka-python with each
 * codec, the last of each 40 a tombstone, keys, one header, time stamps from 1700000000000 on.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ManualClock } from '@jackdaw/base';
import { nodeCodecs } from '@jackdaw/broker';
import { defaultLogConfig, LogManager, NodeFs, type PartitionLog, systemProcesses } from '@jackdaw/log';
import { codecNames, decodeRecords, eachBatch, uuidOf, type DecodedRecord } from '@jackdaw/protocol';

const written = fileURLToPath(new URL('../../../test/clients/testdata/kafka-4.3.1/made-by-kafka-0', import.meta.url));
const firstMs = 1_700_000_000_000;
const perCodec = 40;

for (const shutdown of ['a clean', 'an unclean'] as const) {
  test(`a directory that Kafka wrote is read whole after ${shutdown} shutdown`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'jackdaw-kafka-log-'));
    try {
      cpSync(written, join(directory, 'made-by-kafka-0'), { recursive: true });
      if (shutdown === 'a clean') {
        writeFileSync(join(directory, '.kafka_cleanshutdown'), '{"version":0,"brokerEpoch":1}');
        const endOffset = perCodec * codecNames.length;
        writeFileSync(join(directory, 'recovery-point-offset-checkpoint'), `0\n1\nmade-by-kafka 0 ${endOffset}\n`);
      }
      const manager = await open(directory);
      assert.deepEqual(manager.unreadable, []);
      const log = manager.get('made-by-kafka', 0);
      assert.ok(log !== undefined);
      assert.equal(log.recovery.wasUnclean, shutdown === 'an unclean');
      assert.equal(log.recovery.truncatedBytes, 0);
      await expectRecords(log);
      await manager.shutdown({ brokerEpoch: 2 });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

function open(directory: string): Promise<LogManager> {
  return LogManager.open({
    fs: new NodeFs(),
    clock: new ManualClock(0, firstMs),
    directories: [directory],
    clusterId: null,
    nodeId: 1,
    configOf: () => defaultLogConfig,
    maxProducerIdExpirationMs: () => 86_400_000,
    tailCache: { maxTotalBytes: 1 << 20, maxBytesPerLog: 1 << 16 },
    codecs: nodeCodecs,
    processes: systemProcesses(),
    newUuid: () => uuidOf(randomBytes(16)),
    defer: setImmediate,
    onDurable: () => {},
    onDirectoryOffline: (_, error) => assert.fail(error),
  });
}

async function expectRecords(log: PartitionLog): Promise<void> {
  assert.deepEqual([log.logStartOffset, log.logEndOffset], [0, perCodec * codecNames.length]);
  const records = await readAll(log);
  const text = new TextDecoder();
  for (const [index, record] of records.entries()) {
    const codec = Math.trunc(index / perCodec);
    const i = index % perCodec;
    assert.equal(record.offset, index);
    assert.equal(record.timestamp, firstMs + codec * 1000 + i);
    assert.equal(text.decode(record.key ?? undefined), `key ${i}`);
    const value = record.value === null ? null : text.decode(record.value);
    assert.equal(value, i === perCodec - 1 ? null : `${codecNames[codec]} ${i} ${'v'.repeat(100)}`);
    assert.deepEqual(
      record.headers.map((header) => text.decode(header.value ?? undefined)),
      [codecNames[codec]],
    );
  }
  assert.equal(records.length, perCodec * codecNames.length);
}

async function readAll(log: PartitionLog): Promise<DecodedRecord[]> {
  const records: DecodedRecord[] = [];
  for (let fetchOffset = 0; fetchOffset < log.logEndOffset;) {
    const read = await log.read({ fetchOffset, maxOffset: log.logEndOffset, maxBytes: 1 << 20, minOneBatch: true });
    assert.ok(read.kind === 'data');
    for (const chunk of read.chunks) {
      for (const start of eachBatch(chunk)) {
        records.push(...decodeRecords(chunk.subarray(start), nodeCodecs, { maxDecompressedBytes: 1 << 20 }));
      }
    }
    fetchOffset = read.nextOffset;
  }
  return records;
}
