/**
 * A plan with a bit of everything, for tests of what is done with plans.
 */
import { calmPlan } from '../../src/cluster/draw-plan.ts';
import type { RunPlan } from '../../src/cluster/plan.ts';

export function plainPlan(options: { faults: number }): RunPlan {
  const calm = calmPlan(1);
  return {
    ...calm,
    knobs: { ...calm.knobs, rpc: { loss: 0.1, duplicates: 0.1, reordering: 0.1 } },
    topics: ['a', 'b'].map((name) => ({ name, partitions: 3, replicationFactor: 3, minInsyncReplicas: 2, configs: {} })),
    workload: { ...calm.workload, idempotentSenders: 3, readers: 2, groupMembers: 3, hasAdmin: true, maxBurst: 8 },
    faults: Array.from({ length: options.faults }, (_, number) => ({
      atMs: 100 * number,
      kind: 'kill' as const,
      target: 'any' as const,
      durationMs: 1_000,
      number,
    })),
    chaosMs: 100 * options.faults + 100,
    buggify: 0.1,
  };
}
