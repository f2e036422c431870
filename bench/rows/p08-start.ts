/**
 * P8: from nothing to serving, one node and three, formatting included where a side needs it; and a cluster inside a test.
 *
 * The moment is that of BenchCluster.start. Inside a process the time runs from the call that starts the cluster: the
 * modules are loaded by then, as in a test file.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { adopt } from '../cluster/leftovers.ts';
import { BenchError } from '../run/bench-error.ts';
import { shippedSides, type Goal, type Work, type WorkContext } from '../run/work.ts';

const program = fileURLToPath(new URL('./p08-in-process.js', import.meta.url));
const timeoutMs = 60_000;

const sizes = [
  { nodes: 1, what: '1 node', goal: { ratio: 0.1, value: 0.3 }, inProcess: { value: 0.15 } },
  { nodes: 3, what: '3 nodes', goal: { ratio: 0.1, value: 1 }, inProcess: { value: 0.5 } },
] as const satisfies readonly { nodes: number; what: string; goal: Goal; inProcess: Goal }[];

export const startUp: Work = {
  name: 'start',
  title: 'start from nothing until all brokers are in the metadata',
  rows: ['P8'],
  sides: shippedSides,
  figures: sizes.flatMap(({ nodes, what, goal, inProcess }) => [
    { row: 'P8', key: `start.${nodes}`, label: `start, ${what}`, unit: 's', better: 'less', goal },
    { row: 'P8', key: `start.${nodes}.format`, label: `start, ${what}: of it formatting`, unit: 's', better: 'neither' },
    {
      row: 'P8',
      key: `start.${nodes}.inProcess`,
      label: `start, ${what} in one process`,
      unit: 's',
      better: 'less',
      goal: inProcess,
    },
  ]),
  async run(context) {
    for (const { nodes } of sizes) {
      context.progress(`${nodes} of nothing`);
      const cluster = await context.own({ nodes, hasProbe: false });
      context.record(`start.${nodes}`, cluster.startMs / 1000);
      context.record(`start.${nodes}.format`, cluster.formatMs / 1000);
      await context.release(cluster);
      if (!context.side.isPeer) await inProcess(context, nodes);
    }
  },
};

async function inProcess(context: WorkContext, nodes: number): Promise<void> {
  const printed = await outputOf(String(nodes));
  const ms = Number(printed.trim());
  if (!Number.isFinite(ms)) throw new BenchError(`a cluster in one process has not started: ${printed.slice(-500)}`);
  context.record(`start.${nodes}.inProcess`, ms / 1000);
}

function outputOf(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = adopt(
      spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'], timeout: timeoutMs }),
    );
    let printed = '';
    child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    child.on('error', reject);
    child.on('close', () => resolve(printed));
  });
}
