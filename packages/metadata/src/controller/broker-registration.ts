/**
 * BrokerRegistration (62): a broker process introduces itself and gets its broker epoch.
 *
 * A new incarnation starts fenced, with the index of its registration's Raft entry as epoch; while another incarnation
 * of the id is alive it is refused (E13). The epoch that it held before a clean stop tells whether its logs are whole
 * (A18, KIP-966): any other one counts as a crash. The same incarnation may amend its registration.
 */

import { sometimes } from '@jackdaw/base';
import type { BrokerRegistrationRequest, BrokerRegistrationResponseDraft } from '@jackdaw/protocol';
import type { BrokerRegistration, MetadataImage } from '../image.ts';
import { isReservedDirectory } from '../partition-registration.ts';
import type { BrokerFeature } from '../records.ts';
import { apiError, type ApiError } from './api-error.ts';
import { cleanUpAfterShutdown } from './broker-changes.ts';
import { Decision } from './decision.ts';
import type { ControllerContext, OperationResult } from './operation.ts';

type Response = BrokerRegistrationResponseDraft;

/** From this version on a request says which epoch its broker had when it stopped cleanly. */
const firstVersionWithPreviousEpoch = 3;
const metadataVersionFeature = 'metadata.version';

export function brokerRegistration(
  image: MetadataImage,
  request: BrokerRegistrationRequest,
  context: ControllerContext,
): OperationResult<Response> {
  const decision = new Decision(image, context);
  const existing = image.brokers.get(request.brokerId) ?? null;
  const error =
    checkIdentity(image, request, { context, existing }) ?? checkDirectories(image, request) ?? checkFeatures(image, request);
  if (error !== null) return decision.result(failedBrokerRegistration(error));
  const isAmendment = existing !== null && existing.incarnationId === request.incarnationId;
  const brokerEpoch = isAmendment ? existing.brokerEpoch : context.nextIndex;
  if (isAmendment) sometimes('controller: registration repeated by the same process');
  if (!isAmendment) {
    const knowsEpoch = context.apiVersion >= firstVersionWithPreviousEpoch;
    const isClean = knowsEpoch && existing !== null && existing.brokerEpoch === request.previousBrokerEpoch;
    if (existing !== null && isClean) sometimes('controller: broker registered anew after a clean stop');
    if (existing !== null && !isClean) sometimes('controller: broker registered anew after an unclean stop');
    cleanUpAfterShutdown(image, decision, { brokerId: request.brokerId, isClean });
    decision.events.push({ type: 'broker-registered', brokerId: request.brokerId, brokerEpoch, cleanShutdown: isClean });
    context.heartbeats.remove(request.brokerId);
  }
  decision.push({
    type: 'registerBroker',
    brokerId: request.brokerId,
    isMigratingZkBroker: false,
    incarnationId: request.incarnationId,
    brokerEpoch,
    endPoints: request.listeners,
    features: request.features,
    rack: request.rack,
    fenced: isAmendment ? existing.fenced : true,
    inControlledShutdown: isAmendment && existing.inControlledShutdown,
    logDirs: request.logDirs,
    cordonedLogDirs: isAmendment ? existing.cordonedLogDirs : null,
  });
  return decision.result({ throttleTimeMs: 0, errorCode: 0, brokerEpoch });
}

export function failedBrokerRegistration(error: ApiError): Response {
  return { throttleTimeMs: 0, errorCode: error.errorCode, brokerEpoch: -1 };
}

function checkIdentity(
  image: MetadataImage,
  request: BrokerRegistrationRequest,
  { context, existing }: { context: ControllerContext; existing: BrokerRegistration | null },
): ApiError | null {
  if (request.clusterId !== image.clusterId) {
    return apiError('INCONSISTENT_CLUSTER_ID', `Expected cluster ID ${image.clusterId}, but got cluster ID ${request.clusterId}`);
  }
  const isAlive = existing !== null && context.heartbeats.hasValidSession(existing.brokerId, existing.brokerEpoch, context.nowMs);
  if (isAlive && existing.incarnationId !== request.incarnationId) {
    sometimes('controller: duplicate registration refused');
  }
  if (isAlive && existing.incarnationId !== request.incarnationId) return apiError('DUPLICATE_BROKER_REGISTRATION');
  if (request.isMigratingZkBroker) {
    return apiError('BROKER_ID_NOT_REGISTERED', 'Controller does not support registering ZK brokers.');
  }
  return null;
}

function checkDirectories(image: MetadataImage, request: BrokerRegistrationRequest): ApiError | null {
  const { logDirs } = request;
  if (logDirs.length === 0) return apiError('INVALID_REGISTRATION', 'No directories specified in request');
  if (logDirs.some(isReservedDirectory)) return apiError('INVALID_REGISTRATION', 'Reserved directory ID in request');
  if (new Set(logDirs).size !== logDirs.length) return apiError('INVALID_REGISTRATION', 'Duplicate directory ID in request');
  for (const broker of image.brokers.values()) {
    const shared = broker.logDirs.find((directory) => logDirs.includes(directory));
    if (shared === undefined || broker.brokerId === request.brokerId) continue;
    return apiError('INVALID_REGISTRATION', `Broker ${broker.brokerId} is already registered with directory ${shared}`);
  }
  return null;
}

/** Every finalized feature level must be one that the broker can run. */
function checkFeatures(image: MetadataImage, request: BrokerRegistrationRequest): ApiError | null {
  const supported = new Map<string, BrokerFeature>(request.features.map((feature) => [feature.name, feature]));
  if (!supported.has(metadataVersionFeature)) {
    return apiError('INVALID_REGISTRATION', `Request features do not contain '${metadataVersionFeature}'`);
  }
  for (const [name, level] of image.features) {
    const min = supported.get(name)?.minSupportedVersion ?? 0;
    const max = supported.get(name)?.maxSupportedVersion ?? 0;
    if (level >= min && level <= max) continue;
    const message =
      `Unable to register because the broker does not support finalized version ${level} of ${name}. ` +
      `The broker wants a version between ${min} and ${max}, inclusive.`;
    return apiError('UNSUPPORTED_VERSION', message);
  }
  return null;
}
