/**
 * AlterConfigs (33) and IncrementalAlterConfigs (44): the one replaces a resource's overrides, the other sets, deletes,
 * appends and subtracts. Each resource is changed whole or not at all; the resources of a request in one entry.
 *
 * BROKER_LOGGER resources never come here: their levels live in the broker that is named.
 */

import type {
  AlterConfigsRequest,
  AlterConfigsResponseDraft,
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponseDraft,
} from '@jackdaw/protocol';
import { configKey, type ConfigResource, type MetadataImage } from '../image.ts';
import { configResourceTypes, type ConfigRecord } from '../records.ts';
import { checkConfigChange, clearElrRecords, configKeyFor } from './alter-config-rules.ts';
import { apiError, noError, type ApiError } from './api-error.ts';
import { Decision } from './decision.ts';
import type { ControllerContext, OperationResult } from './operation.ts';

type IncrementalResource = IncrementalAlterConfigsRequest['resources'][number];
type Alteration = IncrementalResource['configs'][number];
type ReplacedResource = AlterConfigsRequest['resources'][number];
type Response = AlterConfigsResponseDraft & IncrementalAlterConfigsResponseDraft;

/** Name and new value of each override, null to remove it. */
type Changes = ReadonlyMap<string, string | null>;

/** Kafka's AlterConfigOp. */
const operations = { set: 0, delete: 1, append: 2, subtract: 3 } as const;
const operationNames = ['SET', 'DELETE', 'APPEND', 'SUBTRACT'];

export function incrementalAlterConfigs(
  image: MetadataImage,
  request: IncrementalAlterConfigsRequest,
  context: ControllerContext,
): OperationResult<IncrementalAlterConfigsResponseDraft> {
  return alterResources(request, { image, context, changesOf: (resource) => incrementalChanges(image, resource) });
}

export function alterConfigs(
  image: MetadataImage,
  request: AlterConfigsRequest,
  context: ControllerContext,
): OperationResult<AlterConfigsResponseDraft> {
  return alterResources(request, { image, context, changesOf: (resource) => replacingChanges(image, resource) });
}

export function failedAlterConfigs(error: ApiError, request: { readonly resources: readonly ConfigResource[] }): Response {
  const responses = request.resources.map(({ resourceType, resourceName }) => ({ ...error, resourceType, resourceName }));
  return { throttleTimeMs: 0, responses };
}

interface NamedConfig {
  readonly name: string;
}

interface AlterationMeans<R> {
  readonly image: MetadataImage;
  readonly context: ControllerContext;
  readonly changesOf: (resource: R) => Changes | ApiError;
}

function alterResources<R extends ConfigResource & { readonly configs: readonly NamedConfig[] }>(
  request: { readonly resources: readonly R[]; readonly validateOnly: boolean },
  means: AlterationMeans<R>,
): OperationResult<Response> {
  const { image, context } = means;
  const decision = new Decision(image, context);
  const counts = new Map<string, number>();
  for (const resource of request.resources) {
    const key = configKey(resource.resourceType, resource.resourceName);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const records: ConfigRecord[] = [];
  const responses = request.resources.map((resource) => {
    const { resourceType, resourceName } = resource;
    const isRepeated = counts.get(configKey(resourceType, resourceName)) !== 1;
    const outcome = isRepeated
      ? apiError('INVALID_REQUEST', 'Each resource must appear at most once.')
      : alterOne(resource, means);
    if (Array.isArray(outcome)) records.push(...outcome);
    return { ...(Array.isArray(outcome) ? noError : outcome), resourceType, resourceName };
  });
  if (!request.validateOnly) for (const record of [...records, ...clearElrRecords(image, records)]) decision.push(record);
  return decision.result({ throttleTimeMs: 0, responses });
}

function alterOne<R extends ConfigResource & { readonly configs: readonly NamedConfig[] }>(
  resource: R,
  { image, context, changesOf }: AlterationMeans<R>,
): ConfigRecord[] | ApiError {
  const { resourceType, resourceName, configs } = resource;
  if (new Set(configs.map(({ name }) => name)).size !== configs.length) {
    return apiError('INVALID_REQUEST', 'Error due to duplicate config keys');
  }
  const changes = changesOf(resource);
  if ('errorCode' in changes) return changes;
  const before = image.overridesOf(resourceType, resourceName);
  const overrides = new Map(before);
  for (const [name, value] of changes) {
    if (value === null) overrides.delete(name);
    else overrides.set(name, value);
  }
  const error = checkConfigChange(image, { resourceType, resourceName, overrides, changes }, context);
  if (error !== null) return error;
  // A broker is told again even of the value it has: it may have to read a renewed file behind it (KAFKA-14136).
  const isTold = (name: string, value: string | null): boolean =>
    value !== (before.get(name) ?? null) || (resourceType === configResourceTypes.broker && value !== null);
  return [...changes]
    .filter(([name, value]) => isTold(name, value))
    .map(([name, value]) => ({ type: 'config', resourceType, resourceName, name, value }));
}

function replacingChanges(image: MetadataImage, resource: ReplacedResource): Changes | ApiError {
  const nulls = resource.configs.filter(({ value }) => value === null).map(({ name }) => name);
  if (nulls.length > 0) return apiError('INVALID_REQUEST', `Null value not supported for : ${nulls.join(', ')}`);
  const changes = new Map<string, string | null>();
  for (const { name, value } of resource.configs) changes.set(name, value);
  for (const name of image.overridesOf(resource.resourceType, resource.resourceName).keys()) {
    if (!changes.has(name)) changes.set(name, null);
  }
  return changes;
}

function incrementalChanges(image: MetadataImage, resource: IncrementalResource): Changes | ApiError {
  const nulls = resource.configs.filter((it) => it.value === null && it.configOperation !== operations.delete);
  if (nulls.length > 0) {
    return apiError('INVALID_REQUEST', `Null value not supported for : ${nulls.map(({ name }) => name).join(', ')}`);
  }
  const before = image.overridesOf(resource.resourceType, resource.resourceName);
  const changes = new Map<string, string | null>();
  for (const alteration of resource.configs) {
    const changed = alteredValue(resource.resourceType, alteration, before.get(alteration.name) ?? null);
    if (changed !== null && typeof changed === 'object') return changed;
    changes.set(alteration.name, changed);
  }
  return changes;
}

/** The value after the operation, null when it is removed, or what is wrong with the operation. */
function alteredValue(resourceType: number, alteration: Alteration, before: string | null): string | null | ApiError {
  const { name, value, configOperation } = alteration;
  switch (configOperation) {
    case operations.set:
      return value;
    case operations.delete:
      return null;
    case operations.append:
    case operations.subtract: {
      const key = configKeyFor(resourceType, name);
      if (key?.type !== 'list') {
        const message = `Can't ${operationNames[configOperation]} to key ${name} because its type is not LIST.`;
        return apiError('INVALID_CONFIG', message);
      }
      const items = (before ?? key.defaultValue ?? '').split(',').filter((item) => item !== '');
      return alteredList(items, (value ?? '').split(','), configOperation === operations.append).join(',');
    }
    default:
      return apiError('INVALID_REQUEST', `Unknown operations type ${configOperation}`);
  }
}

function alteredList(items: readonly string[], given: readonly string[], isAppending: boolean): readonly string[] {
  if (!isAppending) return items.filter((item) => !given.includes(item));
  const added = given.filter((item, i) => !items.includes(item) && given.indexOf(item) === i);
  return [...items, ...added];
}
