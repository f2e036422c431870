/**
 * The development cluster's parts that need no broker: state, identities of processes, ports, settings.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { brokerSettings, voterCount } from '../../src/dev/broker-process.ts';
import { choosePorts } from '../../src/dev/ports.ts';
import { identityOf, parseProcStat, signalProcess, stateOf } from '../../src/dev/process-identity.ts';
import { expectBroker, readState, updateBroker, writeState, type DevState } from '../../src/dev/state.ts';

function stateOfTwo(directory: string): DevState {
  const brokers = [1, 2].map((id) => ({
    id,
    port: 9091 + id,
    grpcPort: 9191 + id,
    adminPort: 9643 + id,
    dataDir: join(directory, `broker-${id}`),
    logFile: join(directory, `broker-${id}.log`),
    process: null,
  }));
  return { version: 1, clusterId: 'dev-x', sets: ['broker.rack=rack-{id}'], brokers };
}

test('the state survives writing and reading, and a change of one broker leaves the others', () => {
  const directory = mkdtempSync(join(tmpdir(), 'jackdaw-dev-'));
  assert.equal(readState(directory), undefined);
  writeState(directory, stateOfTwo(directory));
  updateBroker(directory, 2, { process: { pid: 5, startedAt: '7' } });
  const state = readState(directory) as DevState;
  assert.deepEqual(
    state.brokers.map((broker) => broker.process?.pid),
    [undefined, 5],
  );
  assert.throws(() => expectBroker(state, 3), /there is no broker 3/);
  rmSync(directory, { recursive: true });
});

test('a process is known by pid and start together; pausing and killing show', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const identity = identityOf(child.pid as number);
  assert.ok(identity !== undefined);
  assert.equal(stateOf(identity), 'running');
  assert.equal(stateOf({ ...identity, startedAt: 'other' }), 'stopped', 'the pid was used again');
  assert.equal(signalProcess({ ...identity, startedAt: 'other' }, 'SIGKILL'), false, 'a stranger is not hit');
  signalProcess(identity, 'SIGSTOP');
  const deadlineMs = performance.now() + 5000;
  while (stateOf(identity) !== 'paused' && performance.now() < deadlineMs) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(stateOf(identity), 'paused');
  const exited = once(child, 'exit');
  signalProcess(identity, 'SIGKILL');
  await exited;
  assert.equal(stateOf(identity), 'stopped');
});

test('a process name with blanks and parentheses does not shift the fields', () => {
  const fields = ['S', ...Array.from({ length: 18 }, (_unused, i) => String(i)), '4711', '0'];
  assert.deepEqual(parseProcStat(`12 (a) b (c) ${fields.join(' ')}`), { letter: 'S', startedAt: '4711' });
});

test('a taken Kafka port is an error with a remedy; taken gRPC and admin ports give way unless they were named', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const taken = typeof address === 'object' && address !== null ? address.port : 0;
  const plan = { count: 1, grpcPort: undefined, adminPort: undefined };
  await assert.rejects(choosePorts({ ...plan, kafkaPort: taken }), new RegExp(`port ${taken} \\(Kafka\\) is taken`));
  const [ports] = await choosePorts({ ...plan, kafkaPort: taken - 100 });
  assert.notEqual(ports?.grpcPort, taken);
  await assert.rejects(
    choosePorts({ ...plan, kafkaPort: taken - 100, grpcPort: taken }),
    new RegExp(`port ${taken} \\(gRPC\\) is taken`),
  );
  await new Promise((resolve) => server.close(resolve));
});

test('settings name the voters, and {id} stands for the broker', () => {
  const state = stateOfTwo('/data');
  const settings = brokerSettings(state, expectBroker(state, 2));
  assert.ok(settings.includes('process.roles=broker'));
  assert.ok(settings.includes('controller.quorum.voters=1@127.0.0.1:9192'));
  assert.equal(settings.at(-1), 'broker.rack=rack-2');
  assert.deepEqual([1, 2, 3, 4, 5, 9].map(voterCount), [1, 1, 3, 3, 5, 5]);
});
