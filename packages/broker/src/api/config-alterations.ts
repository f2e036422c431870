/**
 * What AlterConfigs and IncrementalAlterConfigs share: a broker settles some resources itself, the controller the others.
 *
 * A broker's own configuration is only taken by that broker, because it alone can tell whether the values work there, and
 * log levels live in the process. Everything else goes to the controller in one request, answers keep the request's order.
 */
import { apiError, configKey, configResourceTypes, noError, type ApiError, type ConfigResource } from '@jackdaw/metadata';
import type { NodeId } from '@jackdaw/base';
import type { Refusal } from './handler.ts';

export interface AlteredResource extends ConfigResource {
  readonly configs: readonly { readonly name: string; readonly value: string | null }[];
}

export interface ResourceOutcome extends ApiError {
  readonly resourceType: number;
  readonly resourceName: string;
}

export interface AlterationRoute<R extends AlteredResource> {
  /** The outcome when this broker settles the resource, null when the controller does. */
  readonly settle: (resource: R) => ApiError | null;
  /** The controller's outcomes for what is left, in the same order. */
  readonly forward: (left: readonly R[]) => Promise<readonly ApiError[]>;
}

export async function alterResources<R extends AlteredResource>(
  resources: readonly R[],
  { settle, forward }: AlterationRoute<R>,
): Promise<ResourceOutcome[]> {
  const repeated = repeatedKeys(resources);
  const outcomes = resources.map((resource) =>
    repeated.has(keyOf(resource)) ? apiError('INVALID_REQUEST', 'Each resource must appear at most once.') : settle(resource),
  );
  const left = resources.filter((_, i) => outcomes[i] === null);
  const answers = left.length === 0 ? [] : await forward(left);
  let next = 0;
  return resources.map((resource, i) => outcomeOf(resource, outcomes[i] ?? answers[next++] ?? noError));
}

export function refuseAlterations(resources: readonly AlteredResource[], refusal: Refusal): ResourceOutcome[] {
  return resources.map((resource) => outcomeOf(resource, refusal));
}

/** What is wrong with a resource whatever the operation, or null. */
export function checkResource(nodeId: NodeId, { resourceType, resourceName, configs }: AlteredResource): ApiError | null {
  if (new Set(configs.map(({ name }) => name)).size !== configs.length) {
    return apiError('INVALID_REQUEST', 'Error due to duplicate config keys');
  }
  switch (resourceType) {
    case configResourceTypes.topic:
    case configResourceTypes.clientMetrics:
    case configResourceTypes.group:
      return null;
    case configResourceTypes.broker:
      return resourceName === '' ? null : checkNodeId(nodeId, resourceName, 'broker id, expected');
    default:
      return apiError('INVALID_REQUEST', `Unknown resource type ${resourceType}`);
  }
}

/** A resource that lives in one broker must name the broker that is asked. `what`: Kafka has a wording for each type. */
export function checkNodeId(nodeId: NodeId, name: string, what: 'broker id, expected' | 'node id. Expected'): ApiError | null {
  const id = intOf(name);
  if (id === null) return apiError('INVALID_REQUEST', `Node id must be an integer, but it is: ${name}`);
  return id === nodeId ? null : apiError('INVALID_REQUEST', `Unexpected ${what} ${nodeId}, but received ${name}`);
}

/** The number that a resource's name is, or null. */
export function intOf(name: string): number | null {
  return /^[+-]?\d{1,10}$/.test(name) ? Number(name) : null;
}

function outcomeOf({ resourceType, resourceName }: ConfigResource, { errorCode, errorMessage }: ApiError): ResourceOutcome {
  return { errorCode, errorMessage, resourceType, resourceName };
}

function repeatedKeys(resources: readonly ConfigResource[]): Set<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const key of resources.map(keyOf)) {
    if (seen.has(key)) repeated.add(key);
    seen.add(key);
  }
  return repeated;
}

function keyOf({ resourceType, resourceName }: ConfigResource): string {
  return configKey(resourceType, resourceName);
}
