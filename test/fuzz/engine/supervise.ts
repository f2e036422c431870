/**
 * A thread that fuzzes, watched from this one: one that begins no execution for a while hangs, and one that dies has run out
 * of memory or worse. Either way the input is known and becomes a finding, and the next target gets a new thread.
 */
import { Worker } from 'node:worker_threads';
import type { Finding } from './finding.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Progress } from './loop.ts';
import type { Task, ThreadMessage } from './thread.ts';

export interface FuzzOptions extends Task {
  readonly onProgress: (progress: Progress) => void;
  readonly onFinding: (finding: Finding) => void;
}

export interface FuzzResult {
  readonly target: string;
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

export class FuzzThread {
  #heartbeat = new Heartbeat();
  #worker: Worker | null = null;

  /** One target at a time. */
  async fuzz({ onProgress, onFinding, ...task }: FuzzOptions): Promise<FuzzResult> {
    const worker = (this.#worker ??= this.#start());
    const heartbeat = this.#heartbeat;
    const findings: Finding[] = [];
    let progress: Progress = { executions: 0, reruns: 0, accepted: 0, seconds: 0, corpus: 0, branches: 0, findings: 0 };
    let stored: number | null = null;
    const report = (finding: Finding): void => {
      findings.push(finding);
      onFinding(finding);
    };
    const die = (message: string): void => {
      if (this.#worker === worker) report(deathOf(task.target, heartbeat, message));
      this.#worker = null;
    };
    await new Promise<void>((resolve) => {
      const stop = watch(heartbeat, () => {
        die('begins no other execution: it hangs');
        void worker.terminate();
      });
      worker.on('message', (message: ThreadMessage) => {
        if (message.kind === 'finding') return report(message.finding);
        ({ progress } = message);
        if (message.kind === 'progress') return onProgress(progress);
        ({ stored } = message);
        stop();
        resolve();
      });
      worker.on('error', (error) => die(error instanceof Error ? (error.stack ?? error.message) : String(error)));
      worker.on('exit', (code) => {
        die(`the thread ended with code ${code}`);
        stop();
        resolve();
      });
      worker.postMessage(task);
    });
    for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
    return { target: task.target, progress, findings, stored };
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #start(): Worker {
    this.#heartbeat = new Heartbeat();
    return new Worker(new URL('./worker.js', import.meta.url), {
      workerData: this.#heartbeat.buffer,
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    });
  }
}

/** Calls back once when the count stands still while something runs. Returns what ends the watch. */
function watch(heartbeat: Heartbeat, onHang: () => void): () => void {
  let { count } = heartbeat;
  let sinceMs = performance.now();
  let sinceCpuMs = cpuMs();
  const timer = setInterval(() => {
    if (heartbeat.count !== count) {
      ({ count } = heartbeat);
      sinceMs = performance.now();
      sinceCpuMs = cpuMs();
    } else if (heartbeat.isRunning && (cpuMs() - sinceCpuMs > hangCpuMs || performance.now() - sinceMs > hangWaitMs)) {
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
