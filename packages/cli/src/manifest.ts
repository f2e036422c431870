/**
 * Every command by name. Help and completion are made from this list; a command's own file is loaded when it is run.
 */
import type { CommandEntry, CommandGroup } from './command.ts';

export const groups: readonly CommandGroup[] = [
  {
    name: 'server',
    describe: 'Run one broker',
    commands: [
      { usage: 'start', describe: 'Start a broker in this process', load: () => import('./commands/server/start.ts') },
      {
        usage: 'format',
        describe: 'Prepare a data directory (start does it by itself)',
        load: () => import('./commands/server/format.ts'),
      },
      {
        usage: 'check-config',
        describe: 'Check a configuration and say what is wrong with it',
        load: () => import('./commands/server/check-config.ts'),
      },
      {
        usage: 'print-config',
        describe: 'Print every key: effective value and where it comes from',
        load: () => import('./commands/server/print-config.ts'),
      },
    ],
  },
  {
    name: 'dev',
    describe: 'A cluster on this machine, for trying and for breaking',
    commands: [
      { usage: 'up', describe: 'Start the brokers', load: () => import('./commands/dev/up.ts') },
      { usage: 'down', describe: 'Stop them all', load: () => import('./commands/dev/down.ts') },
      {
        usage: 'status',
        describe: 'List the brokers with pids, ports and states',
        load: () => import('./commands/dev/status.ts'),
      },
      { usage: 'kill <id>', describe: 'Kill a broker (SIGKILL), as a crash would', load: () => import('./commands/dev/kill.ts') },
      { usage: 'start <id>', describe: 'Start a broker again on its data', load: () => import('./commands/dev/start.ts') },
      { usage: 'pause <id>', describe: 'Freeze a broker (SIGSTOP)', load: () => import('./commands/dev/pause.ts') },
      { usage: 'resume <id>', describe: 'Let a frozen broker go on (SIGCONT)', load: () => import('./commands/dev/resume.ts') },
    ],
  },
  {
    name: 'topic',
    describe: 'Create, show, change and delete topics',
    commands: [
      { usage: 'create <topics..>', describe: 'Create topics', load: () => import('./commands/topic/create.ts') },
      { usage: 'list', aliases: ['ls'], describe: 'List topics', load: () => import('./commands/topic/list.ts') },
      {
        usage: 'describe [topics..]',
        aliases: ['info'],
        describe: 'Show partitions, leaders, replicas and configs',
        load: () => import('./commands/topic/describe.ts'),
      },
      {
        usage: 'alter <topics..>',
        describe: 'Add partitions, set or remove configs',
        load: () => import('./commands/topic/alter.ts'),
      },
      {
        usage: 'delete <topics..>',
        aliases: ['rm'],
        describe: 'Delete topics and their records',
        load: () => import('./commands/topic/delete.ts'),
      },
      {
        usage: 'config <action> <topic> [entries..]',
        describe: 'Read and write configs: get, set, unset',
        load: () => import('./commands/topic/config.ts'),
      },
    ],
  },
  {
    name: 'group',
    describe: 'Show, reset and delete consumer groups',
    commands: [
      { usage: 'list', aliases: ['ls'], describe: 'List groups', load: () => import('./commands/group/list.ts') },
      {
        usage: 'describe [groups..]',
        describe: 'Show offsets, lag, members or state',
        load: () => import('./commands/group/describe.ts'),
      },
      {
        usage: 'reset-offsets <group>',
        describe: 'Move a group (shows the plan; --execute does it)',
        load: () => import('./commands/group/reset-offsets.ts'),
      },
      {
        usage: 'delete <groups..>',
        describe: 'Delete groups and their offsets',
        load: () => import('./commands/group/delete.ts'),
      },
    ],
  },
  {
    name: 'broker',
    describe: 'Show the brokers of the cluster',
    commands: [
      { usage: 'list', aliases: ['ls'], describe: 'List brokers', load: () => import('./commands/broker/list.ts') },
      {
        usage: 'describe <id>',
        describe: 'Show one broker: leaders, disks, configs',
        load: () => import('./commands/broker/describe.ts'),
      },
    ],
  },
  {
    name: 'cluster',
    describe: 'The cluster as a whole',
    commands: [
      { usage: 'info', describe: 'Cluster id, controller, brokers, counts', load: () => import('./commands/cluster/info.ts') },
      { usage: 'health', describe: 'What is wrong, if anything', load: () => import('./commands/cluster/health.ts') },
    ],
  },
  {
    name: 'quorum',
    describe: 'The metadata quorum',
    commands: [
      {
        usage: 'status',
        describe: 'Leader, term, voters, observers and their lag',
        load: () => import('./commands/quorum/status.ts'),
      },
    ],
  },
  {
    name: 'log',
    describe: 'Segment files',
    commands: [
      {
        usage: 'dump <files..>',
        describe: 'Print the batches and records of segment files',
        load: () => import('./commands/log/dump.ts'),
      },
    ],
  },
];

export const singles: readonly CommandEntry[] = [
  {
    usage: 'produce [topic]',
    describe: 'Write records from standard input, a file or the command line',
    load: () => import('./commands/produce.ts'),
  },
  { usage: 'consume [topics..]', describe: 'Print records', load: () => import('./commands/consume.ts') },
  { usage: 'doctor', describe: 'Find out why a client cannot reach the cluster', load: () => import('./commands/doctor.ts') },
  {
    usage: 'completion [shell]',
    describe: 'Print the completion script for bash, zsh or fish',
    load: () => import('./commands/completion.ts'),
  },
  { usage: 'version', describe: 'Print the version', load: () => import('./commands/version.ts') },
];
