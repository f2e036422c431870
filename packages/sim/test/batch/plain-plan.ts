/**
 * A plan of ordinary size, for tests of what is done with plans.
 */
import type { RunPlan } from '../../src/cluster/plan.ts';

export function plainPlan(options: { faults: number }): RunPlan {
  const right = { wallOffsetMs: 0, rate: 1, monotonicStartMs: 0 };
  return {
    seed: 1,
    knobs: {
      network: { meanDelayMs: 1, stragglers: 0.01, stragglerMs: 1_000 },
      rpc: { loss: 0.1, duplicates: 0.1, reordering: 0.1 },
      sockets: { slicing: 0.1 },
      disk: { meanSyncMs: 1, meanReadMs: 0.2, stalls: 0.01, stallMs: 500 },
    },
    nodes: [1, 2, 3].map((id) => ({ id, clockFault: { ...right, wallOffsetMs: id * 1_000 }, startsAtOnce: true })),
    voters: [1, 2, 3],
    settings: {},
    topics: ['a', 'b'].map((name) => ({ name, partitions: 3, replicationFactor: 3, minInsyncReplicas: 2, configs: {} })),
    workload: {
      idempotentSenders: 3,
      plainSenders: 2,
      hastySenders: 1,
      readers: 2,
      groupMembers: 3,
      hasEndObserver: true,
      hasCommitter: true,
      hasAdmin: true,
      pauseMs: 10,
      maxBurst: 8,
      recordBytes: 100,
    },
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
