/**
 * The search for a short plan, on plans that "fail" by a rule.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minimise } from '../../src/batch/minimise.ts';
import type { RunPlan } from '../../src/cluster/plan.ts';
import { plainPlan } from './plain-plan.ts';

function search(plan: RunPlan, options: { fails: (plan: RunPlan) => boolean; maxRuns?: number }): ReturnType<typeof minimise> {
  return minimise(plan, { fails: (candidate) => Promise.resolve(options.fails(candidate)), maxRuns: options.maxRuns ?? 1_000 });
}

const numbersOf = (plan: RunPlan): number[] => plan.faults.map(({ number }) => number);

test('two faults that fail only together are found among many', async () => {
  const plan = plainPlan({ faults: 40 });
  const { plan: short } = await search(plan, { fails: (one) => [7, 31].every((number) => numbersOf(one).includes(number)) });
  assert.deepEqual(numbersOf(short), [7, 31]);
});

test('a failure that needs no fault keeps none', async () => {
  const { plan: short } = await search(plainPlan({ faults: 9 }), { fails: () => true });
  assert.deepEqual(short.faults, []);
  assert.equal(short.workload.idempotentSenders + short.workload.readers + short.workload.groupMembers, 0);
  assert.equal(short.workload.hasAdmin, false);
  assert.equal(short.topics.length, 1);
  assert.equal(short.buggify, 0);
  assert.equal(short.knobs.rpc.loss, 0);
  assert.ok(short.chaosMs < 200);
});

test('what the failure needs stays', async () => {
  const needs = (plan: RunPlan): boolean =>
    plan.workload.readers >= 1 && plan.knobs.rpc.loss > 0 && plan.chaosMs > 900 && numbersOf(plan).includes(3);
  const { plan: short } = await search(plainPlan({ faults: 12 }), { fails: needs });
  assert.equal(short.workload.readers, 1);
  assert.ok(short.knobs.rpc.loss > 0);
  assert.deepEqual(numbersOf(short), [3]);
  assert.ok(needs(short));
});

test('no more runs are made than allowed, and what was found by then fails', async () => {
  let runs = 0;
  const fails = (plan: RunPlan): boolean => {
    runs++;
    return numbersOf(plan).includes(5);
  };
  const outcome = await search(plainPlan({ faults: 64 }), { fails, maxRuns: 10 });
  assert.equal(runs, 10);
  assert.equal(outcome.runs, 10);
  assert.ok(numbersOf(outcome.plan).includes(5));
});

test('time is not cut below the last fault that is needed', async () => {
  const { plan: short } = await search(plainPlan({ faults: 10 }), { fails: (one) => numbersOf(one).includes(9) });
  assert.ok(short.faults.every(({ atMs }) => atMs < short.chaosMs));
});
