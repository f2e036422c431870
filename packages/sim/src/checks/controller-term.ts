/**
 * The active controller and the quorum's leadership on its node.
 *
 *   ControllerIsOfItsTerm   a controller is active only while its node knows that it leads, in the term for which the controller
 *                           was made from what is committed: nothing that it thought in an earlier one lives on (E11)
 */
import { fail } from './check.ts';
import type { Family, LiveNode } from './watch.ts';

export const controllerTerm: Family = {
  onEvent({ node, services, label }: LiveNode): void {
    const active = node.broker?.controllerTerm ?? null;
    if (active === null) return;
    const { role, term } = services.quorum.softState;
    if (role === 'leader' && term === active) return;
    fail('ControllerIsOfItsTerm', `${label} is ${role} in term ${term}, and its controller is that of term ${active}`);
  },
};
