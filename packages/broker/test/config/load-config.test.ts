/** The loader: precedence, unknown keys, listeners, voters, cross checks, warnings. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrokerConfig } from '../../src/config/broker-config.ts';
import { effectiveSettings, loadConfig, type LoadedConfig, type LoadOptions } from '../../src/config/load-config.ts';

/** Loads with nothing of this machine: no environment, a fixed host name, files from `files`. */
function load(options: Partial<LoadOptions> & { files?: Record<string, string>; keys?: Record<string, string> }): LoadedConfig {
  const { files = {}, keys = {}, ...rest } = options;
  const readFile = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw new Error('no such file');
    return text;
  };
  const sets = [...Object.entries(keys).map(([name, value]) => `${name}=${value}`), ...(rest.sets ?? [])];
  return loadConfig({ env: {}, readFile, hostname: 'machine', ...rest, sets });
}

function configOf(keys: Record<string, string>): BrokerConfig {
  const loaded = load({ keys });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.errors.join('\n'));
  return loaded.config;
}

function errorsOf(keys: Record<string, string>): string {
  const loaded = load({ keys });
  assert.ok(!loaded.ok, 'the configuration is taken');
  return loaded.errors.join('\n');
}

function warningsOf(keys: Record<string, string>): string {
  const loaded = load({ keys });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.errors.join('\n'));
  return loaded.warnings.join('\n');
}

test('nothing at all starts one broker that is its own quorum, without a warning', () => {
  const loaded = load({});
  assert.ok(loaded.ok);
  const { config } = loaded;
  assert.deepEqual(loaded.warnings, []);
  assert.equal(config.nodeId, 1);
  assert.deepEqual(config.roles, { broker: true, controller: true });
  assert.deepEqual(config.listeners, [
    { name: 'PLAINTEXT', host: 'localhost', port: 9092, advertised: { host: 'localhost', port: 9092 } },
  ]);
  assert.equal(config.controllerListener.port, 9192);
  assert.deepEqual(config.voters, [{ id: 1, host: 'localhost', port: 9192 }]);
  assert.deepEqual(config.admin, { host: '127.0.0.1', port: 9644 });
  assert.equal(config.durability, 'fsync');
  assert.equal(config.interBrokerListenerName, 'PLAINTEXT');
  assert.ok(config.logDirs[0]?.endsWith('/data'));
  assert.equal(config.metadataLogDir, config.logDirs[0]);
});

test('a flag goes before the environment, before the file, before the default', () => {
  const files = { '/c.properties': 'num.partitions=2\nlog.retention.ms=2\nbroker.rack=r2\n' };
  const loaded = load({
    file: '/c.properties',
    files,
    env: { KAFKA_NUM_PARTITIONS: '3', KAFKA_LOG_RETENTION_MS: '3' },
    sets: ['num.partitions=4'],
  });
  assert.ok(loaded.ok);
  const { view } = loaded.config;
  assert.equal(view.number('num.partitions'), 4);
  assert.equal(view.number('log.retention.ms'), 3);
  assert.equal(loaded.config.rack, 'r2');
  assert.deepEqual(loaded.sources.get('num.partitions'), { source: 'flag', place: '--set num.partitions' });
  assert.deepEqual(loaded.sources.get('log.retention.ms'), { source: 'env', place: 'KAFKA_LOG_RETENTION_MS' });
  assert.deepEqual(loaded.sources.get('broker.rack'), { source: 'file', place: '/c.properties line 3' });
  const rows = effectiveSettings(view, loaded.sources);
  assert.deepEqual(
    rows.find(({ name }) => name === 'num.partitions'),
    { name: 'num.partitions', value: '4', source: 'flag', place: '--set num.partitions' },
  );
});

test('a flag of its own counts like --set', () => {
  const loaded = load({ flags: new Map([['node.id', '7']]), env: { KAFKA_NODE_ID: '3' } });
  assert.ok(loaded.ok);
  assert.equal(loaded.config.nodeId, 7);
});

test('unknown keys stop the start with the nearest name, wherever they stand', () => {
  const loaded = load({
    file: '/c.yaml',
    files: { '/c.yaml': 'log:\n  retenton.ms: 1\n' },
    env: { KAFKA_NUM_PARTITONS: '1', JACKDAW_QQQQ: '1' },
    sets: ['advertized.listeners=A://h:1', 'novalue'],
  });
  assert.ok(!loaded.ok);
  const text = loaded.errors.join('\n');
  assert.match(text, /log\.retenton\.ms \(from \/c\.yaml line 2\): no such key; did you mean log\.retention\.ms\?/);
  assert.match(text, /KAFKA_NUM_PARTITONS: no such key num\.partitons; did you mean KAFKA_NUM_PARTITIONS\?/);
  assert.match(text, /JACKDAW_QQQQ: no such key qqqq \(unset it/);
  assert.match(text, /did you mean advertised\.listeners\?/);
  assert.match(text, /--set novalue: it must be key=value/);
});

test('a wrong value says key, value, place, limit and default', () => {
  const loaded = load({ env: { KAFKA_LOG_SEGMENT_BYTES: '1000' } });
  assert.ok(!loaded.ok);
  assert.deepEqual(loaded.errors, [
    'log.segment.bytes=1000 (from KAFKA_LOG_SEGMENT_BYTES): Invalid value 1000 for configuration log.segment.bytes: ' +
      'Value must be at least 1048576; the default is 1073741824',
  ]);
});

test('a secret is read from its file and never shown', () => {
  const files = { '/run/secrets/p': 'hunter2\n' };
  const loaded = load({ env: { KAFKA_SSL_KEYSTORE_PASSWORD_FILE: '/run/secrets/p' }, files });
  assert.ok(loaded.ok);
  assert.equal(loaded.config.view.text('ssl.keystore.password'), 'hunter2');
  assert.ok(!JSON.stringify(effectiveSettings(loaded.config.view, loaded.sources)).includes('hunter2'));
  assert.ok(!load({ env: { KAFKA_SSL_KEYSTORE_PASSWORD_FILE: '/none' } }).ok);
  assert.ok(!load({ file: '/none.properties' }).ok);
});

test("the environment of Apache's three-broker compose example starts", () => {
  const env = {
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PLAINTEXT_HOST:PLAINTEXT',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@kafka-1:9093,2@kafka-2:9093,3@kafka-3:9093',
    KAFKA_LISTENERS: 'PLAINTEXT://:19092,CONTROLLER://:9093,PLAINTEXT_HOST://:9092',
    KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://kafka-1:19092,PLAINTEXT_HOST://localhost:29092',
    KAFKA_INTER_BROKER_LISTENER_NAME: 'PLAINTEXT',
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    CLUSTER_ID: '4L6g3nShT-eMCtK--X86sw',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_LOG_DIRS: '/tmp/kraft-combined-logs',
    KAFKA_HEAP_OPTS: '-Xmx1G',
  };
  const loaded = load({ env });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.errors.join('\n'));
  const { config } = loaded;
  assert.equal(config.clusterId, '4L6g3nShT-eMCtK--X86sw');
  assert.deepEqual(
    config.listeners.map(({ name, port, advertised }) => [name, port, advertised?.host, advertised?.port]),
    [
      ['PLAINTEXT', 19092, 'kafka-1', 19092],
      ['PLAINTEXT_HOST', 9092, 'localhost', 29092],
    ],
  );
  assert.deepEqual(config.controllerListener, {
    name: 'CONTROLLER',
    host: '',
    port: 9093,
    advertised: { host: 'kafka-1', port: 9093 },
  });
  assert.equal(config.voters.length, 3);
  assert.match(loaded.warnings.join('\n'), /taken and ignored.*transaction\.state\.log\.min\.isr/);
});

test('zookeeper-age keys and vendor add-ons are taken, ignored and named', () => {
  const text = warningsOf({ 'zookeeper.connect': 'zk:2181', 'num.network.threads': '3', 'confluent.metrics.reporter': 'x' });
  assert.match(text, /zookeeper\.connect/);
  assert.match(text, /num\.network\.threads/);
  assert.match(text, /confluent\.metrics\.reporter/);
});

test('KAFKA_CFG_ is an alias with a warning', () => {
  const loaded = load({ env: { KAFKA_CFG_NUM_PARTITIONS: '5' } });
  assert.ok(loaded.ok);
  assert.equal(loaded.config.view.number('num.partitions'), 5);
  assert.match(loaded.warnings.join('\n'), /KAFKA_CFG_/);
});

test('0.0.0.0 is never advertised, be it written or derived', () => {
  assert.match(errorsOf({ 'advertised.listeners': 'PLAINTEXT://0.0.0.0:9092' }), /no address that a client can connect to/);
  assert.match(errorsOf({ 'advertised.listeners': 'PLAINTEXT://[::]:9092' }), /no address that a client can connect to/);
  assert.match(
    errorsOf({ listeners: 'PLAINTEXT://0.0.0.0:9092' }),
    /set advertised\.listeners=PLAINTEXT:\/\/<host that clients use>:9092/,
  );
});

test('an empty host binds everything and advertises the name of the machine', () => {
  const [listener] = configOf({ listeners: 'PLAINTEXT://:9092' }).listeners;
  assert.deepEqual(listener, { name: 'PLAINTEXT', host: '', port: 9092, advertised: { host: 'machine', port: 9092 } });
});

test('advertised listeners alone are bound on every interface', () => {
  const config = configOf({ 'advertised.listeners': 'PLAINTEXT://b1.example:9092' });
  assert.deepEqual(config.listeners, [
    { name: 'PLAINTEXT', host: '', port: 9092, advertised: { host: 'b1.example', port: 9092 } },
  ]);
  assert.equal(config.controllerListener.port, 9192);
});

test('a listener that advertised.listeners leaves out is not advertised', () => {
  const config = configOf({ listeners: 'A://h:1,B://h:2', 'advertised.listeners': 'B://x:2' });
  assert.deepEqual(
    config.listeners.map(({ advertised }) => advertised?.host ?? null),
    [null, 'x'],
  );
  assert.equal(config.interBrokerListenerName, 'B');
});

test('the controller listener takes the port of its own entry among the voters', () => {
  const config = configOf({
    'node.id': '2',
    listeners: 'PLAINTEXT://:9092',
    'controller.quorum.voters': '1@b1:9100,2@b2:9200,3@b3:9300',
  });
  assert.equal(config.controllerListener.port, 9200);
  assert.deepEqual(config.controllerListener.advertised, { host: 'b2', port: 9200 });
});

test('without listeners, the controller listener follows the voters and its own name', () => {
  const alone = configOf({ 'controller.quorum.voters': '1@localhost:9093' });
  assert.deepEqual(alone.controllerListener, {
    name: 'CONTROLLER',
    host: 'localhost',
    port: 9093,
    advertised: { host: 'localhost', port: 9093 },
  });
  const reachable = configOf({ 'controller.quorum.voters': '1@b1:9093', 'controller.listener.names': 'CTRL' });
  assert.equal(reachable.controllerListener.name, 'CTRL');
  assert.equal(reachable.controllerListener.host, '');
  assert.deepEqual(
    reachable.listeners.map(({ name }) => name),
    ['PLAINTEXT'],
  );
  const forwarded = { listeners: 'A://h:1,CONTROLLER://h:2', 'controller.quorum.voters': '1@h:3' };
  assert.match(warningsOf(forwarded), /says port 3 of this node, but CONTROLLER listens on 2/);
});

test('port 0 asks for a free port, for the controller listener too', () => {
  const config = configOf({ listeners: 'PLAINTEXT://127.0.0.1:0', 'admin.port': '-1' });
  assert.equal(config.listeners[0]?.port, 0);
  assert.equal(config.controllerListener.port, 0);
  assert.equal(config.admin, null);
});

test('listeners that contradict each other or their neighbours are refused', () => {
  assert.match(errorsOf({ listeners: 'A://h:9092,B://h:9092' }), /A and B both take port 9092/);
  assert.match(errorsOf({ listeners: 'A://h:9644', 'admin.host': 'h' }), /admin\.port=9644.*A takes this port/s);
  assert.match(errorsOf({ listeners: 'CONTROLLER://h:1' }), /needs a listener for Kafka clients/);
  assert.match(errorsOf({ 'advertised.listeners': 'X://h:1', listeners: 'A://h:1' }), /there is no listener X/);
  assert.match(errorsOf({ 'inter.broker.listener.name': 'X' }), /must be an advertised listener: PLAINTEXT/);
  assert.match(errorsOf({ listeners: 'A://h:65500' }), /port 65600/);
});

test('what asks for TLS, SASL or an authorizer is refused, for ignoring it would open a door', () => {
  assert.match(errorsOf({ listeners: 'SASL_SSL://h:9092' }), /asks for SASL_SSL; this version speaks PLAINTEXT only/);
  assert.match(errorsOf({ 'listener.security.protocol.map': 'PLAINTEXT:SSL' }), /PLAINTEXT asks for SSL/);
  assert.match(errorsOf({ 'authorizer.class.name': 'x.Y' }), /no authorizer/);
  assert.match(errorsOf({ 'security.inter.broker.protocol': 'SSL' }), /without TLS/);
  assert.ok(configOf({ 'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT' }));
});

test('a quorum has 1, 3 or 5 voters, this node among them exactly when it is a controller', () => {
  assert.match(errorsOf({ 'controller.quorum.voters': '1@a:1,2@b:1' }), /2 voters; a quorum has 1, 3 or 5/);
  assert.match(errorsOf({ 'node.id': '9', 'controller.quorum.voters': '1@a:1' }), /node\.id=9 has the controller role but/);
  assert.match(errorsOf({ 'process.roles': 'broker', 'controller.quorum.voters': '1@a:1' }), /has no controller role/);
  assert.match(errorsOf({ 'process.roles': 'broker' }), /must be told where the controllers are/);
  assert.match(errorsOf({ 'controller.quorum.bootstrap.servers': 'a:1,b:1' }), /needs their ids/);
  const observer = configOf({ 'process.roles': 'broker', 'node.id': '4', 'controller.quorum.voters': '1@a:1,2@b:1,3@c:1' });
  assert.equal(observer.roles.controller, false);
  assert.equal(observer.controllerListener.port, 9192);
});

test('a controller alone has no Kafka listener', () => {
  const config = configOf({ 'process.roles': 'controller', 'controller.quorum.voters': '1@a:9093' });
  assert.deepEqual(config.listeners, []);
  assert.equal(config.interBrokerListenerName, null);
  assert.match(errorsOf({ 'process.roles': 'controller', listeners: 'A://h:1,CONTROLLER://h:2' }), /serves no Kafka clients/);
});

test('broker.id is another name of node.id and must not differ from it', () => {
  assert.equal(configOf({ 'broker.id': '5' }).nodeId, 5);
  assert.match(errorsOf({ 'broker.id': '5', 'node.id': '6' }), /must equal node\.id=6/);
});

test('values that contradict each other are refused', () => {
  assert.match(errorsOf({ 'group.min.session.timeout.ms': '2000000' }), /at most group\.max\.session\.timeout\.ms/);
  assert.match(errorsOf({ 'log.retention.ms': '0' }), /-1 \(no limit\) or at least 1/);
  assert.match(errorsOf({ 'log.roll.ms': '-1' }), /at least 1/);
  assert.match(errorsOf({ 'log.dirs': '/a,/a' }), /comes twice/);
  assert.match(errorsOf({ 'log.dirs': '' }), /at least one directory/);
  assert.match(errorsOf({ 'process.roles': '' }), /must name broker, controller or both/);
  assert.match(errorsOf({ 'cluster.id': 'a b' }), /printable/);
});

test('risky choices start with a warning each', () => {
  assert.match(warningsOf({ 'default.replication.factor': '3' }), /more than the 1 broker/);
  assert.match(warningsOf({ 'min.insync.replicas': '2' }), /always fail/);
  assert.match(warningsOf({ 'jackdaw.durability': 'page-cache' }), /power cut/);
  assert.match(warningsOf({ 'unclean.leader.election.enable': 'true' }), /losing acknowledged records/);
  assert.match(warningsOf({ 'broker.heartbeat.interval.ms': '6000' }), /one late heartbeat/);
  assert.match(
    warningsOf({ listeners: 'A://0.0.0.0:9092', 'advertised.listeners': 'A://localhost:9092' }),
    /clients on other machines will fail/,
  );
});
