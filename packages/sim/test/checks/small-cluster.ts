/**
 * Three real brokers with records in their logs, looked at by the checks after each event; then one of them is made to lie.
 */
import { calmPlan } from '../../src/cluster/draw-plan.ts';
import { allChecks } from '../../src/checks/all-checks.ts';
import type { Check } from '../../src/checks/check.ts';
import { createPlannedTopics } from '../../src/cluster/create-topics.ts';
import type { RunPlan } from '../../src/cluster/plan.ts';
import { SimCluster } from '../../src/cluster/sim-cluster.ts';
import { Trace } from '../../src/kernel/trace.ts';
import { Recorder } from '../../src/workload/recorder.ts';
import { SimWorkload } from '../../src/workload/workload.ts';
import type { HostedPartition } from '@jackdaw/broker';
import type { PartitionLog } from '@jackdaw/log';
import type { PartitionLeader } from '@jackdaw/replication';
import type { SimNode } from '../../src/node/sim-node.ts';

export interface Replica {
  readonly node: SimNode;
  readonly hosted: HostedPartition;
  readonly log: PartitionLog;
}

export class SmallCluster {
  readonly cluster: SimCluster;
  readonly checks: readonly Check[];
  readonly #workload: SimWorkload;

  constructor(plan: RunPlan) {
    this.cluster = new SimCluster(plan, new Trace());
    this.checks = allChecks(this.cluster);
    const { loop } = this.cluster.world;
    loop.onSettled = () => {
      for (const check of this.checks) check.afterEvent?.(this.cluster);
    };
    this.#workload = new SimWorkload(this.cluster, new Recorder());
  }

  /** Until there are topics, and records in them; then everything comes to rest. */
  start(): void {
    for (const node of this.cluster.nodes) node.start();
    const topics = createPlannedTopics(this.cluster);
    this.run(20_000, () => topics.isDone);
    this.#workload.start();
    this.run(1_500);
    this.#workload.stopSending();
    this.run(20_000, () => this.#workload.isQuiet);
    this.#workload.startFinalRead();
    this.run(20_000, () => this.#workload.isFinished);
  }

  run(ms: number, isOver: () => boolean = () => false): void {
    const { loop } = this.cluster.world;
    loop.run(loop.nowMs + ms, isOver);
  }

  /** Each node has at least one event in this time. */
  lookAtAll(): void {
    this.run(500);
  }

  atEnd(): void {
    for (const check of this.checks) check.atEnd?.(this.cluster);
  }

  /** Of t1-0: the leader first. */
  get replicas(): readonly [Replica, Replica, Replica] {
    const all = [...this.cluster.replicas()].flatMap(({ node, partition }): Replica[] => {
      return partition.name === 't1-0' && partition.log !== null ? [{ node, hosted: partition, log: partition.log }] : [];
    });
    all.sort((a, b) => Number(b.hosted.leader !== null) - Number(a.hosted.leader !== null));
    const [first, second, third] = all;
    if (first === undefined || second === undefined || third === undefined) throw new RangeError('t1-0 has three replicas');
    return [first, second, third];
  }

  get leader(): PartitionLeader {
    const { leader } = this.replicas[0].hosted;
    if (leader === null) throw new RangeError('t1-0 has a leader');
    return leader;
  }

  stop(): void {
    this.cluster.world.loop.onSettled = null;
    for (const node of this.cluster.nodes) node.kill('killed', 'processOnly');
    this.#workload.kill();
    this.cluster.world.loop.clear();
  }
}

/** Runs the loop where it may be run: in a callback of Node's own, never in a promise. */
export function withSmallCluster(work: (small: SmallCluster) => void, plan: RunPlan = calmPlan(1)): Promise<void> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      const small = new SmallCluster(plan);
      try {
        small.start();
        work(small);
        resolve();
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      } finally {
        small.stop();
      }
    });
  });
}

/** From now on the object says this, whatever is true. */
export function lie<T extends object, K extends keyof T & string>(about: T, name: K, value: T[K]): void {
  Object.defineProperty(about, name, { configurable: true, get: () => value });
}
