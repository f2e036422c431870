/** A broker's process: its end, asked for or not. The processes here are small programs of Node. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BrokerProcess } from './broker-process.ts';
import { makeDirectory, removeDirectory } from './leftovers.ts';

async function withProcess(program: string, check: (process: BrokerProcess, outputFile: string) => Promise<void>): Promise<void> {
  const directory = makeDirectory();
  const outputFile = join(directory, 'output.log');
  const broker = new BrokerProcess(1, outputFile, { file: process.execPath, args: ['-e', program], hasProbe: false });
  try {
    broker.start();
    await check(broker, outputFile);
  } finally {
    await broker.stop('SIGKILL');
    removeDirectory(directory);
  }
}

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a process that is told to end has ended when stop resolves, and is no crash', async () => {
  await withProcess('setInterval(() => {}, 1000)', async (broker) => {
    const { pid } = broker;
    await broker.stop('SIGTERM');
    assert.equal(broker.isRunning, false);
    broker.expectAlive();
    assert.throws(() => process.kill(pid, 0), /ESRCH/);
  });
});

test('a process that does not end by SIGTERM can be killed while it is waited for', async () => {
  const program = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')";
  await withProcess(program, async (broker, outputFile) => {
    await until(() => readFileSync(outputFile, 'utf8').includes('up'));
    const stopped = broker.stop('SIGTERM');
    await broker.stop('SIGKILL');
    await stopped;
    assert.equal(broker.isRunning, false);
  });
});

test('a process that ends by itself is a crash that says its last words', async () => {
  await withProcess("console.log('no disk'); process.exitCode = 3", async (broker) => {
    await until(() => !broker.isRunning);
    assert.throws(() => broker.expectAlive(), /broker 1 ended by itself \(exit code 3\); it said: no disk/);
    assert.throws(() => broker.pid, /ended by itself/);
  });
});
