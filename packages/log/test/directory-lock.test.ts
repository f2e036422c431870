/** The lock of a data directory and the real processes that hold it, or held it until they were killed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { lockDirectory, systemProcesses } from '../src/directory-lock.ts';
import { NodeFs } from '../src/node-fs.ts';
import { temporaryDirectory } from './support.ts';

test('the lock of a process that was killed is stale, that of a running one is not', async () => {
  const fs = new NodeFs();
  const directory = temporaryDirectory();
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  const mine = systemProcesses();
  const theirs = { ...mine, self: { ...mine.self, processId: child.pid ?? 0 } };
  // The start time is the child's own, so that another process under its id would not pass for it.
  const identity = { ...theirs.self, startTime: mine.startTimeOf(child.pid ?? 0) };
  lockDirectory(fs, directory, { processes: { ...theirs, self: identity }, token: 'child' });
  assert.throws(() => lockDirectory(fs, directory, { processes: mine, token: 'me' }), /in use/);
  child.kill('SIGKILL');
  await once(child, 'exit');
  lockDirectory(fs, directory, { processes: mine, token: 'me' }).release();
});

test('the lock of a process that was killed is stale before its parent has asked for it', async () => {
  // The shell becomes a process that asks for no child, so the killed one stays behind as a zombie.
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60']);
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const processId = Number(line.toString());
  const fs = new NodeFs();
  const directory = temporaryDirectory();
  const mine = systemProcesses();
  const zombie = { ...mine.self, processId, startTime: mine.startTimeOf(processId) };
  try {
    lockDirectory(fs, directory, { processes: { ...mine, self: zombie }, token: 'child' });
    assert.ok(mine.isAlive(zombie));
    process.kill(processId, 'SIGKILL');
    while (mine.isAlive(zombie)) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(mine.startTimeOf(processId), zombie.startTime);
    lockDirectory(fs, directory, { processes: mine, token: 'me' }).release();
  } finally {
    parent.kill('SIGKILL');
  }
});
