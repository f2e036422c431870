/**
 * A controller that thinks what nobody has committed is noticed, once none of its proposals is open.
 */
import { test } from 'node:test';
import { MetadataImage } from '@jackdaw/metadata';
import { ControllerImage } from '../../src/checks/controller-image.ts';
import type { LiveNode } from '../../src/checks/watch.ts';
import { bites } from './fakes.ts';
import { lie } from './small-cluster.ts';

function controller(lastIndex: number): { readonly live: LiveNode; readonly decided: MetadataImage } {
  const decided = new MetadataImage();
  const committed = new MetadataImage();
  lie(committed, 'appliedIndex', 4);
  lie(committed, 'appliedTerm', 2);
  const quorum = { softState: { role: 'leader' }, status: { role: 'leader', lastIndex, term: 2 } };
  const services = { quorum, image: () => committed, decidedImage: () => decided };
  return { live: { services, label: 'node 1' } as unknown as LiveNode, decided };
}

test('E11: what a controller has decided and nobody has committed is noticed (DecidedIsCommitted)', () => {
  const { live, decided } = controller(4);
  new ControllerImage().onEvent(live);
  decided.nextProducerId = 7;
  bites('DecidedIsCommitted', () => new ControllerImage().onEvent(live));
});

test('E11: a controller may be ahead while its proposals are open', () => {
  const { live, decided } = controller(5);
  decided.nextProducerId = 7;
  new ControllerImage().onEvent(live);
});
