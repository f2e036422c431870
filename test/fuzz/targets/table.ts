/**
 * All targets of the fuzzer, in the order in which `--target all` runs them.
 */
import type { Target } from '../engine/target.ts';
import { codecTargets } from './codecs.ts';
import { configurationTargets } from './configuration.ts';
import { controllerTargets } from './controller.ts';
import { coordinatorTargets } from './coordinator.ts';
import { directoryTargets } from './disk-directory.ts';
import { diskTargets } from './disk.ts';
import { groupTargets } from './group-requests.ts';
import { metadataTargets } from './metadata.ts';
import { raftStoreTargets } from './raft-store.ts';
import { raftTargets } from './raft.ts';
import { recordTargets } from './records.ts';
import { replicationTargets } from './replication.ts';
import { requestTargets } from './requests.ts';
import { responseTargets } from './responses.ts';
import { toolTargets } from './tool-files.ts';

export const targets: readonly Target[] = [
  ...requestTargets,
  ...responseTargets,
  ...recordTargets,
  ...codecTargets,
  ...replicationTargets,
  ...raftTargets,
  ...raftStoreTargets,
  ...controllerTargets,
  ...metadataTargets,
  ...coordinatorTargets,
  ...groupTargets,
  ...diskTargets,
  ...directoryTargets,
  ...configurationTargets,
  ...toolTargets,
];
