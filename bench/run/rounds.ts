/**
 * A whole run: A B A B A B, each side in turn in every round, on a cluster that is new and warmed up each time.
 */
import { javaVersion } from '../cluster/java.ts';
import type { Side, SideId } from '../cluster/side.ts';
import { busyCores, expectProc } from '../measure/proc.ts';
import type { BenchRecord, Failure, MicroResult } from '../report/bench-record.ts';
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
}

/** Over which the others on the machine are listened to. */
const listenMs = 1_500;

export async function runRounds(options: RunOptions): Promise<BenchRecord> {
  const { sides, works, progress } = options;
  expectProc();
  const startedAt = new Date().toISOString();
  const values = new Map<string, Map<SideId, number[]>>();
  const failures: Failure[] = [];
  const otherBusyCores: number[] = [];
  const rounds = works.length === 0 ? 0 : options.rounds;
  if (rounds === 0) otherBusyCores.push(await busyCores(listenMs));
  for (let round = 1; round <= rounds; round++) {
    for (const side of sides) {
      const title = `round ${round} of ${rounds}, ${side.title}`;
      otherBusyCores.push(await busyCores(listenMs));
      const recorded = new Map<string, number[]>();
      await runTurn({
        ...{ side, works, title, progress, scale: options.scale, profileDirectory: options.profileDirectory },
        record: (key, value) => recorded.set(key, [...(recorded.get(key) ?? []), value]),
        onFailure: (work, message) => {
          progress.line(`${title}: ${work.name} failed: ${message}`);
          failures.push({ side: side.id, round, work: work.name, message });
        },
      });
      for (const [key, some] of recorded) noteRound(values, { key, side: side.id, value: median(some) });
    }
  }
  progress.end();
  const specs = works.flatMap(({ figures }) => figures);
  return {
    schema: 1,
    ...{ startedAt, finishedAt: new Date().toISOString(), command: options.command, ...commitOfTree() },
    machine: thisMachine(works.length === 0 ? '' : javaVersion()),
    ...{ scale: options.scale, rounds },
    sides: sides.map(({ id, title, isPeer, syncs }) => ({ id, title, isPeer, syncs })),
    works: works.map(({ name, title }) => ({ name, title })),
    figures: specs.map((spec) => ({ ...spec, values: Object.fromEntries(values.get(spec.key) ?? []) })),
    micro: options.micro,
    otherBusyCores: otherBusyCores.map((cores) => Math.round(cores * 100) / 100),
    failures,
  };
}

function noteRound(
  values: Map<string, Map<SideId, number[]>>,
  { key, side, value }: { key: string; side: SideId; value: number },
): void {
  const bySide = values.get(key) ?? new Map<SideId, number[]>();
  values.set(key, bySide);
  bySide.set(side, [...(bySide.get(side) ?? []), value]);
}
