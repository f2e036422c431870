/**
 * Configurations as the controller's decisions see them: topic override, then this controller's dynamic override, the
 * cluster-wide one, the static value, the default (Kafka's `ConfigurationControlManager.getTopicConfig`).
 *
 * Made for one decision; the image does not change while it is used.
 */

import { ConfigView } from '../config/config-view.ts';
import { effectiveTopicConfigText } from '../config/topic-config.ts';
import type { MetadataImage, TopicImage } from '../image.ts';
import { configResourceTypes } from '../records.ts';
import type { ControllerContext } from './operation.ts';

/** The controller's own configuration with the dynamic layers of the image on top. */
export function controllerConfigView(
  image: MetadataImage,
  { settings, controllerId }: Pick<ControllerContext, 'settings' | 'controllerId'>,
): ConfigView {
  const view = new ConfigView(settings.staticConfig);
  view.replaceDynamic({
    dynamicBroker: image.overridesOf(configResourceTypes.broker, String(controllerId)),
    dynamicDefault: image.overridesOf(configResourceTypes.broker, ''),
  });
  return view;
}

/** What elections need to know of a topic. */
export interface ElectionConfig {
  /** `min.insync.replicas`, but at most the replication factor. */
  readonly minIsr: number;
  readonly uncleanElection: boolean;
}

export function electionConfigOf(image: MetadataImage, topic: TopicImage, view: ConfigView): ElectionConfig {
  const overrides = image.overridesOf(configResourceTypes.topic, topic.name);
  const replicationFactor = topic.partitions.get(0)?.replicas.length ?? 1;
  return {
    minIsr: Math.min(Number(effectiveTopicConfigText('min.insync.replicas', overrides, view)), replicationFactor),
    uncleanElection: effectiveTopicConfigText('unclean.leader.election.enable', overrides, view) === 'true',
  };
}
