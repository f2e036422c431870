/**
 * The benchmark's end of the channel to the probe inside a broker (broker-probe.ts): a question, an answer, by number.
 */
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BenchError } from '../run/bench-error.ts';

export const probeFile = fileURLToPath(new URL('./broker-probe.js', import.meta.url));

export type ProbeQuestion =
  | { readonly id: number; readonly ask: 'begin'; readonly isProfiled: boolean }
  /** `profileName`: path of the profiles without their ending. */
  | { readonly id: number; readonly ask: 'end'; readonly profileName: string };

export interface ProbeReport {
  /** How late the event loop ran its timers, in milliseconds. */
  readonly eventLoop: { readonly maxMs: number; readonly p99Ms: number; readonly p50Ms: number };
  readonly gcMs: number;
  /** Bytes. */
  readonly heap: { readonly heapUsed: number; readonly external: number; readonly arrayBuffers: number };
  /** Files that were written. */
  readonly profiles: readonly string[];
}

export interface ProbeAnswer {
  readonly id: number;
  readonly report?: ProbeReport;
  readonly error?: string;
}

const answerTimeoutMs = 60_000;
let nextId = 1;

export async function beginProbe(child: ChildProcess, isProfiled: boolean): Promise<void> {
  await ask(child, { id: nextId++, ask: 'begin', isProfiled });
}

export async function endProbe(child: ChildProcess, profileName: string): Promise<ProbeReport> {
  const { report } = await ask(child, { id: nextId++, ask: 'end', profileName });
  if (report === undefined) throw new BenchError('a probe has not reported');
  return report;
}

function ask(child: ChildProcess, question: ProbeQuestion): Promise<ProbeAnswer> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
    };
    const onExit = (): void => {
      settle();
      reject(new BenchError('a broker ended while it was measured'));
    };
    const onMessage = (answer: ProbeAnswer): void => {
      if (answer.id !== question.id) return;
      settle();
      if (answer.error === undefined) resolve(answer);
      else reject(new BenchError(`the probe in a broker: ${answer.error}`));
    };
    const timer = setTimeout(() => {
      settle();
      reject(new BenchError(`the probe in a broker has not answered within ${answerTimeoutMs} ms`));
    }, answerTimeoutMs);
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send(question);
  });
}
