/**
 * What single keys cannot say: contradictions between them (errors) and choices that start but will surprise
 * (warnings). Kafka's counterpart of the errors is `KafkaConfig.validateValues`.
 */

import { brokerConfigKeys, isOpenBrokerKey, type ConfigView } from '@jackdaw/metadata';
import type { Complaints } from './complaints.ts';
import { addressText, isLoopbackHost } from './endpoints.ts';
import type { NetworkConfig } from './network-config.ts';

/** Longest cluster id: it stands in file names of tools and in every log line. */
const maxClusterIdLength = 64;

export function checkValues(view: ConfigView, complaints: Complaints): void {
  checkClusterId(view, complaints);
  checkSecurity(view, complaints);
  for (const name of ['log.roll.ms', 'log.retention.ms', 'log.retention.minutes', 'log.retention.hours']) {
    const value = view.value(name);
    const mayBeUnlimited = name !== 'log.roll.ms';
    if (typeof value !== 'number' || value >= 1 || (mayBeUnlimited && value === -1)) continue;
    complaints.error(name, mayBeUnlimited ? 'it must be -1 (no limit) or at least 1' : 'it must be at least 1');
  }
  atMost(view, complaints, [
    'group.min.session.timeout.ms',
    'group.max.session.timeout.ms',
    'or no session timeout would be allowed',
  ]);
  atMost(view, complaints, [
    'log.cleaner.min.compaction.lag.ms',
    'log.cleaner.max.compaction.lag.ms',
    'or a record would be due for compaction before it may be compacted',
  ]);
}

export function warnOfChoices(view: ConfigView, network: NetworkConfig, complaints: Complaints): void {
  warnOfReplication(view, network, complaints);
  warnOfTimeouts(view, complaints);
  warnOfAddresses(network, complaints);
  if (view.string('jackdaw.durability') === 'page-cache') {
    complaints.warn(
      'jackdaw.durability=page-cache: records are acknowledged before they are on disk; ' +
        'a power cut on all replicas at once loses acknowledged records (fsync is the default)',
    );
  }
  if (view.boolean('unclean.leader.election.enable')) {
    complaints.warn(
      'unclean.leader.election.enable=true: a replica that is behind may become leader, losing acknowledged records',
    );
  }
  const ignored = [...view.layers.staticBroker.keys()].filter(
    (name) => isOpenBrokerKey(name) || brokerConfigKeys.get(name)?.status === 'accepted',
  );
  if (ignored.length > 0) {
    complaints.warn(`taken and ignored, for they mean nothing here (docs/configuration.md says why): ${ignored.join(', ')}`);
  }
}

function checkClusterId(view: ConfigView, complaints: Complaints): void {
  const id = view.string('cluster.id');
  if (id === null) return;
  if (id === '' || id.length > maxClusterIdLength || /[^\x21-\x7e]/.test(id)) {
    complaints.error('cluster.id', `it must be 1 to ${maxClusterIdLength} printable ASCII characters without spaces`);
  }
}

/** A file that closes a door must not start a broker that leaves it open. */
function checkSecurity(view: ConfigView, complaints: Complaints): void {
  if (view.string('authorizer.class.name') !== '') {
    complaints.error(
      'authorizer.class.name',
      'there is no authorizer in this version, so what it forbids would be allowed; remove the key if that is meant',
    );
  }
  if (view.string('security.inter.broker.protocol') !== 'PLAINTEXT') {
    complaints.error(
      'security.inter.broker.protocol',
      'brokers speak without TLS in this version; remove the key if that is meant',
    );
  }
}

function atMost(view: ConfigView, complaints: Complaints, [low, high, reason]: readonly [string, string, string]): void {
  if (view.number(low) <= view.number(high)) return;
  complaints.error(low, `it must be at most ${high}=${view.text(high)}, ${reason}`);
}

function warnOfReplication(view: ConfigView, network: NetworkConfig, complaints: Complaints): void {
  const factor = view.number('default.replication.factor');
  const minIsr = view.number('min.insync.replicas');
  const voters = network.voters.length;
  if (factor > voters) {
    complaints.warn(
      `default.replication.factor=${factor} is more than the ${voters} broker(s) of controller.quorum.voters: ` +
        'topics are created only while that many brokers are registered',
    );
  }
  if (minIsr > factor) {
    complaints.warn(
      `min.insync.replicas=${minIsr} is more than default.replication.factor=${factor}: ` +
        'writes with acks=all to such a topic always fail',
    );
  } else if (minIsr === factor && factor > 1) {
    complaints.warn(
      `min.insync.replicas=${minIsr} equals default.replication.factor: one broker down stops writes with acks=all; ` +
        `${factor - 1} lets one fail`,
    );
  }
}

function warnOfTimeouts(view: ConfigView, complaints: Complaints): void {
  const heartbeat = view.number('broker.heartbeat.interval.ms');
  const session = view.number('broker.session.timeout.ms');
  if (heartbeat * 2 > session) {
    complaints.warn(
      `broker.heartbeat.interval.ms=${heartbeat} is more than half of broker.session.timeout.ms=${session}: ` +
        'one late heartbeat fences the broker',
    );
  }
}

function warnOfAddresses(network: NetworkConfig, complaints: Complaints): void {
  for (const { name, host, port, advertised } of network.listeners) {
    if (advertised === null || isLoopbackHost(host) || !isLoopbackHost(advertised.host)) continue;
    complaints.warn(
      `listener ${name} takes connections at ${addressText({ host: host === '' ? '*' : host, port })} but tells clients to use ` +
        `${addressText(advertised)}: clients on other machines will fail; set advertised.listeners`,
    );
  }
  const { controllerListener } = network;
  if (!isLoopbackHost(controllerListener.host)) {
    complaints.warn(
      `${controllerListener.name} takes connections from other machines without TLS: keep its port ` +
        `${controllerListener.port} on a network that only brokers reach`,
    );
  }
}
