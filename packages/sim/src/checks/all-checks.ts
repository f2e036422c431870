/**
 * All invariants of a run, with nothing remembered of any other run.
 */
import { Acknowledged } from './acknowledged.ts';
import { endChecks } from './at-end.ts';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import type { Check } from './check.ts';
import { ControllerImage } from './controller-image.ts';
import { CommittedRecords } from './committed-records.ts';
import { EpochStorage } from './epoch-storage.ts';
import { GhostPartitions } from './ghost-partition.ts';
import { GroupSafety } from './group-safety.ts';
import { GroupSessions } from './group-sessions.ts';
import { controllerTerm } from './controller-term.ts';
import { IsrPace } from './isr-pace.ts';
import { expectJoins } from './joins.ts';
import { MetadataSafety } from './metadata-safety.ts';
import { ProcessSafety, unexpectedEnds } from './process-safety.ts';
import { QuorumBounds } from './quorum-bounds.ts';
import { QuorumMessages } from './quorum-messages.ts';
import { QuorumStore } from './quorum-store.ts';
import { RaftSafety } from './raft-safety.ts';
import { Reach } from './reach.ts';
import { realDamage } from './real-damage.ts';
import { expectSuperset, ReplicaSafety } from './replica-safety.ts';
import { SessionBounds } from './session-bounds.ts';
import { StorageSafety } from './storage-safety.ts';
import { Watch, type Family } from './watch.ts';

export function allChecks(cluster: SimCluster): Check[] {
  const reach = new Reach(cluster);
  const ghosts = new GhostPartitions();
  const watch = createWatch(ghosts, reach, [new QuorumMessages(cluster)]);
  const cuts: Check = {
    name: 'Reach',
    onFault: (_, { kind }) => {
      if (kind === 'reset-connections') reach.onCut();
    },
  };
  return [unexpectedEnds(), cuts, watch, new Acknowledged(ghosts), ...endChecks];
}

/** The checks that look after each event, put together. */
export function createWatch(ghosts = new GhostPartitions(), reach: Reach | null = null, more: readonly Family[] = []): Watch {
  const records = new CommittedRecords(ghosts);
  const metadata = new MetadataSafety(ghosts, (ghost, cluster) => {
    records.expectCandidates(ghost, cluster);
    expectJoins(ghost);
    const led = ghost.leaders.get(ghost.registration.leaderEpoch);
    if (led !== undefined) expectSuperset(ghost, led.leader, led.label);
  });
  const raft = new RaftSafety((entry, live) => metadata.onCommitted(entry, live));
  const safety = [
    raft,
    metadata,
    new ReplicaSafety(ghosts, records),
    new GroupSafety(ghosts),
    new ProcessSafety(),
    controllerTerm,
    realDamage,
    new StorageSafety(),
    new EpochStorage(),
    new QuorumStore(),
    new ControllerImage(),
    ...more,
  ];
  return new Watch(reach === null ? safety : [...safety, ...bounds(reach, metadata)]);
}

function bounds(reach: Reach, metadata: MetadataSafety): Family[] {
  const looking: Family = { onEvent: () => undefined, onTime: () => reach.look() };
  return [
    looking,
    new QuorumBounds(reach),
    new SessionBounds(reach, metadata),
    new GroupSessions(reach),
    new IsrPace(() => metadata.image),
  ];
}
