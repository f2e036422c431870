/**
 * A whole run: A B A B A B, each side in turn in every round, on a cluster that is new and warmed up each time.
 */
import { javaVersion } from '../../test/peer/java.ts';
import type { Side, SideId } from '../cluster/side.ts';
import { busyCores, expectProc } from '../measure/proc.ts';
import type { BenchRecord, Failure, MeasuredFigure, MicroResult } from '../report/bench-record.ts';
import { commitOfTree, thisMachine } from '../report/machine.ts';
import { median } from '../report/statistics.ts';
import type { Progress } from './progress.ts';
import { runTurn } from './turn.ts';
import type { Work } from './work.ts';

export interface RunOptions {
  readonly sides: readonly Side[];
  readonly works: readonly Work[];
  readonly rounds: number;
  readonly scale: number;
  readonly profileDirectory: string | undefined;
  readonly command: string;
  readonly micro: readonly MicroResult[];
  readonly progress: Progress;
  /** After each work: what there is so far, so that an interrupted run has not measured for nothing. */
  readonly onProgress: (record: BenchRecord) => void;
}

/** Over which the others on the machine are listened to. */
const listenMs = 1_500;

/** What has been measured so far. */
interface Tally {
  readonly startedAt: string;
  readonly tree: { readonly commit: string; readonly isDirty: boolean };
  readonly rounds: number;
  /** By figure, then by side, then by round: what a work recorded of it. */
  readonly values: Map<string, Map<SideId, Map<number, number[]>>>;
  readonly failures: Failure[];
  readonly otherBusyCores: number[];
}

export async function runRounds(options: RunOptions): Promise<BenchRecord> {
  const { sides, works, progress } = options;
  expectProc();
  const tally: Tally = {
    ...{ startedAt: new Date().toISOString(), tree: commitOfTree(), rounds: works.length === 0 ? 0 : options.rounds },
    ...{ values: new Map(), failures: [], otherBusyCores: [] },
  };
  if (tally.rounds === 0) tally.otherBusyCores.push(await busyCores(listenMs));
  for (let round = 1; round <= tally.rounds; round++) {
    for (const side of sides) {
      const title = `round ${round} of ${tally.rounds}, ${side.title}`;
      tally.otherBusyCores.push(await busyCores(listenMs));
      await runTurn({
        ...{ side, works, title, progress, scale: options.scale, profileDirectory: options.profileDirectory },
        record: (key, value) => note(tally, { key, side: side.id, round, value }),
        onFailure: (work, message) => {
          progress.line(`${title}: ${work.name} failed: ${message}`);
          tally.failures.push({ side: side.id, round, work: work.name, message });
        },
        onWorkDone: () => options.onProgress(recordOf(options, tally)),
      });
    }
  }
  progress.end();
  return recordOf(options, tally);
}

function recordOf({ sides, works, ...options }: RunOptions, tally: Tally): BenchRecord {
  const valuesOf = (key: string): MeasuredFigure['values'] =>
    Object.fromEntries(
      [...(tally.values.get(key) ?? [])].map(([side, byRound]) => [side, [...byRound.values()].map((values) => median(values))]),
    );
  return {
    schema: 1,
    ...{ startedAt: tally.startedAt, finishedAt: new Date().toISOString(), command: options.command, ...tally.tree },
    machine: thisMachine(works.length === 0 ? '' : javaVersion()),
    ...{ scale: options.scale, rounds: tally.rounds },
    sides: sides.map(({ id, title, isPeer, syncs }) => ({ id, title, isPeer, syncs })),
    works: works.map(({ name, title }) => ({ name, title })),
    figures: works.flatMap(({ figures }) => figures).map((spec) => ({ ...spec, values: valuesOf(spec.key) })),
    micro: options.micro,
    otherBusyCores: tally.otherBusyCores.map((cores) => Math.round(cores * 100) / 100),
    failures: tally.failures,
  };
}

function note({ values }: Tally, { key, side, round, value }: { key: string; side: SideId; round: number; value: number }): void {
  const bySide = values.get(key) ?? new Map<SideId, Map<number, number[]>>();
  values.set(key, bySide);
  const byRound = bySide.get(side) ?? new Map<number, number[]>();
  bySide.set(side, byRound);
  byRound.set(round, [...(byRound.get(round) ?? []), value]);
}
