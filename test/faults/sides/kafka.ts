/**
 * Apache Kafka's brokers, for a second column: the script of the environment variable PEER runs a class of Kafka's
 * (`PEER tool CLASS …`, which becomes the Java process), and a properties file beside the data directory configures it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BrokerLayout } from '../cluster.ts';
import { cleanEnvironment, nodeSettings, type BrokerPlan, type Side } from './side.ts';

const clusterId = '4L6g3nShT-eMCtK--X86sw';
const script = process.env['PEER'];

export const kafka: Side = {
  name: 'kafka',
  startTimeoutMs: 180_000,
  whyNot() {
    if (script === undefined || !existsSync(script)) return 'PEER does not name the script that starts Apache Kafka';
    return spawnSync('java', ['-version']).status === 0 ? undefined : 'there is no Java here';
  },
  prepare(plan) {
    const file = propertiesOf(plan.broker);
    writeFileSync(file, properties(plan).join('\n'));
    const { args, env } = tool('kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', file);
    const formatted = spawnSync('bash', args, { env, encoding: 'utf8' });
    if (formatted.status !== 0) throw new Error(`formatting for Kafka: ${formatted.stdout}${formatted.stderr}`);
  },
  command: ({ broker }) => tool('kafka.Kafka', propertiesOf(broker)),
};

function tool(...words: readonly string[]) {
  return { file: 'bash', args: [script ?? '', 'tool', ...words], env: cleanEnvironment() };
}

function propertiesOf({ dataDir }: BrokerLayout): string {
  return join(dirname(dataDir), 'server.properties');
}

function properties(plan: BrokerPlan): string[] {
  const replicas = Math.min(3, plan.brokers.length);
  return [
    'process.roles=broker,controller',
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=PLAINTEXT',
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    `offsets.topic.replication.factor=${replicas}`,
    `transaction.state.log.replication.factor=${replicas}`,
    `transaction.state.log.min.isr=${Math.max(1, replicas - 1)}`,
    'group.initial.rebalance.delay.ms=0',
    ...nodeSettings({ ...plan, settings: plan.settings.filter((setting) => !setting.startsWith('jackdaw.')) }),
  ];
}
