/**
 * The first records of a new cluster: feature levels, the cluster's id, and the cluster-wide `min.insync.replicas` that
 * eligible leader replicas need (Kafka's `ActivationRecordsGenerator` and `maybeGenerateElrSafetyRecords`).
 */

import type { MetadataImage } from '../image.ts';
import { clusterIdConfig, configResourceTypes, type BrokerFeature, type MetadataRecord } from '../records.ts';
import { controllerConfigView } from './effective-config.ts';
import type { ControllerContext } from './operation.ts';

/** Features and levels that this build can run; a broker sends them when it registers. */
export const supportedFeatures: readonly BrokerFeature[] = [
  // Kafka's levels: 7 is 3.3-IV3, its oldest; 30 is 4.3-IV0.
  { name: 'metadata.version', minSupportedVersion: 7, maxSupportedVersion: 30 },
  // Neither transactions nor the new group protocol are built yet: clients must not be told of them.
  { name: 'transaction.version', minSupportedVersion: 0, maxSupportedVersion: 0 },
  { name: 'group.version', minSupportedVersion: 0, maxSupportedVersion: 0 },
  { name: 'eligible.leader.replicas.version', minSupportedVersion: 0, maxSupportedVersion: 1 },
];

/** Records for an image that is still empty; none when the cluster exists already. */
export function bootstrapRecords(image: MetadataImage, clusterId: string, context: ControllerContext): MetadataRecord[] {
  if (image.clusterId !== null) return [];
  const features: MetadataRecord[] = supportedFeatures
    .filter(({ maxSupportedVersion }) => maxSupportedVersion > 0)
    .map(({ name, maxSupportedVersion }) => ({ type: 'featureLevel', name, featureLevel: maxSupportedVersion }));
  const clusterWide = { resourceType: configResourceTypes.broker, resourceName: '' };
  const minIsr = String(controllerConfigView(image, context).number('min.insync.replicas'));
  return [
    ...features,
    { type: 'config', ...clusterWide, name: clusterIdConfig, value: clusterId },
    { type: 'config', ...clusterWide, name: 'min.insync.replicas', value: minIsr },
  ];
}
