/**
 * The thread that fuzzes one target. The main thread is its watchdog (`supervise.ts`): it ends a thread that hangs.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { targets } from '../targets/table.ts';
import { loadCorpus, saveCorpus } from './corpus.ts';
import type { Finding } from './finding.ts';
import { Heartbeat } from './heartbeat.ts';
import { distil, Loop, type Progress } from './loop.ts';

export interface WorkerTask {
  readonly target: string;
  readonly executions: number;
  readonly seed: number;
  readonly maxSeconds: number;
  /** Whether what is worth keeping of the corpus goes into the tree. */
  readonly saveCorpus: boolean;
  readonly heartbeat: SharedArrayBuffer;
}

export type WorkerMessage =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'finding'; readonly finding: Finding }
  | { readonly kind: 'done'; readonly progress: Progress; readonly stored: number | null };

const task = workerData as WorkerTask;
const heartbeat = new Heartbeat(task.heartbeat);
const target = targets.find(({ name }) => name === task.target);
if (target === undefined || parentPort === null) throw new Error(`no target ${task.target}`);
const port = parentPort;
const say = (message: WorkerMessage): void => port.postMessage(message);

const loop = new Loop({
  target,
  stored: loadCorpus(target.name),
  executions: Math.ceil(task.executions / (target.cost ?? 1)),
  seed: task.seed,
  maxSeconds: task.maxSeconds,
  onExecution: (input) => heartbeat.beat(input),
  onProgress: (progress) => say({ kind: 'progress', progress }),
  onFinding: (finding) => say({ kind: 'finding', finding }),
});
process.on('unhandledRejection', (error) => void loop.onStray(error, heartbeat.input()));
process.on('uncaughtException', (error) => void loop.onStray(error, heartbeat.input()));
const progress = await loop.run();
const stored = task.saveCorpus
  ? saveCorpus(target.name, await distil(target, loop.corpus, (input) => heartbeat.beat(input)))
  : null;
say({ kind: 'done', progress, stored });
// A target may have left a timer behind.
process.exit(0);
