/**
 * Many seeds on several processes: seeds are handed out in small chunks, and some are run a second time, later and
 * among other seeds, to see that a run depends on nothing but its seed.
 */
import { writeFileSync } from 'node:fs';
import type { BatchCommand } from './command-line.ts';
import { asJson, failureLine, finalLines, isGood, progressLine } from './report.ts';
import type { SeedOutcome } from './seed-outcome.ts';
import { sometimesCatalogue } from './sometimes-catalogue.ts';
import { Tally } from './tally.ts';
import { Worker } from './worker.ts';

/** Small, so that all processes end at about the same time. */
const seedsPerChunk = 8;
/** A batch that is told to end still says what it has found. */
const endSignals = ['SIGINT', 'SIGTERM'] as const;
const progressMs = { terminal: 500, file: 10_000 };

/** The program's exit code. */
export async function runBatch(command: BatchCommand, print: (line: string) => void): Promise<number> {
  const began = performance.now();
  const elapsedMs = (): number => performance.now() - began;
  const tally = new Tally();
  const queue = new SeedQueue(command);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  for (const signal of endSignals) process.once(signal, onSignal);
  const progress = startProgress(command, () => progressLine(tally, { elapsedMs: elapsedMs(), total: command.seeds }));
  const onOutcome = (outcome: SeedOutcome): void => {
    const before = tally.failures.length;
    tally.add(outcome);
    queue.onOutcome(outcome.seed);
    for (const failure of tally.failures.slice(before)) {
      progress.interrupt();
      print(failureLine(failure));
      if (command.stopsAtFailure) stop.abort();
    }
  };
  await Promise.all(
    Array.from({ length: Math.min(command.jobs, command.seeds) }, () => work(command, { queue, stop: stop.signal, onOutcome })),
  );
  for (const signal of endSignals) process.off(signal, onSignal);
  progress.end();
  const batch = { elapsedMs: elapsedMs(), catalogue: sometimesCatalogue };
  for (const line of finalLines(tally, batch)) print(line);
  if (command.json !== null) writeFileSync(command.json, asJson(tally, batch));
  return isGood(tally, sometimesCatalogue) ? 0 : 1;
}

async function work(
  command: BatchCommand,
  shared: { queue: SeedQueue; stop: AbortSignal; onOutcome: (outcome: SeedOutcome) => void },
): Promise<void> {
  const { queue, stop, onOutcome } = shared;
  const worker = new Worker({ timeoutMs: command.seedTimeoutMs });
  stop.addEventListener('abort', () => worker.stop());
  for (let seeds = queue.next(); seeds.length > 0 && !stop.aborted; seeds = queue.next()) await worker.run(seeds, onOutcome);
  worker.stop();
}

/** Seeds that are still to be run: each once, then some again. */
export class SeedQueue {
  readonly #endSeed: number;
  readonly #isRepeated: (seed: number) => boolean;
  #nextSeed: number;
  /** Seeds with a first outcome that are to be run again. */
  readonly #again: number[] = [];
  readonly #repeated = new Set<number>();

  constructor({ firstSeed, seeds, checkDeterminism }: { firstSeed: number; seeds: number; checkDeterminism: number }) {
    this.#nextSeed = firstSeed;
    this.#endSeed = firstSeed + seeds;
    this.#isRepeated = (seed) => checkDeterminism > 0 && (seed - firstSeed) % checkDeterminism === 0;
  }

  /** The next chunk; empty when nothing is left for now. A second run comes as soon as there is a first one. */
  next(): number[] {
    const chunk = this.#again.splice(0, seedsPerChunk);
    while (chunk.length < seedsPerChunk && this.#nextSeed < this.#endSeed) chunk.push(this.#nextSeed++);
    return chunk;
  }

  onOutcome(seed: number): void {
    if (!this.#isRepeated(seed) || this.#repeated.has(seed)) return;
    this.#repeated.add(seed);
    this.#again.push(seed);
  }
}

/** A line that is written over on a terminal; elsewhere one every few seconds. */
function startProgress({ isQuiet }: BatchCommand, line: () => string): { interrupt(): void; end(): void } {
  if (isQuiet) return { interrupt: () => undefined, end: () => undefined };
  const { stderr } = process;
  const erase = stderr.isTTY ? '\r\u001b[K' : '';
  const timer = setInterval(
    () => void stderr.write(stderr.isTTY ? `${erase}${line()}` : `${line()}\n`),
    stderr.isTTY ? progressMs.terminal : progressMs.file,
  );
  return {
    interrupt: () => void stderr.write(erase),
    end: () => {
      clearInterval(timer);
      stderr.write(erase);
    },
  };
}
