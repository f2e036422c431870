/**
 * Apache Kafka's brokers, for a second column, as test/peer starts them; a properties file beside the data directory
 * configures each.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { installJava } from '../../peer/java.ts';
import { kafkaBrokerArguments, kafkaFormatArguments, kafkaProperties } from '../../peer/kafka-node.ts';
import { MissingProgramError } from '../../peer/missing-program.ts';
import type { BrokerLayout } from '../cluster.ts';
import { cleanEnvironment, nodeSettings, type Side } from './side.ts';

export const kafka: Side = {
  name: 'kafka',
  startTimeoutMs: 180_000,
  whyNot() {
    try {
      installJava();
      return undefined;
    } catch (error) {
      if (error instanceof MissingProgramError) return `${error.message}; ${error.hint}`;
      throw error;
    }
  },
  prepare(plan) {
    const file = propertiesOf(plan.broker);
    const settings = ['group.initial.rebalance.delay.ms=0', ...nodeSettings(plan)];
    writeFileSync(file, kafkaProperties(plan.brokers.length, settings));
    const formatted = spawnSync('java', kafkaFormatArguments(file), { env: cleanEnvironment(), encoding: 'utf8' });
    if (formatted.status !== 0) throw new Error(`formatting for Kafka: ${formatted.stdout}${formatted.stderr}`);
  },
  command: ({ broker }) => ({ file: 'java', args: kafkaBrokerArguments(propertiesOf(broker)), env: cleanEnvironment() }),
};

function propertiesOf({ dataDir }: BrokerLayout): string {
  return join(dirname(dataDir), 'server.properties');
}
