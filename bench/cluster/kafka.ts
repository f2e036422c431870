/**
 * The peer: Apache Kafka's brokers, as test/peer starts them.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installJava, kafkaVersion } from '../../test/peer/java.ts';
import { kafkaBrokerArguments, kafkaFormatArguments, kafkaProperties } from '../../test/peer/kafka-node.ts';
import { BenchError } from '../run/bench-error.ts';
import { adopt } from './leftovers.ts';
import { nodeSettings, type NodePlan, type Side } from './side.ts';

export const kafka: Side = {
  id: 'kafka',
  title: `Kafka ${kafkaVersion}`,
  isPeer: true,
  syncs: 'no record before it is acknowledged, as Kafka ships (log.flush.interval.messages is not set); the metadata log',
  startTimeoutMs: 180_000,
  install: () => {
    installJava();
    return Promise.resolve();
  },
  async format(node, plan) {
    mkdirSync(node.dataDir, { recursive: true });
    writeFileSync(propertiesFile(node), kafkaProperties(plan.nodes.length, nodeSettings(node, plan)));
    await runFormat(kafkaFormatArguments(propertiesFile(node)));
  },
  command: (node) => ({ file: 'java', args: kafkaBrokerArguments(propertiesFile(node)), hasProbe: false }),
};

function propertiesFile({ directory }: NodePlan): string {
  return join(directory, 'server.properties');
}

function runFormat(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = adopt(spawn('java', args, { stdio: ['ignore', 'pipe', 'pipe'] }));
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new BenchError(`Kafka's storage tool ended with ${code}: ${said.trim().slice(-500)}`));
    });
  });
}
