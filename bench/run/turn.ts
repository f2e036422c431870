/**
 * A side's turn in a round: its works one after the other, with the clusters that they need, all gone at its end.
 */
import { mkdirSync } from 'node:fs';
import { BenchCluster, type ClusterShape } from '../cluster/bench-cluster.ts';
import type { Side } from '../cluster/side.ts';
import { touchFreeMemory } from '../measure/touch-memory.ts';
import { measured } from '../measure/window.ts';
import { largeBatches } from '../rows/p01-p02-produce-1kib.ts';
import { freshTopic } from '../rows/topics.ts';
import { produce } from '../tools/kafka-tools.ts';
import { messageOf } from './bench-error.ts';
import type { Progress } from './progress.ts';
import type { Work, WorkContext } from './work.ts';

export interface TurnOptions {
  readonly side: Side;
  readonly works: readonly Work[];
  readonly scale: number;
  /** Where profiles go; undefined: none are taken. */
  readonly profileDirectory: string | undefined;
  /** "round 1 of 3, Kafka": how its progress begins. */
  readonly title: string;
  readonly progress: Progress;
  readonly record: (key: string, value: number) => void;
  readonly onFailure: (work: Work, message: string) => void;
  /** After each, failed ones too. */
  readonly onWorkDone: () => void;
}

/** Before anything is measured on a shared cluster: so many runs of producer-perf, until the code is compiled. */
const warmupRuns = 2;
const warmupRecords = 150_000;
const warmupRecordBytes = 1024;

export async function runTurn(options: TurnOptions): Promise<void> {
  const clusters = new Clusters(options);
  try {
    for (const work of options.works) {
      if (!work.sides.includes(options.side.id)) continue;
      options.progress.head(`${options.title}: ${work.name}`);
      options.progress.detail('touching the free memory');
      await touchFreeMemory();
      try {
        await work.run(contextOf(options, clusters));
      } catch (error) {
        options.onFailure(work, messageOf(error));
        await clusters.close();
      }
      await clusters.closeOwn();
      options.onWorkDone();
    }
  } finally {
    await clusters.close();
  }
}

function contextOf(options: TurnOptions, clusters: Clusters): WorkContext {
  const { side, scale, record, progress, profileDirectory } = options;
  return {
    ...{ side, scale, record },
    shared: () => clusters.shared(),
    own: (shape) => clusters.own(shape),
    release: (cluster) => clusters.release(cluster),
    measured: (cluster, name, work) => {
      if (profileDirectory === undefined) return measured(cluster, {}, work);
      mkdirSync(profileDirectory, { recursive: true });
      return measured(cluster, { profile: { directory: profileDirectory, name } }, work);
    },
    progress: (text) => progress.detail(text),
    scaled: (count, least = 1) => Math.max(least, Math.round(count * scale)),
  };
}

/** At most one cluster runs at a time, so that none is measured beside another. */
class Clusters {
  readonly #options: TurnOptions;
  #shared: BenchCluster | undefined;
  readonly #own = new Set<BenchCluster>();

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  async shared(): Promise<BenchCluster> {
    if (this.#shared === undefined) {
      this.#options.progress.detail('starting three nodes');
      this.#shared = await this.#start({ nodes: 3 });
      await this.#warmUp(this.#shared);
    }
    return this.#shared;
  }

  async own(shape: ClusterShape): Promise<BenchCluster> {
    await this.close();
    const cluster = await this.#start(shape);
    this.#own.add(cluster);
    return cluster;
  }

  async release(cluster: BenchCluster): Promise<void> {
    this.#own.delete(cluster);
    await cluster.close();
  }

  async closeOwn(): Promise<void> {
    for (const cluster of this.#own) await this.release(cluster);
  }

  async close(): Promise<void> {
    await this.closeOwn();
    await this.#shared?.close();
    this.#shared = undefined;
  }

  #start(shape: ClusterShape): Promise<BenchCluster> {
    return BenchCluster.start(this.#options.side, { ...shape, isProfiled: this.#options.profileDirectory !== undefined });
  }

  async #warmUp(cluster: BenchCluster): Promise<void> {
    const topic = await freshTopic(cluster, { name: 'warm', partitions: 6 });
    const records = Math.max(20_000, Math.round(warmupRecords * Math.min(1, this.#options.scale)));
    for (let run = 1; run <= warmupRuns; run++) {
      this.#options.progress.detail(`warming up, ${run} of ${warmupRuns}`);
      const load = { topic, records, recordBytes: warmupRecordBytes, properties: largeBatches };
      await produce(cluster, load, (text) => this.#options.progress.detail(`warming up, ${run} of ${warmupRuns}: ${text}`));
    }
  }
}
