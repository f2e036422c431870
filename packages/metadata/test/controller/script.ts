/**
 * Golden text scripts for the controller, in the manner of etcd's testdata: a command, `----`, what came of it.
 *
 * `runScript` gives the script with the outputs that the code produces now; a test compares it with the file, and
 * REWRITE=1 writes it there. Commands are the words at the start of a line; `key=value` gives what differs from the
 * usual. See `commands` for what there is.
 */

import { ApiKey, errorName } from '@jackdaw/protocol';
import {
  directoryIds,
  type ControllerDecision,
  type ControllerReply,
  type MetadataRecord,
  type PartitionRegistration,
} from '../../src/index.ts';
import { creatableTopic, TestController, testUuid } from '../fixtures.ts';

type Arguments = { readonly words: readonly string[]; readonly named: ReadonlyMap<string, string> };
type Command = (state: ScriptState, args: Arguments) => string;

interface ScriptState {
  test: TestController;
}

/** Repeats the script with present outputs in place of the recorded ones. */
export function runScript(script: string): string {
  const state: ScriptState = { test: new TestController() };
  const blocks = script.trimEnd().split(/\n\n+/);
  return `${blocks.map((block) => runBlock(state, block)).join('\n\n')}\n`;
}

function runBlock(state: ScriptState, block: string): string {
  const lines = block.split('\n');
  const separator = lines.indexOf('----');
  const head = separator < 0 ? lines : lines.slice(0, separator);
  const commandsInBlock = head.filter((line) => line !== '' && !line.startsWith('#'));
  if (commandsInBlock.length === 0) return head.join('\n');
  const isMany = commandsInBlock.length > 1;
  const output = commandsInBlock.flatMap((line) => {
    const text = runLine(state, line) || 'ok';
    return isMany ? [`> ${line}`, text] : [text];
  });
  return [...head, '----', ...output].join('\n');
}

function runLine(state: ScriptState, line: string): string {
  const [name = '', ...rest] = line.trim().split(/\s+/);
  const command = commands.get(name);
  if (command === undefined) throw new Error(`no such command: ${name}`);
  const named = new Map<string, string>();
  const words: string[] = [];
  for (const word of rest) {
    const at = word.indexOf('=');
    if (at < 0) words.push(word);
    else named.set(word.slice(0, at), word.slice(at + 1));
  }
  return command(state, { words, named });
}

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['cluster', startCluster],
  ['register', register],
  ['heartbeat', heartbeat],
  ['advance', advance],
  ['tick', (state) => decisionText(state.test.tick())],
  ['stream-broken', streamBroken],
  ['create', create],
  ['assign', createAssigned],
  ['delete', deleteTopic],
  ['extend', extend],
  ['isr', alterIsr],
  ['elect', elect],
  ['configure', configure],
  ['directory', assignDirectory],
  ['allocate', allocate],
  ['unregister', unregister],
  ['fail-over', failOver],
  ['show', show],
]);

/** `cluster 1 2 3 [static.key=value …]`: a new cluster with these brokers alive. */
function startCluster(state: ScriptState, { words, named }: Arguments): string {
  state.test = TestController.withBrokers(words.map(Number), { staticConfig: named });
  return '';
}

function register({ test }: ScriptState, { words, named }: Arguments): string {
  const brokerId = Number(words[0]);
  const reply = test.register(brokerId, {
    incarnationId: testUuid('I', Number(named.get('incarnation') ?? brokerId)),
    previousBrokerEpoch: Number(named.get('previous') ?? -1),
    clusterId: named.get('cluster') ?? 'cluster',
    rack: named.get('rack') ?? null,
    ...(named.has('directory') ? { logDirs: [testUuid('D', Number(named.get('directory')))] } : {}),
  });
  return replyText(reply);
}

function heartbeat({ test }: ScriptState, { words, named }: Arguments): string {
  const reply = test.heartbeat(Number(words[0]), {
    currentMetadataOffset: Number(named.get('index') ?? Number.MAX_SAFE_INTEGER),
    wantFence: words.includes('want-fence'),
    wantShutDown: words.includes('want-shutdown'),
    offlineLogDirs: words.includes('offline') ? [testUuid('D', Number(words[0]))] : [],
    ...(named.has('epoch') ? { brokerEpoch: Number(named.get('epoch')) } : {}),
  });
  return replyText(reply);
}

function advance({ test }: ScriptState, { words }: Arguments): string {
  test.nowMs += Number(words[0]);
  return '';
}

function streamBroken({ test }: ScriptState, { words }: Arguments): string {
  test.controller.onBrokerStreamBroken(Number(words[0]), test.nowMs);
  return '';
}

/** `create name [partitions=] [rf=] [validate-only] [key=value …]` */
function create({ test }: ScriptState, { words, named }: Arguments): string {
  const configs = [...named].filter(([key]) => key.includes('.')).map(([name, value]) => ({ name, value }));
  const topics = words
    .filter((word) => word !== 'validate-only')
    .map((name) =>
      creatableTopic(name, {
        numPartitions: Number(named.get('partitions') ?? 1),
        replicationFactor: Number(named.get('rf') ?? 1),
        configs,
      }),
    );
  return replyText(test.handle(ApiKey.CreateTopics, { topics, timeoutMs: 0, validateOnly: words.includes('validate-only') }, 7));
}

/** `assign name 1,2,3 2,3,1 [key=value …]`: replicas of partition 0, 1, … */
function createAssigned({ test }: ScriptState, { words, named }: Arguments): string {
  const [name = '', ...replicas] = words;
  const topic = creatableTopic(name, {
    numPartitions: -1,
    replicationFactor: -1,
    assignments: replicas.map((text, partitionIndex) => ({ partitionIndex, brokerIds: numbers(text) })),
    configs: [...named].map(([key, value]) => ({ name: key, value })),
  });
  return replyText(test.handle(ApiKey.CreateTopics, { topics: [topic], timeoutMs: 0, validateOnly: false }, 7));
}

function deleteTopic({ test }: ScriptState, { words, named }: Arguments): string {
  const zero = 'A'.repeat(22);
  const byName = words.map((name) => ({ name, topicId: zero }));
  const byId = named.has('id') ? [{ name: null, topicId: testUuid('T', Number(named.get('id'))) }] : [];
  return replyText(test.handle(ApiKey.DeleteTopics, { topics: [...byName, ...byId], topicNames: [], timeoutMs: 0 }, 6));
}

function extend({ test }: ScriptState, { words, named }: Arguments): string {
  const [name = '', ...replicas] = words;
  const assignments = replicas.length === 0 ? null : replicas.map((text) => ({ brokerIds: numbers(text) }));
  const topic = { name, count: Number(named.get('count')), assignments };
  return replyText(test.handle(ApiKey.CreatePartitions, { topics: [topic], timeoutMs: 0, validateOnly: false }, 3));
}

/** `isr topic 1,2 [leader-epoch=] [partition-epoch=] [broker-epochs=] [recovering]` for partition 0 */
function alterIsr({ test }: ScriptState, { words, named }: Arguments): string {
  const [name = '', isr = ''] = words;
  const epochs = named.get('broker-epochs');
  const given = numbers(epochs ?? '');
  const members = numbers(isr).map((brokerId, i) => ({ brokerId, brokerEpoch: given[i] ?? test.epochOf(brokerId) }));
  const fields = {
    ...(named.has('leader-epoch') ? { leaderEpoch: Number(named.get('leader-epoch')) } : {}),
    ...(named.has('partition-epoch') ? { partitionEpoch: Number(named.get('partition-epoch')) } : {}),
    ...(epochs === undefined ? {} : { newIsrWithEpochs: members }),
    leaderRecoveryState: words.includes('recovering') ? 1 : 0,
  };
  return replyText(test.alterIsr(name, numbers(isr), fields));
}

/** `elect preferred|unclean [topic …]` for partition 0 of each, or all partitions */
function elect({ test }: ScriptState, { words }: Arguments): string {
  const [type, ...topics] = words;
  const topicPartitions = topics.length === 0 ? null : topics.map((topic) => ({ topic, partitions: [0] }));
  return replyText(
    test.handle(ApiKey.ElectLeaders, { electionType: type === 'unclean' ? 1 : 0, topicPartitions, timeoutMs: 0 }, 2),
  );
}

/** `configure topic:name key=value +key=value -key=value !key` sets, appends, subtracts, deletes */
function configure({ test }: ScriptState, { words, named }: Arguments): string {
  const [type = '', resourceName = ''] = (words[0] ?? '').split(':');
  const resourceType = { topic: 2, broker: 4, 'client-metrics': 16, group: 32 }[type] ?? 0;
  const operation = (key: string): number => (key.startsWith('+') ? 2 : key.startsWith('-') ? 3 : 0);
  const changed = [...named].map(([key, value]) => ({ name: key.replace(/^[+-]/, ''), configOperation: operation(key), value }));
  const deleted = words.slice(1).map((word) => ({ name: word.slice(1), configOperation: 1, value: null }));
  const resources = [{ resourceType, resourceName, configs: [...changed, ...deleted] }];
  return replyText(test.handle(ApiKey.IncrementalAlterConfigs, { resources, validateOnly: false }, 1));
}

/** `directory 1 lost t`: broker 1 says where its replica of partition 0 is: `lost`, `gone`, `own` or the directory's number. */
function assignDirectory({ test }: ScriptState, { words: [broker, kind, name] }: Arguments): string {
  const brokerId = Number(broker);
  const directory = { own: brokerId, gone: 99 }[kind ?? ''] ?? Number(kind);
  const id = kind === 'lost' ? directoryIds.lost : testUuid('D', directory);
  const topics = [{ topicId: test.image.topicByName(name ?? '')?.id ?? '', partitions: [{ partitionIndex: 0 }] }];
  const body = { brokerId, brokerEpoch: test.epochOf(brokerId), directories: [{ id, topics }] };
  return replyText(test.handle(ApiKey.AssignReplicasToDirs, body, 0));
}

function allocate({ test }: ScriptState, { words, named }: Arguments): string {
  const brokerId = Number(words[0]);
  const brokerEpoch = Number(named.get('epoch') ?? test.epochOf(brokerId));
  return replyText(test.handle(ApiKey.AllocateProducerIds, { brokerId, brokerEpoch }, 0));
}

function unregister({ test }: ScriptState, { words }: Arguments): string {
  return replyText(test.handle(ApiKey.UnregisterBroker, { brokerId: Number(words[0]) }, 0));
}

function failOver({ test }: ScriptState): string {
  test.failOver();
  return '';
}

/** `show brokers` or `show topic …`, from the committed image */
function show({ test }: ScriptState, { words }: Arguments): string {
  if (words[0] === 'brokers') {
    const brokers = [...test.committed.brokers.values()].map(({ brokerId, brokerEpoch, fenced, inControlledShutdown }) => {
      const state = fenced ? 'fenced' : inControlledShutdown ? 'controlled-shutdown' : 'active';
      return `broker ${brokerId} epoch=${brokerEpoch} ${state}`;
    });
    return brokers.join('\n');
  }
  const partitions = words.flatMap((name) => {
    const topic = test.committed.topicByName(name);
    if (topic === null) return [`${name}: none`];
    return [...topic.partitions].map(([partitionId, registration]) => `${name}-${partitionId} ${partitionText(registration)}`);
  });
  return partitions.join('\n');
}

function partitionText(it: PartitionRegistration): string {
  const parts = [`leader=${it.leader} isr=${it.isr.join()} replicas=${it.replicas.join()}`];
  if (it.elr.length > 0) parts.push(`elr=${it.elr.join()}`);
  if (it.lastKnownElr.length > 0) parts.push(`last=${it.lastKnownElr.join()}`);
  parts.push(`leaderEpoch=${it.leaderEpoch} partitionEpoch=${it.partitionEpoch}`);
  if (it.leaderRecoveryState === 1) parts.push('recovering');
  return parts.join(' ');
}

function numbers(text: string): number[] {
  return text === '' ? [] : text.split(',').map(Number);
}

function replyText(reply: ControllerReply): string {
  return [`response: ${valueText(reply.response)}`, decisionText(reply)].filter((text) => text !== '').join('\n');
}

function decisionText({ records, events }: ControllerDecision): string {
  const lines = records.map((record) => `record ${recordText(record)}`);
  for (const { type, ...fields } of events) lines.push(`event ${type} ${valueText(fields)}`);
  return lines.join('\n');
}

function recordText({ type, ...fields }: MetadataRecord): string {
  const hidden = type === 'registerBroker' ? ['endPoints', 'features', 'logDirs', 'isMigratingZkBroker'] : ['directories'];
  const shown = Object.entries(fields).filter(([name, value]) => !hidden.includes(name) && !isUsual(type, name, value));
  return `${type} ${valueText(Object.fromEntries(shown))}`;
}

/** What a record says when it says nothing, and is not worth a reader's time. */
function isUsual(type: MetadataRecord['type'], name: string, value: unknown): boolean {
  const isEmpty = Array.isArray(value) && value.length === 0;
  if (value === null) return true;
  if (type === 'partition') return isEmpty || name === 'leaderRecoveryState';
  if (type === 'brokerRegistrationChange') return isEmpty || value === 0;
  return type === 'partitionChange' && ((name === 'leader' && value === -2) || (name === 'leaderRecoveryState' && value === -1));
}

/** Values without quotes, uuids as letter and number, error codes by name, nothing for null and throttle time. */
function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(typeof value[0] === 'object' ? ' ' : ',')}]`;
  if (value !== null && typeof value === 'object') {
    const hidden = ['throttleTimeMs', 'configs', 'topicConfigErrorCode', ...('topicId' in value ? ['topicName'] : [])];
    const fields = Object.entries(value).filter(([name, field]) => field !== null && !hidden.includes(name));
    const textOf = (name: string, field: unknown): string => (name === 'errorCode' ? errorName(Number(field)) : valueText(field));
    return `{${fields.map(([name, field]) => `${name}=${textOf(name, field)}`).join(' ')}}`;
  }
  const text = String(value);
  return text.replace(/^([A-Z])0*(\d+)A$/, '$1$2').replace(/^A{22}$/, 'zero');
}
