/**
 * A broker of Apache Kafka, combined broker and controller (KRaft), with the heap and the settings that it ships with.
 *
 * What is set beside addresses and directories is what any cluster of its size sets: replication of the internal topics.
 */
import { javaArguments } from './java.ts';

const clusterId = '4L6g3nShT-eMCtK--X86sw';

/** Its properties file: `settings` ("key=value", without Jackdaw's own) behind what every cluster of so many brokers has. */
export function kafkaProperties(brokers: number, settings: readonly string[]): string {
  const replicas = Math.min(3, brokers);
  const minIsr = Math.max(1, replicas - 1);
  const lines = [
    'process.roles=broker,controller',
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=PLAINTEXT',
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    `offsets.topic.replication.factor=${replicas}`,
    `transaction.state.log.replication.factor=${replicas}`,
    `transaction.state.log.min.isr=${minIsr}`,
    `share.coordinator.state.topic.replication.factor=${replicas}`,
    `share.coordinator.state.topic.min.isr=${minIsr}`,
    ...settings.filter((setting) => !setting.startsWith('jackdaw.')),
  ];
  return `${lines.join('\n')}\n`;
}

/** Arguments of `java` that format the data directory of a properties file. */
export function kafkaFormatArguments(propertiesFile: string): string[] {
  return javaArguments('tool', 'kafka.tools.StorageTool', ['format', '-t', clusterId, '-c', propertiesFile]);
}

/** Arguments of `java` that run the broker of a properties file. */
export function kafkaBrokerArguments(propertiesFile: string): string[] {
  return javaArguments('broker', 'kafka.Kafka', [propertiesFile]);
}
