/**
 * A first look at speed: Jackdaw and Apache Kafka side by side on this machine, in turn, in one run.
 *
 *   npm run bench -- --peer SCRIPT [--rounds 3] [--scale 1] [--durability fsync|page-cache]
 *
 * SCRIPT brings up the peer and runs Kafka's Java tools (see sides.ts). Prints a Markdown table of medians with their
 * spread and the ratio; what goes into bench/results.md is copied from there, whatever it says.
 */
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { jackdawSide, peerSide, type Side } from './sides.ts';
import { measure, type Figures } from './workloads.ts';

const { values } = parseArgs({
  options: {
    peer: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    durability: { type: 'string', default: 'fsync' },
  },
});
if (values.peer === undefined) {
  console.error('error: no peer\nhint: --peer SCRIPT names the script that starts Apache Kafka and runs its tools');
  process.exit(2);
}
const bench = { toolScript: values.peer, scale: Number(values.scale) };
const sides = [jackdawSide('Jackdaw', [`jackdaw.durability=${values.durability}`]), peerSide(values.peer)];
const results = new Map<Side, Figures[]>(sides.map((side) => [side, []]));

for (let round = 1; round <= Number(values.rounds); round++) {
  for (const side of sides) {
    console.error(`round ${round}: ${side.name} …`);
    try {
      const startMs = await side.up();
      results.get(side)?.push(await measure(bench, side, startMs));
    } finally {
      await side.down();
    }
  }
}
console.log(table(sides, results));

function table(columns: readonly Side[], measured: ReadonlyMap<Side, readonly Figures[]>): string {
  const lines = [
    `Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ` +
      `${Math.round(totalmem() / 2 ** 30)} GiB; ` +
      `durability ${values.durability}, scale ${values.scale}, ${values.rounds} rounds; median (least–most)`,
    '',
    `| figure | ${columns.map(({ name }) => name).join(' | ')} | ratio |`,
    `|---|${columns.map(() => '---|').join('')}---|`,
  ];
  const [first, second] = columns.map((side) => measured.get(side) ?? []);
  for (const name of first?.[0]?.keys() ?? []) {
    const ours = sorted(first, name);
    const theirs = sorted(second, name);
    lines.push(`| ${name} | ${cell(ours)} | ${cell(theirs)} | ${(median(ours) / median(theirs)).toFixed(2)} |`);
  }
  return lines.join('\n');
}

function sorted(rounds: readonly Figures[] | undefined, name: string): number[] {
  return (rounds ?? []).map((figures) => figures.get(name) ?? Number.NaN).sort((a, b) => a - b);
}

function median(values: readonly number[]): number {
  return values[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}

function cell(values: readonly number[]): string {
  const text = (value: number | undefined): string => (value === undefined ? '–' : value.toPrecision(3));
  return `${text(median(values))} (${text(values[0])}–${text(values.at(-1))})`;
}
