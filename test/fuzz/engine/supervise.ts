/**
 * Runs one target in a thread of its own and watches it: a thread that begins no execution for a while hangs, and one that
 * dies has run out of memory or worse. Either way the input is known and becomes a finding.
 */
import { Worker } from 'node:worker_threads';
import type { Finding } from './finding.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Progress } from './loop.ts';
import type { WorkerMessage, WorkerTask } from './worker.ts';

export interface SuperviseOptions extends Omit<WorkerTask, 'heartbeat'> {
  readonly onProgress: (progress: Progress) => void;
  readonly onFinding: (finding: Finding) => void;
}

export interface SuperviseResult {
  readonly progress: Progress;
  readonly findings: readonly Finding[];
  /** Inputs that were written to the corpus in the tree. */
  readonly stored: number | null;
}

/**
 * An execution in which this process uses so much of the processors hangs; on a crowded machine a thread may wait long for its
 * turn. One that waits for what never comes uses nothing, and hangs after so long a time.
 */
const hangCpuMs = 60_000;
const hangWaitMs = 300_000;
const heapMegabytes = 1_024;

export async function supervise({ onProgress, onFinding, ...task }: SuperviseOptions): Promise<SuperviseResult> {
  const heartbeat = new Heartbeat();
  const findings: Finding[] = [];
  let last: Progress = { executions: 0, reruns: 0, accepted: 0, seconds: 0, corpus: 0, blocks: 0, findings: 0 };
  let stored: number | null = null;
  const report = (finding: Finding): void => {
    findings.push(finding);
    onFinding(finding);
  };
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: { ...task, heartbeat: heartbeat.buffer } satisfies WorkerTask,
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
  });
  worker.on('message', (message: WorkerMessage) => {
    if (message.kind === 'finding') report(message.finding);
    else {
      last = message.progress;
      if (message.kind === 'progress') onProgress(last);
      else stored = message.stored;
    }
  });
  await new Promise<void>((resolve) => {
    let isDone = false;
    const stop = watch(heartbeat, () => {
      report(deathOf(task.target, heartbeat, 'begins no other execution: it hangs'));
      void worker.terminate();
    });
    worker.on('message', (message: WorkerMessage) => (isDone ||= message.kind === 'done'));
    worker.on('error', (error) => report(deathOf(task.target, heartbeat, String(error.stack ?? error))));
    worker.on('exit', (code) => {
      stop();
      if (!isDone && findings.length === 0) report(deathOf(task.target, heartbeat, `the thread ended with code ${code}`));
      resolve();
    });
  });
  return { progress: last, findings, stored };
}

/** Calls back once when the count stands still. Returns what ends the watch. */
function watch(heartbeat: Heartbeat, onHang: () => void): () => void {
  let count = heartbeat.count;
  let sinceMs = performance.now();
  let sinceCpuMs = cpuMs();
  const timer = setInterval(() => {
    if (heartbeat.count !== count) {
      count = heartbeat.count;
      sinceMs = performance.now();
      sinceCpuMs = cpuMs();
    } else if (count > 0 && (cpuMs() - sinceCpuMs > hangCpuMs || performance.now() - sinceMs > hangWaitMs)) {
      clearInterval(timer);
      onHang();
    }
  }, 1_000);
  return () => clearInterval(timer);
}

/** Of all threads of this process. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function deathOf(target: string, heartbeat: Heartbeat, message: string): Finding {
  return { target, key: `${target}: ${message.slice(0, 60)}`, message, stack: message, input: heartbeat.input() };
}
