/**
 * What a piece of work costs the brokers: CPU seconds, memory and event-loop delay between its begin and its end, and their
 * profiles when they are asked for.
 */
import { join } from 'node:path';
import type { BenchCluster } from '../cluster/bench-cluster.ts';
import { beginRecordings, endRecordings } from './flight-recorder.ts';
import { beginProbe, endProbe } from './probe-link.ts';
import { cpuSeconds, memoryMb, resetPeakMemory } from './proc.ts';

export interface Usage {
  readonly seconds: number;
  /** Of all brokers together. */
  readonly cpuSeconds: number;
  readonly systemSeconds: number;
  /** Of the largest broker. */
  readonly peakMb: number;
  readonly residentMb: number;
  /** Of the worst broker; null where the brokers have no event loop that could be asked. */
  readonly eventLoop: { readonly maxMs: number; readonly p99Ms: number } | null;
  /** Milliseconds of garbage collection of all brokers; null as above. */
  readonly gcMs: number | null;
  readonly profiles: readonly string[];
}

export interface WindowOptions {
  /** Where profiles go, and how their files begin; absent: none are taken. */
  readonly profile?: { readonly directory: string; readonly name: string };
}

export async function measured<T>(
  cluster: BenchCluster,
  options: WindowOptions,
  work: () => Promise<T>,
): Promise<{ result: T; usage: Usage }> {
  const { pids } = cluster;
  for (const pid of pids) resetPeakMemory(pid);
  const probed = cluster.brokers.flatMap(({ nodeId, probed: child }) => (child === undefined ? [] : [{ nodeId, child }]));
  await Promise.all(probed.map(({ child }) => beginProbe(child, options.profile !== undefined)));
  const recorded = options.profile !== undefined && cluster.side.isPeer ? cluster.brokers : [];
  await beginRecordings(recorded.map(({ pid }) => pid));
  const before = cpuSeconds(pids);
  const began = performance.now();
  const result = await work();
  const seconds = (performance.now() - began) / 1000;
  const after = cpuSeconds(pids);
  const memory = pids.map(memoryMb);
  const { directory = '', name = '' } = options.profile ?? {};
  const fileOf = (nodeId: number): string => join(directory, `${name}-${cluster.side.id}-node-${nodeId}`);
  const reports = await Promise.all(probed.map(({ nodeId, child }) => endProbe(child, fileOf(nodeId))));
  const recordings = await endRecordings(recorded.map(({ nodeId, pid }) => ({ pid, file: fileOf(nodeId) })));
  return {
    result,
    usage: {
      seconds,
      cpuSeconds: after.user + after.system - before.user - before.system,
      systemSeconds: after.system - before.system,
      peakMb: Math.max(...memory.map(({ peak }) => peak)),
      residentMb: Math.max(...memory.map(({ resident }) => resident)),
      eventLoop:
        reports.length === 0
          ? null
          : {
              maxMs: Math.max(...reports.map(({ eventLoop }) => eventLoop.maxMs)),
              p99Ms: Math.max(...reports.map(({ eventLoop }) => eventLoop.p99Ms)),
            },
      gcMs: reports.length === 0 ? null : reports.reduce((sum, { gcMs }) => sum + gcMs, 0),
      profiles: [...recordings, ...reports.flatMap(({ profiles }) => profiles)],
    },
  };
}
