/**
 * Which parts of the packages' code have run, from V8's precise block coverage through node:inspector.
 *
 * V8 merges blocks whose counts are alike, so a block has no lasting name. What has run is therefore painted on the source
 * text: a stretch of characters that runs for the first time is a new block. A poll costs some milliseconds, so the engine
 * runs many inputs between two of them and looks for the right one by halving (`loop.ts`).
 */
import { Session } from 'node:inspector';
import type { Profiler } from 'node:inspector';

interface Script {
  /** 1 for each character that has run in an execution whose coverage was kept. */
  painted: Uint8Array;
}

/** Newly run stretches of one script: start and end by turns. */
interface FreshScript {
  readonly url: string;
  readonly stretches: readonly number[];
}

/** What ran since the last poll and had not before. */
export interface Fresh {
  readonly scripts: readonly FreshScript[];
  readonly blocks: number;
}

const ourCode = /\/packages\/[a-z]+\/dist\/src\//;

export class Coverage {
  readonly #session = new Session();
  readonly #scripts = new Map<string, Script>();
  #blocks = 0;

  start(): void {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  stop(): void {
    this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  /** Blocks that have been kept. */
  get blocks(): number {
    return this.#blocks;
  }

  /** What has run since the last poll, compared with what is kept. Keeps nothing. */
  poll(): Fresh {
    const scripts: FreshScript[] = [];
    let blocks = 0;
    for (const { url, functions } of this.#take()) {
      if (!ourCode.test(url)) continue;
      const stretches = freshStretches(this.#scriptOf(url, lengthOf(functions)).painted, functions);
      if (stretches.length === 0) continue;
      scripts.push({ url, stretches });
      blocks += stretches.length / 2;
    }
    return { scripts, blocks };
  }

  /** Forgets what has run since the last poll. */
  discard(): void {
    this.#take();
  }

  /** What has run counts as known from now on. */
  keep(fresh: Fresh): void {
    for (const { url, stretches } of fresh.scripts) {
      const { painted } = this.#scriptOf(url, 0);
      for (let i = 0; i < stretches.length; i += 2) painted.fill(1, stretches[i], stretches[i + 1]);
    }
    this.#blocks += fresh.blocks;
  }

  /** Starts again from nothing, to choose the inputs of a corpus that are worth keeping. */
  forget(): void {
    this.#scripts.clear();
    this.#blocks = 0;
    this.discard();
  }

  #take(): readonly Profiler.ScriptCoverage[] {
    let taken: readonly Profiler.ScriptCoverage[] = [];
    // The session is of this thread: the answer comes before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error !== null) throw new Error('no coverage from the inspector', { cause: error });
      taken = result;
    });
    return taken;
  }

  #scriptOf(url: string, length: number): Script {
    let script = this.#scripts.get(url);
    if (script === undefined) this.#scripts.set(url, (script = { painted: new Uint8Array(length) }));
    if (script.painted.length < length) {
      const larger = new Uint8Array(length);
      larger.set(script.painted);
      script.painted = larger;
    }
    return script;
  }
}

function lengthOf(functions: readonly Profiler.FunctionCoverage[]): number {
  let length = 0;
  for (const { ranges } of functions) for (const { endOffset } of ranges) length = Math.max(length, endOffset);
  return length;
}

/** Functions come outer ones first and so do their ranges: what is painted last is what counts for a character. */
function freshStretches(painted: Uint8Array, functions: readonly Profiler.FunctionCoverage[]): number[] {
  const now = new Uint8Array(lengthOf(functions));
  for (const { ranges } of functions) {
    for (const { startOffset, endOffset, count } of ranges) now.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  }
  const stretches: number[] = [];
  for (let i = 0; i < now.length; i++) {
    if (now[i] === 0 || painted[i] === 1) continue;
    const start = i;
    while (i < now.length && now[i] === 1 && painted[i] === 0) i++;
    stretches.push(start, i);
  }
  return stretches;
}
