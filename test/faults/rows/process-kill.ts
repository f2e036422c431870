/**
 * Rows: brokers that are killed (SIGKILL) under load, and started again after up to 1.5 s.
 */
import type { Prng } from '@jackdaw/base';
import type { FaultRun } from '../fault-run.ts';
import type { FaultRow, Limit, PreparedRow, Struck } from '../row.ts';
import { anyBroker, controllerNow, leaderNow } from './victims.ts';

type Choose = (run: FaultRun, prng: Prng) => Promise<readonly number[]>;

/** A broker is left dead for up to this long; 0 tests a restart before anybody has noticed. */
const maxDownMs = 1_500;
const nothingLost = 'nothing acknowledged is lost, moved, changed, repeated or reordered';

export const killRows: readonly FaultRow[] = [
  killRow({
    name: 'kill-leader',
    fault: 'SIGKILL of the leader of a partition',
    expected: `${nothingLost}; gap p50 ≤ 2 s, p99 ≤ 4 s`,
    choose: async (run, prng) => [await leaderNow(run, prng)],
    limits: [
      { figure: 'gapMs', of: 'p50', atMost: 2_000 },
      { figure: 'gapMs', of: 'p99', atMost: 4_000 },
    ],
  }),
  killRow({
    name: 'kill-controller',
    fault: 'SIGKILL of the active controller',
    expected: `${nothingLost}; gap p50 ≤ 1.5 s`,
    choose: async (run) => [await controllerNow(run)],
    limits: [{ figure: 'gapMs', of: 'p50', atMost: 1_500 }],
  }),
  killRow({
    name: 'kill-random',
    fault: 'SIGKILL of any broker',
    expected: nothingLost,
    choose: (run, prng) => Promise.resolve([anyBroker(run, prng)]),
  }),
  killRow({
    name: 'kill-all',
    fault: 'SIGKILL of all brokers at once',
    expected: nothingLost,
    choose: ({ cluster }) => Promise.resolve(cluster.nodeIds),
  }),
];

function killRow(row: {
  readonly name: string;
  readonly fault: string;
  readonly expected: string;
  readonly choose: Choose;
  readonly limits?: readonly Limit[];
}): FaultRow {
  const { choose, ...words } = row;
  const prepared: PreparedRow = { strike: kill.bind(undefined, choose), holdMs: [0, maxDownMs], scope: 'brokers' };
  return {
    ...words,
    family: 'process',
    statements: ['F13', 'A19', 'A20', 'A21', 'C1', 'D2'],
    cycles: 10,
    prepare: () => prepared,
  };
}

async function kill(choose: Choose, run: FaultRun, prng: Prng): Promise<Struck> {
  const { cluster } = run;
  const victims = await choose(run, prng);
  await cluster.kill(...victims);
  const heal = (): Promise<void> => {
    for (const nodeId of victims) cluster.start(nodeId);
    return Promise.resolve();
  };
  return { text: `broker ${victims.join(', ')} killed`, victims, heal };
}
