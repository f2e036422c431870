/**
 * The peer: Apache Kafka's brokers, combined broker and controller (KRaft), with the heap and the settings that it ships with.
 *
 * What is set beside addresses and directories is what any cluster of this size sets: replication of the internal topics.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError } from '../run/bench-error.ts';
import { installJava, javaArguments, kafkaVersion } from './java.ts';
import { adopt } from './leftovers.ts';
import { nodeSettings, type ClusterPlan, type NodePlan, type Side } from './side.ts';

const clusterId = '4L6g3nShT-eMCtK--X86sw';

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
    writeFileSync(propertiesFile(node), properties(node, plan).join('\n'));
    await runFormat(javaArguments('tool', 'kafka.tools.StorageTool', ['format', '-t', clusterId, '-c', propertiesFile(node)]));
  },
  command: (node) => ({
    file: 'java',
    args: javaArguments('broker', 'kafka.Kafka', [propertiesFile(node)]),
    hasProbe: false,
  }),
};

function propertiesFile({ directory }: NodePlan): string {
  return join(directory, 'server.properties');
}

function properties(node: NodePlan, plan: ClusterPlan): string[] {
  const replicas = Math.min(3, plan.nodes.length);
  const minIsr = Math.max(1, replicas - 1);
  return [
    'process.roles=broker,controller',
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=PLAINTEXT',
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    `offsets.topic.replication.factor=${replicas}`,
    `transaction.state.log.replication.factor=${replicas}`,
    `transaction.state.log.min.isr=${minIsr}`,
    `share.coordinator.state.topic.replication.factor=${replicas}`,
    `share.coordinator.state.topic.min.isr=${minIsr}`,
    ...nodeSettings(node, plan).filter((setting) => !setting.startsWith('jackdaw.')),
    '',
  ];
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
