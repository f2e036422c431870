/**
 * A broker that cannot start says so in one line that names the value and what to do, ends with a code that is not 0, and
 * leaves what was there as it was.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { freePorts } from '@jackdaw/testing';
import { createTopic, expectServing } from './broker-probe.ts';
import { BrokerProcess, type Ended, type ProcessOptions } from './broker-process.ts';
import { mountTmpfs, whyNoMounts } from './mounts.ts';

const directory = mkdtempSync(join(tmpdir(), 'jackdaw-start-'));
after(() => rmSync(directory, { recursive: true, force: true }));
let directories = 0;

async function place(change: Partial<ProcessOptions> = {}): Promise<ProcessOptions> {
  const [port = 0, controllerPort = 0] = await freePorts(2);
  return { port, controllerPort, dataDir: join(directory, String(++directories)), ...change };
}

/** The end of a broker that must not start. */
async function failedStart(options: ProcessOptions): Promise<Ended> {
  const ended = await new BrokerProcess(options).whenEnded(20_000);
  assert.notEqual(ended.code, 0);
  assert.equal(ended.signal, null);
  assert.ok(!/\n\s+at .*:\d+:\d+/.test(ended.output), `a stack trace:\n${ended.output}`);
  assert.match(ended.output, /^error: [A-Z_]+: /m, ended.output);
  assert.doesNotMatch(ended.output, /INTERNAL|looks like a bug/);
  return ended;
}

/** Starts a broker once, so that its directory is formatted. */
async function formatted(change: Partial<ProcessOptions> = {}): Promise<ProcessOptions> {
  const options = await place(change);
  const broker = await BrokerProcess.start(options);
  const ended = await broker.stop();
  assert.equal(ended.code, 0, ended.output);
  return options;
}

test('a directory of another node is refused with both ids, and is not changed', async () => {
  const options = await formatted();
  const before = readFileSync(join(options.dataDir, 'meta.properties'), 'utf8');
  const { output } = await failedStart({ ...options, nodeId: 2 });
  assert.match(output, /belongs to node 1, not to node 2/);
  assert.ok(output.includes(options.dataDir), output);
  assert.equal(readFileSync(join(options.dataDir, 'meta.properties'), 'utf8'), before);
});

test('a directory of another cluster is refused with both cluster ids, and is not changed', async () => {
  const options = await formatted({ settings: ['cluster.id=ours'] });
  const before = readFileSync(join(options.dataDir, 'meta.properties'), 'utf8');
  const { output } = await failedStart({ ...options, settings: ['cluster.id=theirs'] });
  assert.match(output, /ours/);
  assert.match(output, /theirs/);
  assert.equal(readFileSync(join(options.dataDir, 'meta.properties'), 'utf8'), before);
});

test('B16: a cluster.id that has rotted is refused with the path and both ids, for the metadata knows better', async () => {
  const options = await formatted();
  const file = join(options.dataDir, 'meta.properties');
  const before = readFileSync(file, 'utf8');
  const [, id = ''] = /^cluster\.id=(.*)$/m.exec(before) ?? assert.fail();
  const rotten = `${id.slice(0, -1)}${id.endsWith('x') ? 'y' : 'x'}`;
  writeFileSync(file, before.replace(id, rotten));
  const { output } = await failedStart(options);
  for (const word of [file, id, rotten]) assert.ok(output.includes(word), `${word} in:\n${output}`);
  assert.match(output, /^hint: .*empty directory/m);
});

test('a meta.properties that cannot be read is refused with its path', async () => {
  const options = await formatted();
  writeFileSync(join(options.dataDir, 'meta.properties'), Buffer.from([0, 255, 13, 10, 61, 61]));
  const { output } = await failedStart(options);
  assert.match(output, /meta\.properties/);
});

test('a second process on the same directory is refused, and the first one serves on', async () => {
  const options = await place();
  const first = await BrokerProcess.start(options);
  try {
    await createTopic(first.port, 'steady');
    const { output } = await failedStart(await place({ dataDir: options.dataDir }));
    assert.ok(output.includes(options.dataDir), output);
    assert.match(output, new RegExp(`in use|locked|process ${first.pid}`));
    await expectServing(first.port, 'steady');
  } finally {
    assert.equal((await first.stop()).code, 0);
  }
});

test('a directory whose owner was killed is taken over', async () => {
  const options = await place();
  await (await BrokerProcess.start(options)).kill();
  const second = await BrokerProcess.start(options);
  assert.equal((await second.stop()).code, 0);
});

const ports = { Kafka: 'port', gRPC: 'controllerPort', admin: 'admin' } as const;
for (const [name, which] of Object.entries(ports)) {
  test(`a ${name} port in use is refused with the port`, async () => {
    const server = createServer();
    const options = await place();
    const [free = 0] = await freePorts(1);
    const taken = which === 'admin' ? free : options[which];
    await once(server.listen(taken, '127.0.0.1'), 'listening');
    try {
      const settings = which === 'admin' ? [`admin.port=${taken}`] : [];
      const { output } = await failedStart({ ...options, settings });
      assert.match(output, new RegExp(`\\b${taken}\\b`));
      assert.match(output, /PORT_IN_USE/);
      assert.match(output, /^hint: /m);
      assert.equal(
        output
          .trim()
          .split('\n')
          .filter((line) => !/^(\{|warning)/.test(line)).length,
        2,
        output,
      );
    } finally {
      server.close();
    }
    // Nothing of the failed start is in the way of the next one.
    const broker = await BrokerProcess.start(options);
    assert.equal((await broker.stop()).code, 0);
  });
}

test('a data directory that is a file, or below one, is refused with its path', async () => {
  const file = join(directory, 'a-file');
  writeFileSync(file, 'x');
  for (const dataDir of [file, join(file, 'data')]) {
    const { output } = await failedStart(await place({ dataDir }));
    assert.ok(output.includes(dataDir), output);
  }
});

test('a read-only disk is refused with its path', { skip: whyNoMounts() }, async () => {
  const mount = mountTmpfs(16);
  try {
    mount.remount('ro');
    const dataDir = join(mount.path, 'data');
    const { output } = await failedStart(await place({ dataDir }));
    assert.ok(output.includes(mount.path), output);
  } finally {
    mount.unmount();
  }
});

test('a formatted directory on a disk that became read-only is refused with its path', { skip: whyNoMounts() }, async () => {
  const mount = mountTmpfs(64);
  try {
    const options = await formatted({ dataDir: join(mount.path, 'data') });
    mount.remount('ro');
    const { output } = await failedStart(options);
    assert.ok(output.includes(mount.path), output);
  } finally {
    mount.unmount();
  }
});

test('a full disk is refused at the start with its path', { skip: whyNoMounts() }, async () => {
  const mount = mountTmpfs(1);
  try {
    mount.fill();
    const { output } = await failedStart(await place({ dataDir: join(mount.path, 'data') }));
    assert.ok(output.includes(mount.path), output);
  } finally {
    mount.unmount();
  }
});

test('every mistake of a configuration is told at once, with key and value', async () => {
  const settings = ['num.partitions=many', 'no.such.key=1', 'listeners=WHAT'];
  const { output, code } = await failedStart(await place({ settings }));
  assert.equal(code, 2);
  for (const word of ['num.partitions', 'many', 'no.such.key']) assert.ok(output.includes(word), `${word} in:\n${output}`);
});
