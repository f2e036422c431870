/**
 * A running cluster for a test of faults: nodes, no clients, a loop that goes on until something holds.
 */
import assert from 'node:assert/strict';
import { calmPlan } from '../../src/cluster/draw-plan.ts';
import type { RunPlan } from '../../src/cluster/plan.ts';
import { createPlannedTopics } from '../../src/cluster/create-topics.ts';
import { SimCluster } from '../../src/cluster/sim-cluster.ts';
import type { FaultAction, FaultKind, FaultTarget } from '../../src/faults/actions.ts';
import { Trace } from '../../src/kernel/trace.ts';

export interface Simulation {
  readonly cluster: SimCluster;
  readonly trace: Trace;
  /** Fails when it does not hold within so many virtual ms. */
  readonly until: (what: string, condition: () => boolean, limitMs?: number) => void;
  readonly run: (durationMs: number) => void;
}

/** Runs `work` on a cluster whose topics are there, from a callback of Node's loop as the event loop asks. */
export function simulate(work: (simulation: Simulation) => void, change: Partial<RunPlan> = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      const trace = new Trace();
      const cluster = new SimCluster({ ...calmPlan(7), ...change }, trace);
      const { loop } = cluster.world;
      loop.onUncaught = (owner, error) => reject(new Error(`in ${owner?.name ?? 'the world'}`, { cause: error }));
      const until = (what: string, condition: () => boolean, limitMs = 30_000): void => {
        loop.run(loop.nowMs + limitMs, condition);
        assert.ok(condition(), `not within ${limitMs} ms: ${what}\n${trace.lastLines.join('\n')}`);
      };
      try {
        for (const { id, startsAtOnce } of cluster.plan.nodes) if (startsAtOnce) cluster.node(id).start();
        const topics = createPlannedTopics(cluster);
        until('topics are there', () => topics.isDone);
        work({ cluster, trace, until, run: (durationMs) => loop.run(loop.nowMs + durationMs) });
        resolve();
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      } finally {
        for (const node of cluster.nodes) node.kill('killed', 'processOnly');
        loop.clear();
      }
    });
  });
}

export function fault(kind: FaultKind, target: FaultTarget, durationMs: number): FaultAction {
  return { atMs: 0, kind, target, durationMs, number: 5 };
}
