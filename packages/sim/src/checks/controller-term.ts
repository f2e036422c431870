/**
 * The active controller and the quorum's leadership on its node.
 *
 *   ControllerIsOfItsTerm   a controller is active only while its node knows that it leads, in the term for which the controller
 *                           was made from what is committed: nothing that it thought in an earlier one lives on (E11)
 *   DecisionsAreTaken       it decides only what the Raft node beside it will take: not after a step-down, be it one that is not
 *                           told yet, nor while the quorum is handed over
 */
import { fail } from './check.ts';
import type { Family, LiveNode } from './watch.ts';

const refusedMark = 'broker: controller begins again from what is committed';

export const controllerTerm: Family = {
  onEvent({ node, services, label }: LiveNode): void {
    const active = node.broker?.controllerTerm ?? null;
    if (active === null) return;
    const { role, term } = services.quorum.softState;
    if (role === 'leader' && term === active) return;
    fail('ControllerIsOfItsTerm', `${label} is ${role} in term ${term}, and its controller is that of term ${active}`);
  },
  onMark({ services, label }: LiveNode, name: string): void {
    if (name !== refusedMark) return;
    const { role, term, transferringTo } = services.quorum.status;
    // The first decision of all is made as soon as there is a leader.
    if (role === 'leader' && (transferringTo === null || services.image().clusterId === null)) return;
    const state = role === 'leader' ? `it hands the quorum over to ${transferringTo}` : `it is ${role}`;
    fail('DecisionsAreTaken', `${label}: a decision of its controller was refused in term ${term}, in which ${state}`);
  },
};
