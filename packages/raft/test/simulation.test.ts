/**
 * Random clusters under random faults, each reproduced by its seed.
 *
 * RAFT_SEEDS=20000 runs more of them, RAFT_SEED=17 one (RAFT_TRACE=1 prints every message that it delivers).
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSimulation } from './simulation/simulation.ts';

const firstSeed = Number(process.env['RAFT_FIRST_SEED'] ?? 1);
const seedCount = Number(process.env['RAFT_SEEDS'] ?? 300);
const onlySeed = process.env['RAFT_SEED'];

test('E1 E2 E3 E6 E9 E10 E14: the named invariants hold in every seeded run, and every run converges after heal', () => {
  if (onlySeed !== undefined) {
    runSimulation(Number(onlySeed), { trace: process.env['RAFT_TRACE'] === '1' });
    return;
  }
  const totals = new Map<string, number>();
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
    for (const [event, count] of runSeed(seed).counts) totals.set(event, (totals.get(event) ?? 0) + count);
  }
  if (process.env['RAFT_TRACE'] === '1') process.stdout.write(`${JSON.stringify([...totals])}\n`);
  if (seedCount < 100) return;
  // A simulator that never sees these has gone blind.
  for (const event of rareEvents) assert.ok((totals.get(event) ?? 0) > 0, `no run saw: ${event}`);
});

test('two runs of one seed are the same run', () => {
  for (let seed = firstSeed; seed < firstSeed + 5; seed++) {
    assert.equal(runSimulation(seed).fingerprint, runSimulation(seed).fingerprint);
  }
});

const rareEvents = [
  'election',
  'accepted proposal',
  'crash',
  'partition',
  'wipe',
  'pause',
  'transfer',
  'read',
  'truncation',
  'snapshot made',
  'snapshot installed',
  'step-down',
  'identities applied',
];

function runSeed(seed: number): ReturnType<typeof runSimulation> {
  try {
    return runSimulation(seed);
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
