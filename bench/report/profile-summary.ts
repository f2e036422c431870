/**
 * What the profiles of a run say in a few lines: where the time went and what was allocated, by package and by function, over
 * all brokers of a side. The files themselves open in Chrome's DevTools or in speedscope.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** The parts of a .cpuprofile that matter here. */
export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame }[];
  readonly samples: readonly number[];
  /** Microseconds from one sample to the next. */
  readonly timeDeltas: readonly number[];
}

/** The parts of a .heapprofile. */
export interface HeapProfile {
  readonly head: HeapNode;
}

interface HeapNode {
  readonly callFrame: Frame;
  /** Bytes. */
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}

export interface Share {
  readonly name: string;
  /** 0 to 1. */
  readonly share: number;
}

export interface ProfileSummary {
  /** Microseconds or bytes. */
  readonly total: number;
  readonly byPlace: readonly Share[];
  readonly byFunction: readonly Share[];
}

const shownFunctions = { cpu: 20, heap: 8 };
const leastShown = 0.01;
/** V8's own time, and what the probe costs while it starts and ends a profile (`dispatch` of the inspector). */
const notBusy: ReadonlySet<string> = new Set(['(idle)', 'dispatch']);

/** One paragraph for each window and side that has profiles in the directory. */
export function profileSummaries(directory: string): string {
  const texts: string[] = [];
  for (const [window, names] of byWindow(readdirSync(directory))) {
    const read = <T>(ending: string): T[] =>
      names.filter((name) => name.endsWith(ending)).map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as T);
    const cpu = summariseCpu(read<CpuProfile>('.cpuprofile'));
    const heap = summariseHeap(read<HeapProfile>('.heapprofile'));
    texts.push(
      `${window}, all nodes: busy ${(cpu.total / 1e6).toFixed(1)} s; ${placesOf(cpu)}`,
      ...linesOf(cpu, shownFunctions.cpu),
      `${window}, all nodes: ${Math.round(heap.total / 2 ** 20)} MB of objects allocated; ${placesOf(heap)}`,
      ...linesOf(heap, shownFunctions.heap),
    );
  }
  return [`Profiles: ${directory}`, ...texts].join('\n');
}

export function summariseCpu(profiles: readonly CpuProfile[]): ProfileSummary {
  const spent = new Spending();
  for (const profile of profiles) {
    const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
    for (const [i, id] of profile.samples.entries()) {
      const frame = frames.get(id);
      if (frame === undefined || (notBusy.has(frame.functionName) && frame.url === '')) continue;
      spent.add(frame, profile.timeDeltas[i] ?? 0);
    }
  }
  return spent.summary();
}

export function summariseHeap(profiles: readonly HeapProfile[]): ProfileSummary {
  const spent = new Spending();
  const waiting = profiles.map(({ head }) => head);
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.callFrame.url !== 'node:inspector') spent.add(node.callFrame, node.selfSize);
    waiting.push(...node.children);
  }
  return spent.summary();
}

/** What was spent, by package and by function. */
class Spending {
  readonly #places = new Map<string, number>();
  readonly #functions = new Map<string, number>();
  #total = 0;

  add(frame: Frame, amount: number): void {
    if (amount === 0) return;
    const where = `${frame.functionName || '(anonymous)'} ${fileOf(frame)}`.trim();
    this.#total += amount;
    this.#places.set(placeOf(frame), (this.#places.get(placeOf(frame)) ?? 0) + amount);
    this.#functions.set(where, (this.#functions.get(where) ?? 0) + amount);
  }

  summary(): ProfileSummary {
    const shares = (sums: ReadonlyMap<string, number>): Share[] =>
      [...sums].map(([name, amount]) => ({ name, share: amount / this.#total })).toSorted((a, b) => b.share - a.share);
    return { total: this.#total, byPlace: shares(this.#places), byFunction: shares(this.#functions) };
  }
}

/** `P1-jackdaw-node-2.cpuprofile` belongs to `P1-jackdaw`. */
function byWindow(names: readonly string[]): Map<string, string[]> {
  const windows = new Map<string, string[]>();
  for (const name of names.toSorted()) {
    const window = /^(.*)-node-\d+\.(?:cpu|heap)profile$/.exec(name)?.[1];
    if (window !== undefined) windows.set(window, [...(windows.get(window) ?? []), name]);
  }
  return windows;
}

function placesOf({ byPlace }: ProfileSummary): string {
  const shown = byPlace.filter(({ share }) => share >= leastShown);
  return shown.map(({ name, share }) => `${name} ${(share * 100).toFixed(0)} %`).join(', ');
}

function linesOf({ byFunction }: ProfileSummary, count: number): string[] {
  return byFunction.slice(0, count).map(({ name, share }) => `  ${(share * 100).toFixed(1).padStart(5)} %  ${name}`);
}

/** The package that a function is of; V8's own names for what is none, such as the garbage collector. */
function placeOf({ functionName, url }: Frame): string {
  if (functionName.startsWith('(') && url === '') return functionName === '(program)' ? 'system calls and V8' : functionName;
  if (url === '') return 'native functions';
  if (url.startsWith('node:')) return 'node';
  const third = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  return third ?? /packages\/([a-z]+)\//.exec(url)?.[1] ?? 'other';
}

function fileOf({ url, lineNumber }: Frame): string {
  if (url === '') return '';
  const path = url.startsWith('node:') ? url : url.replace(/^.*\/(?=packages\/|node_modules\/)/, '').replace('/dist/src/', '/');
  return `${path}:${lineNumber + 1}`;
}
