/**
 * One broker process for the tests of a file, with a topic or two, stopped at the end; its log must tell of no inner error.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { freePorts } from '@jackdaw/testing';
import { createTopic, expectServing } from './broker-probe.ts';
import { BrokerProcess } from './broker-process.ts';
import { RawConnection } from './raw-connection.ts';

export interface LiveBroker {
  readonly port: number;
  readonly process: BrokerProcess;
  /** A connection that is closed after the test file. */
  open(): Promise<RawConnection>;
  /** A new connection is served: ApiVersions, Metadata, Produce and Fetch of the topic `steady`. */
  expectServing(): Promise<void>;
}

/** Call at the top of a test file; the broker is there in its tests. */
export function liveBroker(options: { settings?: readonly string[]; topics?: readonly string[] } = {}): LiveBroker {
  const directory = mkdtempSync(join(tmpdir(), 'jackdaw-hardening-'));
  const connections: RawConnection[] = [];
  let broker: BrokerProcess | undefined;
  const running = (): BrokerProcess => {
    assert.ok(broker !== undefined, 'only inside a test');
    return broker;
  };
  before(async () => {
    const [port = 0, controllerPort = 0] = await freePorts(2);
    broker = await BrokerProcess.start({ port, controllerPort, dataDir: directory, settings: options.settings ?? [] });
    for (const name of ['steady', ...(options.topics ?? [])]) await createTopic(port, name);
  });
  after(async () => {
    for (const connection of connections) connection.close();
    const ended = await broker?.stop();
    rmSync(directory, { recursive: true, force: true });
    assert.equal(ended?.code, 0, `the broker's end: ${ended?.signal ?? ended?.code}\n${ended?.output.slice(-4000)}`);
    const errors = ended.output.split('\n').filter((line) => /"level":"(error|fatal)"|unhandled/i.test(line));
    assert.deepEqual(errors, [], 'inner errors in the log of the broker');
  });
  return {
    get port() {
      return running().port;
    },
    get process() {
      return running();
    },
    open: async () => {
      const connection = await RawConnection.open(running().port);
      connections.push(connection);
      return connection;
    },
    expectServing: () => expectServing(running().port, 'steady'),
  };
}
