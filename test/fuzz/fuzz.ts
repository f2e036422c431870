/**
 * The fuzzer as a program: `npm run fuzz -- --target NAME|all --executions N --seed S` (docs/internals/fuzzing.md).
 *
 * One thread, or a few, for one target after the other; a line of progress every few seconds; a verdict with
 * totals at the end. Each finding is written to `regressions/`, where `npm test` replays it. Ends with code 1 on findings.
 */
import { parseArgs } from 'node:util';
import type { Finding } from './engine/finding.ts';
import type { Progress } from './engine/loop.ts';
import { FuzzThread, type FuzzResult } from './engine/supervise.ts';
import { ledgerTable, record } from './ledger.ts';
import { saveRegression } from './regressions.ts';
import { targets } from './targets/table.ts';

const { values: options } = parseArgs({
  options: {
    target: { type: 'string', default: 'all' },
    executions: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '86400' },
    jobs: { type: 'string', default: '1' },
    list: { type: 'boolean', default: false },
    'save-corpus': { type: 'boolean', default: false },
    'no-save': { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    ledger: { type: 'boolean', default: false },
    'full-cost': { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function chosenTargets(): readonly string[] {
  const names = targets.map(({ name }) => name);
  if (options.target === 'all') return names;
  const words = options.target.split(',');
  const chosen = names.filter((name) => words.some((word) => name === word || name.startsWith(`${word}-`)));
  if (chosen.length > 0) return chosen;
  throw new Error(`no target ${options.target}; there are: ${names.join(', ')}`);
}

async function fuzz(thread: FuzzThread, name: string): Promise<FuzzResult> {
  const result = await thread.fuzz({
    target: name,
    executions: Math.ceil(Number(options.executions) / (options['full-cost'] ? 1 : costOf(name))),
    seed: Number(options.seed),
    maxSeconds: Number(options.seconds),
    saveCorpus: options['save-corpus'],
    onProgress: (progress) => {
      if (!options.quiet) say(lineOf(name, progress));
    },
    onFinding: (finding) => say(textOf(finding)),
  });
  const { executions, seconds, branches } = result.progress;
  if (options.record) {
    record({ target: name, executions, seconds, branches, findings: result.findings.length, seed: Number(options.seed) });
  }
  say(`${lineOf(name, result.progress)}  done${result.stored === null ? '' : `, ${result.stored} inputs stored`}`);
  return result;
}

function costOf(name: string): number {
  return targets.find((target) => target.name === name)?.cost ?? 1;
}

function lineOf(name: string, { executions, accepted, seconds, corpus, branches, findings }: Progress): string {
  const rate = seconds === 0 ? 0 : Math.round(executions / seconds);
  const share = executions === 0 ? 0 : Math.round((100 * accepted) / executions);
  const figures = [
    `${executions} executions`,
    `${rate}/s`,
    `${share} % accepted`,
    `corpus ${corpus}`,
    `${branches} branches`,
    `${findings} findings`,
  ];
  return `${name.padEnd(26)} ${figures.join('  ')}`;
}

function textOf(finding: Finding): string {
  const saved = options['no-save'] ? '' : `  saved as ${saveRegression(finding)}\n`;
  const input = Buffer.from(finding.input).toString('base64');
  const shown = input.length > 400 ? `${input.slice(0, 400)}… (${finding.input.length} bytes)` : input;
  return `FINDING ${finding.key}\n${finding.stack}\n  input (base64): ${shown}\n${saved}`;
}

const results: FuzzResult[] = [];
const queue = [...chosenTargets()];
const beganMs = performance.now();

async function work(): Promise<void> {
  const thread = new FuzzThread();
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) results.push(await fuzz(thread, name));
  await thread.close();
}

if (options.list) {
  for (const { name, what } of targets) say(`${name.padEnd(26)} ${what}`);
} else if (options.ledger) {
  say(ledgerTable());
} else {
  const count = queue.length;
  await Promise.all(Array.from({ length: Number(options.jobs) }, work));
  const total = (of: (progress: Progress) => number): number => results.reduce((sum, { progress }) => sum + of(progress), 0);
  const findings = results.reduce((sum, result) => sum + result.findings.length, 0);
  const seconds = (performance.now() - beganMs) / 1_000;
  say(
    `TOTAL ${count} targets, seed ${options.seed}: ${total((p) => p.executions)} executions (and ${total((p) => p.reruns)} ` +
      `repeated ones) in ${seconds.toFixed(0)} s, ${total((p) => p.branches)} branches taken, ${findings} findings`,
  );
  if (findings > 0) process.exitCode = 1;
}
