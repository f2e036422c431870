/**
 * Controllers that outlive the leadership for which they were made.
 */
import { test } from 'node:test';
import { controllerTerm } from '../../src/checks/controller-term.ts';
import type { LiveNode } from '../../src/checks/watch.ts';
import { bites } from './fakes.ts';

function nodeWith(active: number | null, role: 'leader' | 'follower', term: number): LiveNode {
  const services = { quorum: { softState: { role, term, leaderId: null } } };
  return { node: { broker: { controllerTerm: active } }, services, label: 'node 1, start 1' } as unknown as LiveNode;
}

test('a controller of an earlier term, or of a node that does not lead, is noticed (ControllerIsOfItsTerm, E11)', () => {
  bites('ControllerIsOfItsTerm', () => controllerTerm.onEvent(nodeWith(3, 'leader', 5)));
  bites('ControllerIsOfItsTerm', () => controllerTerm.onEvent(nodeWith(3, 'follower', 3)));
});

test('a controller of the term in which its node leads passes, and so does none at all', () => {
  controllerTerm.onEvent(nodeWith(3, 'leader', 3));
  controllerTerm.onEvent(nodeWith(null, 'leader', 3));
});

function refusedOn(status: { role: 'leader' | 'follower'; transferringTo: number | null }): void {
  const services = { quorum: { status: { ...status, term: 3 } }, image: () => ({ clusterId: 'a' }) };
  const live = { services, label: 'node 1, start 1' } as unknown as LiveNode;
  controllerTerm.onMark?.(live, 'broker: controller begins again from what is committed');
}

test('decisions after a step-down or during a hand-over are noticed by their refusal (DecisionsAreTaken, E11)', () => {
  bites('DecisionsAreTaken', () => refusedOn({ role: 'follower', transferringTo: null }));
  bites('DecisionsAreTaken', () => refusedOn({ role: 'leader', transferringTo: 2 }));
  refusedOn({ role: 'leader', transferringTo: null });
});
