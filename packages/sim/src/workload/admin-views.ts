/**
 * What an administrator looks at, and whether the answers make sense in themselves.
 */
import {
  apis,
  describeCluster,
  describeConfigs,
  describeGroup,
  describeQuorum,
  describeTopics,
  KafkaError,
  listGroups,
  type Cluster,
  type Outcome,
  type TopicMetadata,
} from '@jackdaw/client';
import { noValue } from '../history/register.ts';
import type { SimClient } from '../node/sim-client.ts';
import { pick, type WorkloadContext } from './context.ts';
import { groupName } from './group.ts';

const topicResource = 2;
const setOperation = 0;

/** Asks for one of the many views. */
export async function lookAround(context: WorkloadContext, client: SimClient, cluster: Cluster): Promise<void> {
  const views = [expectSaneTopics, expectSaneBrokers, expectSaneQuorum, expectSaneGroups];
  for (const complaint of await pick(client.prng, views)(context, cluster)) {
    context.recorder.add({ op: 'unexpected', process: client.name, error: complaint });
  }
}

async function expectSaneTopics(context: WorkloadContext, cluster: Cluster): Promise<string[]> {
  const names = context.topics.map(({ name }) => name);
  const described = await describeTopics(cluster, names);
  const complaints = described.flatMap(({ topic }) => (topic === undefined ? [] : complaintsAbout(topic)));
  for (const { name, partitions } of context.topics) {
    const count = described.find((one) => one.name === name)?.topic?.partitions.length;
    if (count !== undefined && count !== partitions) complaints.push(`${name} has ${count} partitions and not ${partitions}`);
  }
  return complaints;
}

function complaintsAbout({ name, partitions }: TopicMetadata): string[] {
  return partitions.flatMap(({ partition, leaderId, replicas, isr, elr }, i) => {
    const complaints: string[] = [];
    const sets = `replicas ${replicas.join()}, ISR ${isr.join()}, ELR ${elr?.join() ?? ''}`;
    const about = `${name}-${partition}: leader ${leaderId}, ${sets}`;
    if (partition !== i) complaints.push(`${about} is number ${i} of its topic`);
    if (new Set(replicas).size !== replicas.length || new Set(isr).size !== isr.length) complaints.push(`${about}: repeated`);
    if (isr.some((id) => !replicas.includes(id))) complaints.push(`${about}: the ISR is not of the replicas`);
    if (leaderId >= 0 && !isr.includes(leaderId)) complaints.push(`${about}: the leader is not in the ISR`);
    if (elr?.some((id) => isr.includes(id) || !replicas.includes(id)) === true) complaints.push(`${about}: the ELR is wrong`);
    return complaints;
  });
}

async function expectSaneBrokers(context: WorkloadContext, cluster: Cluster): Promise<string[]> {
  const { brokers } = await describeCluster(cluster);
  const known = new Set(context.plan.nodes.map(({ id }) => id));
  const strangers = brokers.filter(({ nodeId }) => !known.has(nodeId));
  return strangers.map(({ nodeId }) => `broker ${nodeId} is said to be there`);
}

async function expectSaneQuorum(context: WorkloadContext, cluster: Cluster): Promise<string[]> {
  const { leaderId, voters } = await describeQuorum(cluster);
  const ids = voters.map(({ replicaId }) => replicaId);
  const complaints = ids
    .filter((id) => !context.plan.nodes.some((node) => node.id === id))
    .map((id) => `a stranger votes: ${id}`);
  if (leaderId >= 0 && !ids.includes(leaderId)) complaints.push(`node ${leaderId} leads a quorum of ${ids.join()}`);
  return complaints;
}

async function expectSaneGroups(context: WorkloadContext, cluster: Cluster): Promise<string[]> {
  const listed = await listGroups(cluster);
  const complaints = listed
    .filter(({ type }) => type !== 'classic')
    .map(({ groupId, type }) => `group ${groupId} is of type ${type}`);
  if (context.plan.workload.groupMembers === 0) return complaints;
  const { group } = await describeGroup(cluster, groupName);
  const owned = (group?.members ?? []).flatMap(({ partitions }) =>
    partitions.map(({ topic, partition }) => `${topic}-${partition}`),
  );
  if (new Set(owned).size !== owned.length)
    complaints.push(`${groupName} in state ${group?.state}: ${owned.join()} have one owner each`);
  return complaints;
}

/** One attempt, at one broker. */
export async function setTopicConfig(
  cluster: Cluster,
  { topic, key, value }: { readonly topic: string; readonly key: string; readonly value: string },
): Promise<Outcome> {
  const body = await cluster.callNode(await cluster.controllerNode(), apis.incrementalAlterConfigs, {
    resources: [
      { resourceType: topicResource, resourceName: topic, configs: [{ name: key, configOperation: setOperation, value }] },
    ],
    validateOnly: false,
  });
  const code = body.responses[0]?.errorCode ?? -1;
  return { name: topic, error: code === 0 ? undefined : new KafkaError(code, body.responses[0]?.errorMessage ?? '') };
}

/**
 * The settings of those names as a broker knows them: "topic x", "partitions of x", and "key of x" for a configuration.
 * Those of topics that do not exist are left out.
 */
export async function readSettings(cluster: Cluster, names: readonly string[]): Promise<Map<string, string>> {
  const metadata = await cluster.fetchMetadata(null);
  const topics = new Map(metadata.topics.filter(({ errorCode }) => errorCode === 0).map((topic) => [topic.name, topic]));
  const asked = names.filter((name) => !name.startsWith('topic ')).map((name) => name.split(' of ')[1] as string);
  const present = [...new Set(asked)].filter((name) => topics.has(name));
  const described = await describeConfigs(
    cluster,
    present.map((name) => ({ type: 'topic' as const, name })),
  );
  const found = new Map<string, string>();
  for (const name of names) {
    const [key, topic] = name.startsWith('topic ') ? ['', name.slice('topic '.length)] : (name.split(' of ') as [string, string]);
    if (key === '') found.set(name, topics.get(topic)?.topicId ?? noValue);
    else if (key === 'partitions' && topics.has(topic)) found.set(name, String(topics.get(topic)?.partitions.length));
    else if (topics.has(topic)) {
      const configs = described.find((one) => one.name === topic);
      if (configs?.error !== undefined) throw configs.error;
      const entry = configs?.entries.find((one) => one.name === key);
      found.set(name, entry?.source === 'topic' ? (entry.value ?? '') : noValue);
    }
  }
  return found;
}
