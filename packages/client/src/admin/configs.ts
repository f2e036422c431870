/**
 * Configurations of topics, brokers and groups: read with their sources, change key by key.
 */
import { apis } from '../apis.ts';
import type { Cluster } from '../cluster.ts';
import { expectNoRetriable, outcomeOf, type Outcome } from './outcome.ts';

export type ConfigResourceType = 'topic' | 'broker' | 'broker-logger' | 'client-metrics' | 'group';

export interface ConfigResource {
  readonly type: ConfigResourceType;
  /** Topic or group name, broker id; '' is the cluster-wide default of brokers. */
  readonly name: string;
}

/** Where a value comes from, in Kafka's numbers turned into words. */
export type ConfigSource =
  | 'topic'
  | 'dynamic-broker'
  | 'dynamic-default'
  | 'static'
  | 'default'
  | 'logger'
  | 'client-metrics'
  | 'group'
  | 'unknown';

export interface ConfigEntry {
  readonly name: string;
  /** Null when it is secret or has no value. */
  readonly value: string | null;
  readonly source: ConfigSource;
  readonly isReadOnly: boolean;
  readonly isSensitive: boolean;
  /** Nothing was set: neither on the resource nor on the broker. */
  readonly isDefault: boolean;
  readonly synonyms: readonly { readonly name: string; readonly value: string | null; readonly source: ConfigSource }[];
}

export interface DescribedConfigs extends Outcome {
  readonly entries: readonly ConfigEntry[];
}

const resourceTypes: Readonly<Record<ConfigResourceType, number>> = {
  topic: 2,
  broker: 4,
  'broker-logger': 8,
  'client-metrics': 16,
  group: 32,
};

const sources: readonly ConfigSource[] = [
  'unknown',
  'topic',
  'dynamic-broker',
  'dynamic-default',
  'static',
  'default',
  'logger',
  'client-metrics',
  'group',
];

/** In the order of `resources`. A broker's own configuration is asked of that broker. */
export async function describeConfigs(
  cluster: Cluster,
  resources: readonly ConfigResource[],
  options: { readonly keys?: readonly string[]; readonly withSynonyms?: boolean } = {},
): Promise<DescribedConfigs[]> {
  const results = new Map<ConfigResource, DescribedConfigs>();
  for (const [nodeId, group] of byNode(resources)) {
    const draft = {
      resources: group.map((resource) => ({
        resourceType: resourceTypes[resource.type],
        resourceName: resource.name,
        configurationKeys: options.keys === undefined ? null : [...options.keys],
      })),
      includeSynonyms: options.withSynonyms ?? false,
    };
    const body = await cluster.retrying(
      async () => {
        const answer = await callNodeOrAny(cluster, nodeId, apis.describeConfigs, draft);
        expectNoRetriable(answer.results);
        return answer;
      },
      { what: 'describe configs' },
    );
    for (const resource of group) {
      const result = body.results.find(
        (one) => one.resourceName === resource.name && one.resourceType === resourceTypes[resource.type],
      );
      const entries = (result?.configs ?? []).map(toEntry).sort((a, b) => (a.name < b.name ? -1 : 1));
      results.set(resource, { ...outcomeOf(resource.name, result?.errorCode ?? -1, result?.errorMessage), entries });
    }
  }
  return resources.map((resource) => results.get(resource) as DescribedConfigs);
}

interface WireConfig {
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
  readonly synonyms: readonly { readonly name: string; readonly value: string | null; readonly source: number }[];
}

function toEntry(config: WireConfig): ConfigEntry {
  const source = sources[config.configSource] ?? 'unknown';
  return {
    name: config.name,
    value: config.value,
    source,
    isReadOnly: config.readOnly,
    isSensitive: config.isSensitive,
    isDefault: source === 'default',
    synonyms: config.synonyms.map((synonym) => ({ ...synonym, source: sources[synonym.source] ?? 'unknown' })),
  };
}

export interface ConfigChange {
  readonly key: string;
  /** `append` and `subtract` work on list values. */
  readonly operation: 'set' | 'delete' | 'append' | 'subtract';
  readonly value: string | null;
}

const operations: Readonly<Record<ConfigChange['operation'], number>> = { set: 0, delete: 1, append: 2, subtract: 3 };

export async function alterConfigs(
  cluster: Cluster,
  resource: ConfigResource,
  changes: readonly ConfigChange[],
  options: { readonly validateOnly?: boolean } = {},
): Promise<Outcome> {
  const draft = {
    resources: [
      {
        resourceType: resourceTypes[resource.type],
        resourceName: resource.name,
        configs: changes.map((change) => ({
          name: change.key,
          configOperation: operations[change.operation],
          value: change.value,
        })),
      },
    ],
    validateOnly: options.validateOnly ?? false,
  };
  return cluster.retrying(
    async () => {
      const nodeId = [...byNode([resource]).keys()][0] ?? anyNode;
      const body = await callNodeOrAny(cluster, nodeId, apis.incrementalAlterConfigs, draft);
      expectNoRetriable(body.responses);
      const result = body.responses[0];
      return outcomeOf(resource.name, result?.errorCode ?? -1, result?.errorMessage);
    },
    { what: `alter configs of ${resource.type} ${resource.name}` },
  );
}

const anyNode = -1;

/** Resources by the broker that must be asked about them. */
function byNode(resources: readonly ConfigResource[]): Map<number, ConfigResource[]> {
  const groups = new Map<number, ConfigResource[]>();
  for (const resource of resources) {
    const isOneBroker = (resource.type === 'broker' || resource.type === 'broker-logger') && resource.name !== '';
    const nodeId = isOneBroker ? Number(resource.name) : anyNode;
    groups.set(nodeId, [...(groups.get(nodeId) ?? []), resource]);
  }
  return groups;
}

function callNodeOrAny<Draft, Body>(
  cluster: Cluster,
  nodeId: number,
  ...[api, draft]: Parameters<typeof cluster.callAny<Draft, Body>>
): Promise<Body> {
  return nodeId === anyNode ? cluster.callAny(api, draft) : cluster.callNode(nodeId, api, draft);
}
