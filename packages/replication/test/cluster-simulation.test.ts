/**
 * Random lives of one replicated partition under faults, each reproduced by its seed.
 *
 * REPLICATION_SEEDS=20000 runs more of them, REPLICATION_SEED=17 only that one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSimulation, type SimulationResult } from './simulation/cluster.ts';

const firstSeed = Number(process.env['REPLICATION_FIRST_SEED'] ?? 1);
const seedCount = Number(process.env['REPLICATION_SEEDS'] ?? 1_800);
const onlySeed = process.env['REPLICATION_SEED'];

test('A2 A5 A6 A8 A9 A11 A14 A15 A18 A19 A20 A22: no seeded run breaks an invariant, and every run converges', (t) => {
  if (onlySeed !== undefined) {
    runSimulation(Number(onlySeed));
    return;
  }
  const totals = new Map<string, number>();
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
    for (const [event, count] of runSeed(seed).counts) totals.set(event, (totals.get(event) ?? 0) + count);
  }
  t.diagnostic([...totals].map(([event, count]) => `${event}: ${count}`).join(', '));
  // A simulation that never sees these has gone blind.
  if (seedCount < 500) return;
  for (const event of rareEvents) assert.ok((totals.get(event) ?? 0) > 0, `no run saw: ${event}`);
});

test('two runs of one seed are the same run', () => {
  for (let seed = firstSeed; seed < firstSeed + 10; seed++) {
    assert.equal(runSimulation(seed).fingerprint, runSimulation(seed).fingerprint);
  }
});

const rareEvents = [
  'acknowledged records',
  'crash',
  'deposed leader wakes',
  'diverging answer',
  'durable records lost',
  'election',
  'fenced',
  'ISR answer lost',
  'ISR answer timed out',
  'ISR change committed',
  'ISR expansion asked',
  'ISR request handled late',
  'ISR request lost',
  'ISR shrink asked',
  'leader paused',
  'message of an old stream arrives',
  'produce failed after append',
  'produce refused under min ISR',
  'stream reset',
  'truncation',
  'truncation of an epoch without records',
  'undurable tail lost',
];

function runSeed(seed: number): SimulationResult {
  try {
    return runSimulation(seed);
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
