/**
 * Clusters that are not as they should be when all is over.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { segmentPath } from '../../src/checks/segment-path.ts';
import { bites } from './fakes.ts';
import { lie, withSmallCluster, type SmallCluster } from './small-cluster.ts';

const bitten: readonly (readonly [title: string, check: string, harm: (small: SmallCluster) => void])[] = [
  [
    'two active controllers',
    'OneController',
    ({ cluster }) => {
      const follower = cluster.nodes.find((node) => node !== cluster.controller)?.services?.quorum;
      if (follower !== undefined) lie(follower, 'softState', { ...follower.softState, role: 'leader' });
    },
  ],
  [
    'a node that is behind with the metadata',
    'AllImagesEqual',
    ({ cluster }) => {
      const image = cluster.nodes.find((node) => node !== cluster.controller)?.services?.image();
      if (image !== undefined) image.appliedIndex--;
    },
  ],
  [
    'a high watermark below the log end',
    'FullyReplicated',
    ({ replicas: [, { hosted, log }] }) => lie(hosted, 'highWatermark', log.logEndOffset - 1),
  ],
  [
    'a replica that the metadata does not place there',
    'NoStrayReplicas',
    ({ cluster, replicas: [{ node, hosted }] }) => {
      const registration = cluster.image?.partition(hosted.topicId, hosted.partition);
      if (registration !== null && registration !== undefined) lie(registration, 'replicas', [node.id]);
    },
  ],
  [
    'a group that is still rebalancing',
    'GroupsAtRest',
    ({ replicas: [{ node }] }) => {
      const groups = node.services?.groups;
      if (groups === undefined) return;
      const shard = {
        isActive: true,
        counts: () => ({ pendingAppends: 0 }),
        groups: () => [{ groupId: 'g', state: 'PreparingRebalance' }],
      };
      lie(groups, 'shards', () => [shard] as unknown as ReturnType<typeof groups.shards>);
    },
  ],
  ['a partition below min.insync.replicas', 'FullyReplicated', ({ leader }) => lie(leader, 'isUnderMinIsr', true)],
  ['a produce request that nobody has answered', 'NothingWaits', ({ leader }) => lie(leader, 'waitingProducers', 1)],
  [
    'a replica that does not know a producer (C1)',
    'ProducersEqual',
    ({ replicas: [, { log }] }) => {
      const known = log.activeProducers();
      assert.ok(known.length > 0, 'somebody has written with a sequence');
      lie(log, 'activeProducers', () => known.slice(1));
    },
  ],
  [
    'a replica whose log differs in one byte',
    'LogsByteEqual',
    ({ replicas: [, { node, log }] }) => {
      node.disk.flipBit(segmentPath(log.directory, log.activeSegmentBaseOffset), 8 * 70);
    },
  ],
];

for (const [title, check, harm] of bitten) {
  test(`${title}: noticed by ${check}`, () =>
    withSmallCluster((cluster) => {
      harm(cluster);
      bites(check, () => cluster.atEnd());
    }));
}
