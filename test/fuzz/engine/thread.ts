/**
 * What the fuzzing thread does (`worker.ts`): it takes a task, fuzzes its target, says what it found, and takes the next.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { targets } from '../targets/table.ts';
import { loadCorpus, saveCorpus } from './corpus.ts';
import type { Finding } from './finding.ts';
import { Heartbeat } from './heartbeat.ts';
import { distil, Loop, type Progress } from './loop.ts';

export interface Task {
  readonly target: string;
  readonly executions: number;
  readonly seed: number;
  readonly maxSeconds: number;
  /** Whether what is worth keeping of the corpus goes into the tree. */
  readonly saveCorpus: boolean;
}

export type ThreadMessage =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'finding'; readonly finding: Finding }
  | { readonly kind: 'done'; readonly progress: Progress; readonly stored: number | null };

const heartbeat = new Heartbeat(workerData as SharedArrayBuffer);
if (parentPort === null) throw new Error('this module is for a thread');
const port = parentPort;
const say = (message: ThreadMessage): void => port.postMessage(message);
let loop: Loop | null = null;

async function fuzz(task: Task): Promise<void> {
  const target = targets.find(({ name }) => name === task.target);
  if (target === undefined) throw new Error(`no target ${task.target}`);
  const beat = (input: Uint8Array): void => heartbeat.beat(input);
  loop = new Loop({
    target,
    stored: loadCorpus(target.name),
    executions: task.executions,
    seed: task.seed,
    maxSeconds: task.maxSeconds,
    onExecution: beat,
    onProgress: (progress) => say({ kind: 'progress', progress }),
    onFinding: (finding) => say({ kind: 'finding', finding }),
  });
  const progress = await loop.run();
  const stored = task.saveCorpus ? saveCorpus(target.name, await distil(target, loop.corpus, beat)) : null;
  heartbeat.rest();
  say({ kind: 'done', progress, stored });
}

const onStray = (error: unknown): void => void loop?.onStray(error, heartbeat.input());
process.on('unhandledRejection', onStray);
process.on('uncaughtException', onStray);
port.on('message', (task: Task) => void fuzz(task));
