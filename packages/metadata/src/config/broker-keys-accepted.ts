/**
 * Broker keys of Kafka 4.3.1 that Jackdaw takes and ignores, so that existing files and compose environments start;
 * each that is set is named once in the log. Types, defaults and ranges are Kafka's, and wrong values are refused all
 * the same. Below them, keys that Kafka itself has dropped but files still hold.
 */

import type { ConfigKey } from './config-key.ts';
import { readKeyTable } from './key-table.ts';

const tls = `
principal.builder.class class null - broker medium
security.inter.broker.protocol string PLAINTEXT {PLAINTEXT,SSL,SASL_PLAINTEXT,SASL_SSL} ro medium
security.providers string null - ro low
ssl.allow.dn.changes boolean false - ro low
ssl.allow.san.changes boolean false - ro low
ssl.cipher.suites list '' - broker medium
ssl.client.auth string none {required,requested,none} broker medium
ssl.enabled.protocols list TLSv1.2,TLSv1.3 - broker medium
ssl.endpoint.identification.algorithm string https - broker low
ssl.engine.factory.class class null - broker low
ssl.key.password password null - broker medium
ssl.keymanager.algorithm string SunX509 - broker medium
ssl.keystore.certificate.chain password null - broker medium
ssl.keystore.key password null - broker medium
ssl.keystore.location string null - broker medium
ssl.keystore.password password null - broker medium
ssl.keystore.type string JKS - broker medium
ssl.principal.mapping.rules string DEFAULT - ro low
ssl.protocol string TLSv1.3 - broker medium
ssl.provider string null - broker medium
ssl.secure.random.implementation string null - broker low
ssl.trustmanager.algorithm string PKIX - broker medium
ssl.truststore.certificates password null - broker medium
ssl.truststore.location string null - broker medium
ssl.truststore.password password null - broker medium
ssl.truststore.type string JKS - broker medium
`;

const sasl = `
authorizer.class.name string '' - ro low
connection.failed.authentication.delay.ms int 100 >=0 ro low
connections.max.reauth.ms long 0 - ro medium
delegation.token.expiry.check.interval.ms long 3600000 >=1 ro low
delegation.token.expiry.time.ms long 86400000 >=1 ro medium
delegation.token.max.lifetime.ms long 604800000 >=1 ro medium
delegation.token.secret.key password null - ro medium
sasl.client.callback.handler.class class null - ro medium
sasl.enabled.mechanisms list GSSAPI - broker medium
sasl.jaas.config password null - broker medium
sasl.kerberos.kinit.cmd string /usr/bin/kinit - broker medium
sasl.kerberos.min.time.before.relogin long 60000 - broker medium
sasl.kerberos.principal.to.local.rules list DEFAULT - broker medium
sasl.kerberos.service.name string null - broker medium
sasl.kerberos.ticket.renew.jitter double 0.05 - broker medium
sasl.kerberos.ticket.renew.window.factor double 0.8 - broker medium
sasl.login.callback.handler.class class null - ro medium
sasl.login.class class null - ro medium
sasl.login.connect.timeout.ms int null - ro low
sasl.login.read.timeout.ms int null - ro low
sasl.login.refresh.buffer.seconds short 300 - broker medium
sasl.login.refresh.min.period.seconds short 60 - broker medium
sasl.login.refresh.window.factor double 0.8 - broker medium
sasl.login.refresh.window.jitter double 0.05 - broker medium
sasl.login.retry.backoff.max.ms long 10000 - ro low
sasl.login.retry.backoff.ms long 100 - ro low
sasl.mechanism.controller.protocol string GSSAPI - ro high
sasl.mechanism.inter.broker.protocol string GSSAPI - broker medium
sasl.oauthbearer.assertion.algorithm string RS256 i{ES256,RS256} ro medium
sasl.oauthbearer.assertion.claim.aud string null - ro medium
sasl.oauthbearer.assertion.claim.exp.seconds int 300 0..86400 ro low
sasl.oauthbearer.assertion.claim.iss string null - ro medium
sasl.oauthbearer.assertion.claim.jti.include boolean false - ro medium
sasl.oauthbearer.assertion.claim.nbf.seconds int 60 0..3600 ro low
sasl.oauthbearer.assertion.claim.sub string null - ro medium
sasl.oauthbearer.assertion.file string null - ro medium
sasl.oauthbearer.assertion.private.key.file string null - ro medium
sasl.oauthbearer.assertion.private.key.passphrase password null - ro medium
sasl.oauthbearer.assertion.template.file string null - ro medium
sasl.oauthbearer.client.credentials.client.id string null - ro medium
sasl.oauthbearer.client.credentials.client.secret password null - ro medium
sasl.oauthbearer.clock.skew.seconds int 30 - ro low
sasl.oauthbearer.expected.audience list '' - ro high
sasl.oauthbearer.expected.issuer string null - ro high
sasl.oauthbearer.jwks.endpoint.refresh.ms long 3600000 - ro low
sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms long 10000 - ro low
sasl.oauthbearer.jwks.endpoint.retry.backoff.ms long 100 - ro low
sasl.oauthbearer.jwks.endpoint.url string null - ro medium
sasl.oauthbearer.jwt.retriever.class class null - ro medium
sasl.oauthbearer.jwt.validator.class class null - ro medium
sasl.oauthbearer.scope string null - ro medium
sasl.oauthbearer.scope.claim.name string scope - ro low
sasl.oauthbearer.sub.claim.name string sub - ro low
sasl.oauthbearer.token.endpoint.url string null - ro medium
sasl.server.callback.handler.class class null - ro medium
sasl.server.max.receive.size int 524288 - ro medium
`;

const groups = `
group.consumer.assignment.interval.ms int 1000 >=0 cluster medium
group.consumer.assignors list uniform,range - ro medium
group.consumer.heartbeat.interval.ms int 5000 >=1 ro medium
group.consumer.max.assignment.interval.ms int 15000 >=0 ro medium
group.consumer.max.heartbeat.interval.ms int 15000 >=1 ro medium
group.consumer.max.session.timeout.ms int 60000 >=1 ro medium
group.consumer.max.size int 2147483647 >=1 ro medium
group.consumer.migration.policy string bidirectional i{DISABLED,DOWNGRADE,UPGRADE,BIDIRECTIONAL} ro medium
group.consumer.min.assignment.interval.ms int 0 >=0 ro medium
group.consumer.min.heartbeat.interval.ms int 5000 >=1 ro medium
group.consumer.min.session.timeout.ms int 45000 >=1 ro medium
group.consumer.session.timeout.ms int 45000 >=1 ro medium
group.coordinator.append.linger.ms int -1 >=-1 ro medium
group.coordinator.background.threads int 2 >=1 ro high
group.coordinator.cached.buffer.max.bytes int 1048588 >=524288 cluster medium
group.coordinator.rebalance.protocols list classic,consumer,streams [consumer,classic,share,streams] ro medium
group.coordinator.threads int 4 >=1 ro high
`;

const share = `
group.share.assignment.interval.ms int 1000 >=0 cluster medium
group.share.assignors list simple - ro medium
group.share.delivery.count.limit int 5 2..10 ro medium
group.share.heartbeat.interval.ms int 5000 >=1 ro medium
group.share.max.assignment.interval.ms int 15000 >=0 ro medium
group.share.max.delivery.count.limit int 10 5..25 ro medium
group.share.max.heartbeat.interval.ms int 15000 >=1 ro medium
group.share.max.partition.max.record.locks int 4000 2000..10000 ro medium
group.share.max.record.lock.duration.ms int 60000 30000..3600000 ro medium
group.share.max.session.timeout.ms int 60000 >=1 ro medium
group.share.max.share.sessions int 2000 >=1 ro medium
group.share.max.size int 200 1..1000 ro medium
group.share.min.assignment.interval.ms int 0 >=0 ro medium
group.share.min.delivery.count.limit int 2 2..5 ro medium
group.share.min.heartbeat.interval.ms int 5000 >=1 ro medium
group.share.min.partition.max.record.locks int 100 100..2000 ro medium
group.share.min.record.lock.duration.ms int 15000 1000..30000 ro medium
group.share.min.session.timeout.ms int 45000 >=1 ro medium
group.share.partition.max.record.locks int 2000 100..10000 ro medium
group.share.record.lock.duration.ms int 30000 1000..3600000 ro medium
group.share.session.timeout.ms int 45000 >=1 ro medium
share.coordinator.append.linger.ms int -1 >=-1 ro medium
share.coordinator.cached.buffer.max.bytes int 1048588 >=524288 cluster medium
share.coordinator.load.buffer.size int 5242880 >=1 ro high
share.coordinator.snapshot.update.records.per.snapshot int 500 0..500 ro medium
share.coordinator.state.topic.compression.codec int 0 - ro high
share.coordinator.state.topic.min.isr short 2 >=1 ro high
share.coordinator.state.topic.num.partitions int 50 >=1 ro high
share.coordinator.state.topic.replication.factor short 3 >=1 ro high
share.coordinator.state.topic.segment.bytes int 104857600 >=1 ro high
share.coordinator.threads int 1 >=1 ro medium
share.coordinator.write.timeout.ms int 5000 >=1 ro high
share.fetch.purgatory.purge.interval.requests int 1000 - ro medium
`;

const streams = `
group.streams.assignment.interval.ms int 1000 >=0 cluster medium
group.streams.heartbeat.interval.ms int 5000 >=1 ro medium
group.streams.initial.rebalance.delay.ms int 3000 >=0 ro medium
group.streams.max.assignment.interval.ms int 15000 >=0 ro medium
group.streams.max.heartbeat.interval.ms int 15000 >=1 ro medium
group.streams.max.session.timeout.ms int 60000 >=1 ro medium
group.streams.max.size int 2147483647 >=1 ro medium
group.streams.max.standby.replicas int 2 >=0 ro medium
group.streams.min.assignment.interval.ms int 0 >=0 ro medium
group.streams.min.heartbeat.interval.ms int 5000 >=1 ro medium
group.streams.min.session.timeout.ms int 45000 >=1 ro medium
group.streams.num.standby.replicas int 0 >=0 ro medium
group.streams.session.timeout.ms int 45000 >=1 ro medium
`;

const transactions = `
add.partitions.to.txn.retry.backoff.max.ms int 100 >=0 ro high
add.partitions.to.txn.retry.backoff.ms int 20 >=1 ro high
transaction.abort.timed.out.transaction.cleanup.interval.ms int 10000 >=1 ro low
transaction.max.timeout.ms int 900000 >=1 ro high
transaction.partition.verification.enable boolean true - cluster low
transaction.remove.expired.transaction.cleanup.interval.ms int 3600000 >=1 ro low
transaction.state.log.load.buffer.size int 5242880 >=1 ro high
transaction.state.log.min.isr int 2 >=1 ro high
transaction.state.log.num.partitions int 50 >=1 ro high
transaction.state.log.replication.factor short 3 >=1 ro high
transaction.state.log.segment.bytes int 104857600 >=1 ro high
transaction.two.phase.commit.enable boolean false - ro low
transactional.id.expiration.ms int 604800000 >=1 ro high
`;

const tiered = `
follower.fetch.last.tiered.offset.enable boolean false - cluster medium
log.local.retention.bytes long -2 >=-2 cluster medium
log.local.retention.ms long -2 >=-2 cluster medium
remote.fetch.max.wait.ms int 500 >=1 cluster medium
remote.list.offsets.request.timeout.ms long 30000 >=1 cluster medium
remote.log.index.file.cache.total.size.bytes long 1073741824 >=1 cluster low
remote.log.manager.copier.thread.pool.size int 10 >=1 cluster medium
remote.log.manager.copy.max.bytes.per.second long 9223372036854775807 >=1 cluster medium
remote.log.manager.copy.quota.window.num int 11 >=1 ro medium
remote.log.manager.copy.quota.window.size.seconds int 1 >=1 ro medium
remote.log.manager.expiration.thread.pool.size int 10 >=1 cluster medium
remote.log.manager.fetch.max.bytes.per.second long 9223372036854775807 >=1 cluster medium
remote.log.manager.fetch.quota.window.num int 11 >=1 ro medium
remote.log.manager.fetch.quota.window.size.seconds int 1 >=1 ro medium
remote.log.manager.follower.thread.pool.size int 2 >=1 cluster medium
remote.log.manager.task.interval.ms long 30000 >=1 ro low
remote.log.manager.thread.pool.size int 2 >=1 ro medium
remote.log.metadata.custom.metadata.max.bytes int 128 >=0 ro low
remote.log.metadata.manager.class.name string null - ro medium
remote.log.metadata.manager.class.path string null - ro medium
remote.log.metadata.manager.impl.prefix string rlmm.config. - ro medium
remote.log.metadata.manager.listener.name string null - ro medium
remote.log.reader.max.pending.tasks int 100 >=1 ro medium
remote.log.reader.threads int 10 >=1 cluster medium
remote.log.storage.manager.class.name string null - ro medium
remote.log.storage.manager.class.path string null - ro medium
remote.log.storage.manager.impl.prefix string rsm.config. - ro medium
remote.log.storage.system.enable boolean false - ro medium
`;

const quotas = `
alter.log.dirs.replication.quota.window.num int 11 >=1 ro low
alter.log.dirs.replication.quota.window.size.seconds int 1 >=1 ro low
client.quota.callback.class class null - ro low
controller.quota.window.num int 11 >=1 ro low
controller.quota.window.size.seconds int 1 >=1 ro low
quota.window.num int 11 >=1 ro low
quota.window.size.seconds int 1 >=1 ro low
replication.quota.window.num int 11 >=1 ro low
replication.quota.window.size.seconds int 1 >=1 ro low
`;

const logs = `
cordoned.log.dirs list '' - broker medium
log.cleaner.backoff.ms long 15000 >=0 cluster medium
log.cleaner.dedupe.buffer.size long 134217728 - cluster medium
log.cleaner.enable boolean true - ro medium
log.cleaner.io.buffer.load.factor double 0.9 - cluster medium
log.cleaner.io.buffer.size int 524288 >=0 cluster medium
log.cleaner.io.max.bytes.per.second double 1.7976931348623157E308 - cluster medium
log.cleaner.threads int 1 >=0 cluster medium
log.dir.failure.timeout.ms long 30000 >=1 ro low
log.preallocate boolean false - cluster medium
metadata.log.segment.bytes int 1073741824 >=8388608 ro high
metadata.log.segment.ms long 604800000 - ro high
metadata.max.idle.interval.ms int 500 >=0 ro low
metadata.max.retention.bytes long 104857600 - ro high
metadata.max.retention.ms long 604800000 - ro high
num.recovery.threads.per.data.dir int 2 >=1 cluster high
num.replica.alter.log.dirs.threads int null - ro high
`;

const compaction = `
log.cleaner.delete.retention.ms long 86400000 >=0 cluster medium
log.cleaner.max.compaction.lag.ms long 9223372036854775807 >=1 cluster medium
log.cleaner.min.cleanable.ratio double 0.5 0..1 cluster medium
log.cleaner.min.compaction.lag.ms long 0 >=0 cluster medium
`;

/** Keys whose reasons are their own. */
const single = `
compression.lz4.level int 9 1..17 cluster medium
  Taken and ignored: lz4 has one level here.
controller.quorum.fetch.timeout.ms int 2000 >=10 ro high
  Taken and ignored: controller.quorum.election.timeout.ms alone says how long a voter goes without its leader.
initial.broker.registration.timeout.ms int 60000 >=1 ro medium
  Taken and ignored: a broker goes on trying to register until the controller answers or it is stopped.
queued.max.requests int 500 >=1 ro high
  Taken and ignored: there is no queue of requests; a connection with 64 requests in progress is not read from.
replica.fetch.min.bytes int 1 >=0 ro high
  Taken and ignored: leaders push to their followers as soon as there is anything; nobody polls.
replica.fetch.wait.max.ms int 500 >=1 ro high
  Taken and ignored: leaders push to their followers as soon as there is anything; nobody polls.
`;

const metrics = `
kafka.metrics.polling.interval.secs int 10 >=1 ro low
kafka.metrics.reporters list '' - ro low
metric.reporters list null - cluster low
metrics.num.samples int 2 >=1 ro low
metrics.recording.level string INFO - ro low
metrics.sample.window.ms long 30000 >=1 ro low
telemetry.max.bytes int 1048576 >=1 ro low
`;

const other = `
alter.config.policy.class.name class null - ro low
background.threads int 10 >=1 cluster high
config.providers list '' - cluster low
controller.quorum.append.linger.ms int 25 >=0 ro medium
controller.quorum.auto.join.enable boolean false - ro low
controller.quorum.election.backoff.max.ms int 1000 >=0 ro high
controller.quorum.fetch.max.bytes int 1048576 >=1 ro low
controller.quorum.fetch.snapshot.max.bytes int 1048576 >=1 ro low
controller.quorum.request.timeout.ms int 2000 >=0 ro medium
controller.quorum.retry.backoff.ms int 20 >=0 ro low
controller.socket.timeout.ms int 30000 - ro medium
create.topic.policy.class.name class null - ro low
delete.records.purgatory.purge.interval.requests int 1 - ro medium
early.start.listeners list null - ro high
fetch.purgatory.purge.interval.requests int 1000 - ro medium
max.connection.creation.rate int 2147483647 >=0 cluster medium
max.connections.per.ip.overrides string '' - cluster medium
num.io.threads int 8 >=1 cluster high
num.network.threads int 3 >=1 cluster high
num.replica.fetchers int 1 >=1 cluster high
offsets.topic.compression.codec int 0 - ro high
producer.purgatory.purge.interval.requests int 1000 - ro medium
queued.max.request.bytes long -1 - ro medium
replica.selector.class string null - ro medium
replica.socket.receive.buffer.bytes int 65536 - ro high
replica.socket.timeout.ms int 30000 - ro high
socket.connection.setup.timeout.max.ms long 30000 - ro medium
socket.connection.setup.timeout.ms long 10000 - ro medium
socket.receive.buffer.bytes int 102400 - ro high
socket.send.buffer.bytes int 102400 - ro high
`;

const authorizer = `
allow.everyone.if.no.acl.found boolean false - ro low
super.users string '' - ro low
`;

const removed = `
advertised.host.name string null - ro low
advertised.port string null - ro low
broker.id.generation.enable boolean true - ro low
control.plane.listener.name string null - ro low
delegation.token.master.key password null - ro low
host.name string null - ro low
inter.broker.protocol.version string null - ro low
leader.imbalance.per.broker.percentage int 10 - ro low
log.message.downconversion.enable boolean true - ro low
log.message.format.version string null - ro low
log.message.timestamp.difference.max.ms long 9223372036854775807 - ro low
offsets.commit.required.acks short -1 - ro low
password.encoder.cipher.algorithm string null - ro low
password.encoder.iterations int 4096 - ro low
password.encoder.key.length int 128 - ro low
password.encoder.keyfactory.algorithm string null - ro low
password.encoder.old.secret password null - ro low
password.encoder.secret password null - ro low
port string null - ro low
reserved.broker.max.id int 1000 - ro low
zookeeper.clientcnxnsocket string null - ro low
zookeeper.connect string null - ro low
zookeeper.connection.timeout.ms int null - ro low
zookeeper.max.in.flight.requests int 10 - ro low
zookeeper.metadata.migration.enable boolean false - ro low
zookeeper.session.timeout.ms int 18000 - ro low
zookeeper.set.acl boolean false - ro low
zookeeper.ssl.client.enable boolean false - ro low
zookeeper.sync.time.ms int 2000 - ro low
`;

/** Each section with the reason for which its keys do nothing. */
const sections: readonly (readonly [table: string, reason: string])[] = [
  [tls, 'there is no TLS in this version: a listener that asks for it is refused.'],
  [sasl, 'there is no authentication in this version: a listener that asks for it is refused.'],
  [groups, 'groups of the consumer protocol are not served in this version, and the coordinator has no threads.'],
  [share, 'share groups are not served in this version.'],
  [streams, 'streams groups are not served in this version.'],
  [transactions, 'transactions are not served in this version.'],
  [tiered, 'there is no tiered storage.'],
  [quotas, 'there are no quotas in this version.'],
  [logs, 'the log is kept in another way here (no cleaner threads, no preallocation; the metadata log is not made of segments).'],
  [compaction, 'topics are not compacted in this version (their configurations of compaction have no effect either).'],
  [metrics, 'metrics are served at /metrics, without reporters.'],
  [other, 'it tunes a part of Kafka that is built in another way here (threads, purgatories, socket buffers), or a plug-in.'],
  [authorizer, 'there is no authorizer in this version.'],
  [removed, 'Kafka dropped it by version 4, and files of older versions still hold it.'],
];

export const acceptedBrokerKeys: readonly ConfigKey[] = sections
  .flatMap(([text, reason]) => readKeyTable(text, { status: 'accepted', doc: `Taken and ignored: ${reason}` }))
  .concat(readKeyTable(single, { status: 'accepted' }));
