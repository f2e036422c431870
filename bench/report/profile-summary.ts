/**
 * What the CPU profiles of a run say in a few lines: where the time went, by package and by function. The files themselves open
 * in Chrome's DevTools or in speedscope.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The parts of a .cpuprofile that matter here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds from one sample to the next. */
  readonly timeDeltas: readonly number[];
}

export interface ProfileShare {
  readonly name: string;
  /** Of the time that was not idle, 0 to 1. */
  readonly share: number;
}

const shownFunctions = 15;
const leastShown = 0.01;
/** V8's own time, and what the probe costs while it starts and ends a profile (`dispatch` of the inspector). */
const notBusy: ReadonlySet<string> = new Set(['(idle)', 'dispatch']);

/** One paragraph for each CPU profile in the directory. */
export function profileSummaries(directory: string): string {
  const names = readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'));
  const texts = names.toSorted().map((name) => {
    const profile = JSON.parse(readFileSync(join(directory, name), 'utf8')) as CpuProfile;
    const { busySeconds, byPlace, byFunction } = summariseProfile(profile);
    const line = ({ name: what, share }: ProfileShare): string => `  ${(share * 100).toFixed(1).padStart(5)} %  ${what}`;
    const places = byPlace
      .filter(({ share }) => share >= leastShown)
      .map(({ name: place, share }) => `${place} ${(share * 100).toFixed(0)} %`)
      .join(', ');
    return [`${name}: busy ${busySeconds.toFixed(1)} s; ${places}`, ...byFunction.slice(0, shownFunctions).map(line)].join('\n');
  });
  return [`Profiles: ${directory}`, ...texts].join('\n');
}

export function summariseProfile(profile: CpuProfile): {
  busySeconds: number;
  byPlace: ProfileShare[];
  byFunction: ProfileShare[];
} {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const places = new Map<string, number>();
  const functions = new Map<string, number>();
  let busyMicros = 0;
  for (const [i, id] of profile.samples.entries()) {
    const frame = frames.get(id);
    const micros = profile.timeDeltas[i] ?? 0;
    if (frame === undefined || (notBusy.has(frame.functionName) && frame.url === '')) continue;
    busyMicros += micros;
    add(places, placeOf(frame), micros);
    add(functions, `${frame.functionName || '(anonymous)'} ${fileOf(frame)}`.trim(), micros);
  }
  const shares = (sums: ReadonlyMap<string, number>): ProfileShare[] =>
    [...sums].map(([name, micros]) => ({ name, share: micros / Math.max(1, busyMicros) })).toSorted((a, b) => b.share - a.share);
  return { busySeconds: busyMicros / 1e6, byPlace: shares(places), byFunction: shares(functions) };
}

type Frame = CpuProfile['nodes'][number]['callFrame'];

/** The package that a function is of; V8's own names for what is none, such as the garbage collector. */
function placeOf({ functionName, url }: Frame): string {
  if (functionName.startsWith('(')) return functionName === '(program)' ? 'system calls and V8' : functionName;
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

function add(sums: Map<string, number>, key: string, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}
