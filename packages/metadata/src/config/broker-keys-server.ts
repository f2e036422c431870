/**
 * Broker keys that Jackdaw honours, but for those about logs: identity, listeners, quorum, replication, topics,
 * network, groups, and Jackdaw's own. Names, ranges and defaults are Kafka's where the documentation does not say
 * otherwise; where Kafka's default would stop a newcomer (no `node.id`, no `process.roles`), there is one here.
 */

import type { ConfigKey } from './config-key.ts';
import { readKeyTable } from './key-table.ts';

const identity = `
advertised.listeners list null - ro high
  Addresses that clients are told to connect to, as NAME://host:port; unset, those of listeners. 0.0.0.0 is refused.
broker.id int -1 >=-1 ro high
  Kafka's older name of node.id; when both are set they must agree.
broker.rack string null - ro medium
  Rack or zone of this broker, for placing replicas apart.
cluster.id string null - ro high
  Identity of the cluster, any text up to 64 characters; unset, the first leader of the quorum makes one.
controller.listener.names list CONTROLLER - ro high
  The listener on which brokers speak to each other by gRPC. Not spoken by Kafka clients.
controller.quorum.bootstrap.servers list '' - ro high
  Kafka's way to find a quorum without ids. One address (this node's) starts a single-node cluster; for more, set
  controller.quorum.voters.
controller.quorum.voters list '' - ro high
  The brokers that keep the metadata, as id@host:port of their controller listeners: 1, 3 or 5 of them, the same list
  on every broker. Unset, this node alone.
inter.broker.listener.name string null - ro medium
  Kafka listener whose advertised address is given to brokers that ask like clients; replication itself uses gRPC.
listener.security.protocol.map string CONTROLLER:PLAINTEXT,EXTERNAL:PLAINTEXT,INTERNAL:PLAINTEXT,PLAINTEXT:PLAINTEXT - ro low
  Security protocol of each listener name. This version speaks PLAINTEXT; any other is refused at start. A listener
  that is not named here is PLAINTEXT.
listeners list PLAINTEXT://localhost:9092,CONTROLLER://localhost:9192 - ro high
  Addresses to listen on, as NAME://host:port. An empty host is every interface; port 0 takes a free port. Without an
  entry for the controller listener, it gets the host of the first listener and its port + 100.
node.id int 1 >=0 ro high
  Number of this node, different on every broker of a cluster.
process.roles list broker,controller [broker,controller] ro high
  What this node does: broker (data), controller (votes on metadata), or both.
`;

const quorum = `
broker.disconnect.fencing.ms int 1000 >=0 ro medium
  How long after a broker's control connection broke the controller waits for it to come back before it fences it; a broker
  at whose address nothing listens any more is not waited for. Jackdaw's own: Kafka waits for broker.session.timeout.ms in
  every case, which stays the limit for brokers that fall silent without closing.
broker.heartbeat.interval.ms int 2000 >=1 ro medium
  How often a broker tells the controller that it is alive.
broker.session.timeout.ms int 9000 >=1 ro medium
  Silence after which the controller fences a broker and moves its leaderships. At least twice the heartbeat interval.
controller.quorum.election.timeout.ms int 1000 >=10 ro high
  Shortest time that a voter goes without a word from the quorum's leader, or without enough votes, before it stands for
  election; the longest is twice that.
metadata.log.dir string null - ro high
  Directory of the metadata log; unset, the first of log.dirs.
metadata.log.max.record.bytes.between.snapshots long 20971520 >=1 ro high
  Bytes of new metadata records after which a snapshot is taken.
metadata.log.max.snapshot.interval.ms long 3600000 >=0 ro high
  Longest time between two snapshots while there is anything new; 0 is no limit.
`;

const replication = `
auto.leader.rebalance.enable boolean true - ro high
  Whether the controller moves leadership back to the preferred replicas.
controlled.shutdown.enable boolean true - ro medium
  Whether a stopping broker hands over its leaderships first.
leader.imbalance.check.interval.seconds long 300 >=1 ro high
  How often the controller looks for leaders that are not the preferred ones.
replica.fetch.backoff.ms int 1000 >=0 ro medium
  Longest wait before a follower's next try after an error; the first is 20 ms, and each failure doubles it.
replica.fetch.max.bytes int 1048576 >=0 ro medium
  Bytes that a leader reads from one partition at once for a follower; a larger first batch still goes whole. More than 512
  KiB counts as 512 KiB.
replica.fetch.response.max.bytes int 10485760 >=0 ro medium
  Bytes of one replication message, all partitions together, but for the read that passes it. More than 1 MiB counts as 1
  MiB.
replica.high.watermark.checkpoint.interval.ms long 5000 >=1 ro high
  How often the high watermarks are written.
replica.lag.time.max.ms long 30000 >=1 ro high
  How long a follower may be behind before the leader takes it out of the ISR.
`;

const topics = `
auto.create.topics.enable boolean true - ro high
  Whether asking for an unknown topic creates it.
default.replication.factor int 1 >=1 ro medium
  Replicas of a topic that is created without a number. At most as many as there are brokers.
delete.topic.enable boolean true - ro high
  Whether topics may be deleted.
num.partitions int 1 >=1 ro medium
  Partitions of a topic that is created without a number.
producer.id.expiration.ms int 86400000 >=1 cluster low
  How long a partition remembers an idle idempotent producer.
`;

const network = `
connections.max.idle.ms long 600000 - ro medium
  Idle time after which a connection is closed; negative is never.
fetch.max.bytes int 57671680 >=1024 ro medium
  Most bytes in one fetch response; a larger first batch still goes whole.
max.connections int 2147483647 >=0 cluster medium
  Open client connections of this broker; one more is closed at once.
max.connections.per.ip int 2147483647 >=0 cluster medium
  Open client connections from one address.
max.decompressed.message.bytes int 104857600 >=1024 cluster medium
  Most bytes to which one batch may decompress, where the broker must look inside. Jackdaw's own: a bound against
  decompression bombs.
max.incremental.fetch.session.cache.slots int 1000 >=0 ro medium
  Fetch sessions that are remembered; 0 makes every fetch a full one.
max.request.partition.size.limit int 2000 >=1 ro medium
  Most partitions in one answer to DescribeTopicPartitions; the client asks for the rest.
request.timeout.ms int 30000 >=1 ro high
  Longest wait of a broker for the controller's answer to a client's request that brings no timeout of its own.
socket.listen.backlog.size int 50 >=1 ro medium
  Connections that the operating system holds until they are accepted.
socket.request.max.bytes int 104857600 >=1 ro high
  Largest request; a connection that announces a larger one is closed.
`;

const groups = `
group.initial.rebalance.delay.ms int 3000 >=0 ro medium
  How long a new group waits for further members before its first assignment.
group.max.session.timeout.ms int 1800000 >=1 ro medium
  Longest session timeout that a member may ask for.
group.max.size int 2147483647 >=1 ro medium
  Most members of one group.
group.min.session.timeout.ms int 6000 >=1 ro medium
  Shortest session timeout that a member may ask for.
offset.metadata.max.bytes int 4096 >=0 ro high
  Longest text that a client may store with a committed offset.
offsets.commit.timeout.ms int 5000 >=1 ro high
  How long a commit waits for its replicas.
offsets.load.buffer.size int 5242880 >=1 ro high
  Bytes read at once when a coordinator loads a partition of __consumer_offsets.
offsets.retention.check.interval.ms long 600000 >=1 ro high
  How often expired offsets are looked for.
offsets.retention.minutes int 10080 >=1 ro high
  How long the offsets of a group without members are kept.
offsets.topic.num.partitions int 50 >=1 ro high
  Partitions of __consumer_offsets, fixed when it is created.
offsets.topic.replication.factor short 3 >=1 ro high
  Replicas of __consumer_offsets. When it is created, capped to the number of brokers, so that one broker is enough to
  start with (Kafka refuses instead).
offsets.topic.segment.bytes int 104857600 >=1048576 ro high
  Segment size of __consumer_offsets.
`;

const own = `
admin.host string 127.0.0.1 - ro medium
  Address on which /metrics and /health/* are served. Set 0.0.0.0 inside a container.
admin.port int 9644 -1..65535 ro medium
  Port of /metrics and /health/*; 0 takes a free port, -1 serves nothing.
jackdaw.durability string fsync {fsync,page-cache} ro high
  fsync: a record counts as written when it is on disk. page-cache: when the operating system has it, as Kafka does;
  a power cut on all replicas at once can then lose acknowledged records.
jackdaw.log.min.free.bytes long 268435456 >=0 ro medium
  Records are refused, as on a full disk, while a log directory has less than this free (or less than a twentieth of the
  disk, where that is less), so that metadata, checkpoints and deletion go on. 0 lets records fill the disk.
log.format string auto {auto,json,pretty} ro low
  Form of the log lines; auto is pretty on a terminal and JSON elsewhere.
log.level string info {trace,debug,info,warn,error,fatal,silent} ro low
  Least severe log line that is written.
metrics.per.partition string auto {auto,on,off} ro low
  Whether /metrics has one series for each partition; auto stops at 2,000 local partitions.
`;

export const serverBrokerKeys: readonly ConfigKey[] = [identity, quorum, replication, topics, network, groups, own].flatMap(
  (text) => readKeyTable(text, { status: 'honoured' }),
);
