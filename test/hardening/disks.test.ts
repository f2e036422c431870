/**
 * Disks that fill up or become read-only under a running broker (correctness B10), on small tmpfs mounts; and reads and syncs
 * that fail (B9), by a library that is put in front of the system calls when the machine can build one.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ErrorCode, errorName } from '@jackdaw/protocol';
import { freePorts } from '@jackdaw/testing';
import { batchOf, createTopic, expectServing, fetch, metadata, produce, valuesOf } from './broker-probe.ts';
import { BrokerProcess } from './broker-process.ts';
import { mountTmpfs, whyNoMounts, type Mount } from './mounts.ts';
import { RawConnection } from './raw-connection.ts';

/** Recoverable for a producer: it tries again, here or with the next leader. */
const retriable: ReadonlySet<number> = new Set<number>([
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.NOT_ENOUGH_REPLICAS,
]);

async function onDisk(mebibytes: number, body: (broker: BrokerProcess, mount: Mount) => Promise<void>): Promise<void> {
  const mount = mountTmpfs(mebibytes);
  const [port = 0, controllerPort = 0] = await freePorts(2);
  const settings = ['log.segment.bytes=1048576', 'offsets.topic.num.partitions=1', 'log.index.size.max.bytes=65536'];
  const broker = new BrokerProcess({ port, controllerPort, dataDir: join(mount.path, 'data'), settings });
  try {
    await broker.whenServing();
    await createTopic(port, 'steady');
    await body(broker, mount);
  } finally {
    if (broker.isRunning) await broker.kill();
    mount.unmount();
  }
}

/** Writes until the disk is full; the number of records that were acknowledged, and the refusal. */
async function writeUntilRefused(connection: RawConnection): Promise<{ acknowledged: number; refusal: number }> {
  for (let acknowledged = 0; acknowledged < 10_000; acknowledged++) {
    const outcome = await produce(connection, { topic: 'steady', records: batchOf(`${acknowledged} ${'x'.repeat(50_000)}`) });
    if (outcome.errorCode !== ErrorCode.NONE) return { acknowledged, refusal: outcome.errorCode };
  }
  throw new Error('the disk does not fill up');
}

async function readAll(connection: RawConnection): Promise<string[]> {
  const values: string[] = [];
  for (;;) {
    const read = await fetch(connection, { topic: 'steady', offset: values.length, maxWaitMs: 0 });
    assert.equal(read.errorCode, ErrorCode.NONE, errorName(read.errorCode));
    const more = valuesOf(read.records);
    if (more.length === 0) return values;
    values.push(...more);
  }
}

test(
  'B10: on a full disk producers are told to retry, consumers read on, and free space is enough to go on',
  { skip: whyNoMounts() },
  async () => {
    await onDisk(48, async (broker, mount) => {
      const connection = await RawConnection.open(broker.port);
      const { acknowledged } = await writeUntilRefusedWithin(connection, mount);
      assert.ok(acknowledged >= 5, `${acknowledged} acknowledged`);
      for (let i = 0; i < 20; i++) {
        const outcome = await produce(connection, { topic: 'steady', records: batchOf('y'.repeat(50_000)) });
        assert.ok(retriable.has(outcome.errorCode), errorName(outcome.errorCode));
      }
      assert.ok(broker.isRunning, broker.output);
      assert.deepEqual(
        (await readAll(connection)).map((value) => Number.parseInt(value, 10)),
        range(acknowledged),
      );
      assert.equal((await metadata(connection, ['steady'])).topics[0]?.errorCode, ErrorCode.NONE);

      mount.free();
      await goesOn(broker);
      const values = (await readAll(connection)).slice(0, acknowledged);
      assert.deepEqual(
        values.map((value) => Number.parseInt(value, 10)),
        range(acknowledged),
        'what was acknowledged is still there',
      );
      const ended = await broker.stop();
      assert.equal(ended.code, 0, ended.output.slice(-4_000));
      assert.doesNotMatch(ended.output, /unhandled/i);
      connection.close();
    });
  },
);

/** Fills the disk but for some MiB, and writes into the rest. */
async function writeUntilRefusedWithin(
  connection: RawConnection,
  mount: Mount,
): Promise<{ acknowledged: number; refusal: number }> {
  for (let i = 0; i < 10; i++) {
    const outcome = await produce(connection, { topic: 'steady', records: batchOf(`${i} ${'x'.repeat(50_000)}`) });
    assert.equal(outcome.errorCode, ErrorCode.NONE);
  }
  mount.fill();
  const rest = await writeUntilRefused(connection);
  return { acknowledged: rest.acknowledged + 10, refusal: rest.refusal };
}

/** Without a restart the broker takes records again, within the time of a few retries of a producer. */
async function goesOn(broker: BrokerProcess): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      await expectServing(broker.port, 'steady');
      return;
    } catch (error) {
      if (performance.now() > deadline || !broker.isRunning) throw new Error(broker.output.slice(-6_000), { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function range(count: number): number[] {
  // The first ten and the rest were numbered from 0 each.
  return Array.from({ length: count }, (_, i) => (i < 10 ? i : i - 10));
}

test(
  'a broker says that its disk has become read-only, and what was acknowledged is read after the repair',
  {
    skip: whyNoMounts(),
  },
  async () => {
    await onDisk(48, async (broker, mount) => {
      const connection = await RawConnection.open(broker.port);
      for (let i = 0; i < 5; i++) {
        assert.equal((await produce(connection, { topic: 'steady', records: batchOf(String(i)) })).errorCode, ErrorCode.NONE);
      }
      connection.close();
      await makeReadOnly(broker, mount);
      mount.remount('rw');
      const again = await BrokerProcess.start(broker.options);
      try {
        const second = await RawConnection.open(again.port);
        assert.deepEqual((await readAll(second)).slice(0, 5), ['0', '1', '2', '3', '4']);
        second.close();
        await goesOn(again);
      } finally {
        await again.stop();
      }
    });
  },
);

/** A mount with files open for writing cannot be remounted; the kernel flips it by itself only when the disk fails. */
async function makeReadOnly(broker: BrokerProcess, mount: Mount): Promise<void> {
  await broker.kill();
  mount.remount('ro');
  const ended = await new BrokerProcess(broker.options).whenEnded();
  assert.notEqual(ended.code, 0);
  assert.match(ended.output, /^error: [A-Z_]+: .*(read-only|EROFS)/m);
  assert.doesNotMatch(ended.output, /\n\s+at .*:\d+:\d+/);
}
