/**
 * Who may come into an ISR, by what its leader knows of it at that moment.
 *
 *   JoinsByOwnReport   a replica comes into the ISR by a position that it has reported under the registration that it has: what
 *                      it held before its last restart proves nothing (A14, KIP-903)
 */
import { fail } from './check.ts';
import type { GhostPartition } from './ghost-partition.ts';

/** Looks at the members that came in since the last call. */
export function expectJoins(ghost: GhostPartition): void {
  if (ghost.joined.length === 0) return;
  const { joined, name } = ghost;
  ghost.joined = [];
  for (const { id, leaderEpoch, brokerEpoch } of joined) {
    const led = ghost.leaders.get(leaderEpoch);
    // Its broker ended before anybody looked at it in this role.
    if (led === undefined) continue;
    // Before the join was committed it may have restarted once more, and report what is not registered yet.
    const reported = led.leader.follower(id)?.brokerEpoch ?? -1;
    if (reported < 0 || reported >= brokerEpoch) continue;
    fail(
      'JoinsByOwnReport',
      `${name}: node ${id} joins the ISR under ${brokerEpoch}; to ${led.label} it reported under ${reported}`,
    );
  }
}
