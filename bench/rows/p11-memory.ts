/**
 * P11: memory of a node that does nothing, and of one with 10,000 connections that do nothing. (Memory under P1 and with
 * 1,000 partitions is measured by those rows.)
 */
import { memoryMb } from '../measure/proc.ts';
import { IdleConnections } from '../tools/idle-connections.ts';
import { shippedSides, type Work, type WorkContext } from '../run/work.ts';

const settleMs = 5_000;
const idleSeconds = 10;
const connections = 10_000;

export const memory: Work = {
  name: 'memory',
  title: 'three idle nodes; 10,000 idle connections to one of them',
  rows: ['P11'],
  sides: shippedSides,
  figures: [
    { row: 'P11', key: 'idle.memory', label: 'idle: memory of a node', unit: 'MB', better: 'less', goal: { ratio: 0.3 } },
    { row: 'P11', key: 'idle.cpu', label: 'idle: CPU, all nodes', unit: 'cores', better: 'less' },
    {
      ...{ row: 'P11', key: 'connections.memory', label: '10,000 connections: memory of the node', unit: 'MB', better: 'less' },
      goal: { ratio: 0.3 },
    },
    { row: 'P11', key: 'connections.each', label: 'memory of a connection', unit: 'KB', better: 'less', goal: { value: 10 } },
  ],
  async run(context) {
    const cluster = await context.own({ nodes: 3 });
    const seconds = Math.max(3, Math.round(idleSeconds * Math.min(1, context.scale)));
    context.progress('idle');
    await pause(settleMs);
    const { usage } = await context.measured(cluster, 'P11-idle', () => pause(seconds * 1000));
    context.record('idle.memory', usage.residentMb);
    context.record('idle.cpu', usage.cpuSeconds / usage.seconds);
    const [host = '', port = ''] = (cluster.bootstrap.split(',')[0] ?? '').split(':');
    await connect(context, { address: { host, port: Number(port) }, pid: cluster.broker(1).pid });
  },
};

async function connect(context: WorkContext, to: { address: { host: string; port: number }; pid: number }): Promise<void> {
  const before = memoryMb(to.pid).resident;
  const open = new IdleConnections();
  const count = Math.min(connections, context.scaled(connections, 2_000));
  try {
    context.progress(`${count} connections`);
    await open.open(to.address, count);
    await pause(settleMs);
    const after = memoryMb(to.pid).resident;
    context.record('connections.memory', after);
    context.record('connections.each', ((after - before) * 1024) / count);
  } finally {
    open.close();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
