/**
 * Loaded into a broker's process before its own code (`node --import`): what can be seen only from inside is measured here,
 * between two messages from the benchmark: delay of the event loop, time in garbage collection, CPU and heap profiles.
 *
 * Costs a timer each 10 ms while it measures and nothing otherwise. The broker does not know of it.
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import type { ProbeAnswer, ProbeQuestion } from './probe-link.ts';

const resolutionMs = 10;
const cpuSampleMicros = 500;
const heapSampleBytes = 64 * 1024;

const delay = monitorEventLoopDelay({ resolution: resolutionMs });
let gcMs = 0;
const gc = new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) gcMs += duration;
});
let session: Session | undefined;

process.on('message', (question: ProbeQuestion) => {
  answer(question).then(
    (said) => process.send?.(said),
    (error: unknown) => process.send?.({ id: question.id, error: String(error) }),
  );
});
// The broker's end must not wait for this channel.
process.channel?.unref();

async function answer(question: ProbeQuestion): Promise<ProbeAnswer> {
  if (question.ask === 'begin') {
    gcMs = 0;
    delay.reset();
    delay.enable();
    gc.observe({ entryTypes: ['gc'] });
    if (question.isProfiled) await beginProfile();
    return { id: question.id };
  }
  delay.disable();
  gc.disconnect();
  const profiles = session === undefined ? [] : await endProfile(session, question.profileName);
  // The histogram holds the times between its own ticks.
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolutionMs);
  const eventLoop = { maxMs: late(delay.max), p99Ms: late(delay.percentile(99)), p50Ms: late(delay.percentile(50)) };
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { id: question.id, report: { eventLoop, gcMs, heap: { heapUsed, external, arrayBuffers }, profiles } };
}

async function beginProfile(): Promise<void> {
  session = new Session();
  session.connect();
  await post(session, 'Profiler.enable');
  await post(session, 'Profiler.setSamplingInterval', { interval: cpuSampleMicros });
  // What has been collected again by the end is what costs: it is kept in the profile.
  const includes = { includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
  await post(session, 'HeapProfiler.startSampling', { samplingInterval: heapSampleBytes, ...includes });
  await post(session, 'Profiler.start');
}

async function endProfile(open: Session, name: string): Promise<string[]> {
  const cpu = await post(open, 'Profiler.stop');
  const heap = await post(open, 'HeapProfiler.stopSampling');
  open.disconnect();
  session = undefined;
  const files: [string, unknown][] = [
    [`${name}.cpuprofile`, cpu],
    [`${name}.heapprofile`, heap],
  ];
  return files.map(([file, result]) => {
    writeFileSync(file, JSON.stringify((result as { profile: unknown }).profile));
    return file;
  });
}

function post(open: Session, method: string, parameters: Record<string, unknown> = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    open.post(method, parameters, (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}
