/**
 * P12: consumer groups: 100 members that join at once, and 50,000 commits. The client is ours, the same for both sides.
 */
import { commitMany, joinAtOnce } from '../tools/group-members.ts';
import { shippedSides, type Work } from '../run/work.ts';
import { freshTopic, uniqueName } from './topics.ts';

const members = 100;
const commits = 50_000;
const committingGroups = 64;

export const groups: Work = {
  name: 'groups',
  title: '100 members join a group at once; 50,000 commits by 64 groups with one in flight each',
  rows: ['P12'],
  sides: shippedSides,
  figures: [
    { row: 'P12', key: 'groups.join', label: '100 members: until stable', unit: 's', better: 'less', goal: { ratio: 1 } },
    { row: 'P12', key: 'groups.commits', label: 'commits', unit: '/s', better: 'more', goal: { ratio: 1 } },
    { row: 'P12', key: 'groups.commitCpu', label: "a commit: brokers' CPU", unit: 'µs', better: 'less' },
  ],
  async run(context) {
    const cluster = await context.shared();
    const topic = await freshTopic(cluster, { name: 'p12', partitions: members });
    const { bootstrap } = cluster;
    context.progress('the first group');
    // The first commit of a cluster creates the topic of offsets.
    await commitMany({ bootstrap, topic, count: committingGroups, groups: committingGroups });
    context.progress(`${members} members join`);
    const group = uniqueName('group');
    const { result: joinMs } = await context.measured(cluster, 'P12-join', () =>
      joinAtOnce({ bootstrap, topic, group, members }),
    );
    context.record('groups.join', joinMs / 1000);
    context.progress('commits');
    const count = context.scaled(commits, 2_000);
    const { result, usage } = await context.measured(cluster, 'P12-commits', () =>
      commitMany({ bootstrap, topic, count, groups: committingGroups }),
    );
    context.record('groups.commits', result.perSecond);
    context.record('groups.commitCpu', (usage.cpuSeconds * 1e6) / count);
  },
};
