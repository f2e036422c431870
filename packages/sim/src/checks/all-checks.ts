/**
 * All invariants of a run, with nothing remembered of any other run.
 */
import { endChecks } from './at-end.ts';
import type { Check } from './check.ts';
import { CommittedRecords } from './committed-records.ts';
import { GhostPartitions } from './ghost-partition.ts';
import { GroupSafety } from './group-safety.ts';
import { MetadataSafety } from './metadata-safety.ts';
import { ProcessSafety, unexpectedEnds } from './process-safety.ts';
import { RaftSafety } from './raft-safety.ts';
import { expectSuperset, ReplicaSafety } from './replica-safety.ts';
import { Watch } from './watch.ts';

export function allChecks(): Check[] {
  return [unexpectedEnds(), createWatch(), ...endChecks];
}

/** The checks that look after each event, put together. */
export function createWatch(): Watch {
  const ghosts = new GhostPartitions();
  const records = new CommittedRecords(ghosts);
  const metadata = new MetadataSafety(ghosts, (ghost, cluster) => {
    records.expectCandidates(ghost, cluster);
    const led = ghost.leaders.get(ghost.registration.leaderEpoch);
    if (led !== undefined) expectSuperset(ghost, led.leader, led.label);
  });
  const raft = new RaftSafety((entry, live) => metadata.onCommitted(entry, live));
  return new Watch([raft, metadata, new ReplicaSafety(ghosts, records), new GroupSafety(ghosts), new ProcessSafety()]);
}
