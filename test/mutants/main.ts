/**
 * `npm run mutants`: the proof that the tests see. Applies each mutant of the catalogue in a scratch copy of the tree and
 * reports whether it is found out, by what, and how soon.
 *
 * The copy without a mutant must pass first. Exit code 0: every mutant was killed; 1: one lives, or does not apply or
 * compile any more; 2: the tree fails without any mutant, or the command line is wrong.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { choose, readCatalogue, repository } from './catalogue.ts';
import { PristineFailure, shortened, type Hunter, type Verdict } from './hunt.ts';
import { MutantError, packagesOf, type Mutant } from './mutant.ts';
import { readOptions, usage, type Options } from './options.ts';
import { endAll } from './process.ts';
import { jsonOf, killsIn, lineOf, summaryOf, tableOf, type Outcome } from './report.ts';
import { BuildError, ScratchTree } from './scratch-tree.ts';
import { SimulationHunter } from './simulation-hunter.ts';
import { TestHunter } from './test-hunter.ts';

/** To be removed at the end, whatever the end is. */
const trees = new Set<ScratchTree>();

async function main(options: Options): Promise<number> {
  const chosen = choose(readCatalogue(), options.only);
  if (options.isListing) {
    for (const { name, breaks, bug } of chosen) say(`${name.padEnd(38)} ${breaks.join(', ').padEnd(14)} ${bug}`);
    return 0;
  }
  const { json } = options;
  const known = json !== undefined && existsSync(json) ? killsIn(readFileSync(json, 'utf8')) : new Map<string, never>();
  const before = readCatalogue().flatMap((mutant): Outcome[] => {
    const outcome = known.get(mutant.name);
    return outcome === undefined ? [] : [{ ...outcome, mutant }];
  });
  const former = before.filter(({ mutant }) => chosen.some(({ name }) => name === mutant.name));
  const mutants = chosen.filter(({ name }) => !known.has(name));
  const pristine = copyOf(repository);
  await pristine.build(projectsFor(options, mutants));
  const hunter = hunterFor(options);
  const startedMs = performance.now();
  say(`without a mutant, by ${options.hunter} …`);
  await hunter.expectPass(pristine, mutants);
  say(`passed in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s; ${mutants.length} mutants follow`);
  const onOutcome = (outcomes: readonly Outcome[]): void => {
    if (json !== undefined) writeFileSync(json, jsonOf([...before, ...outcomes]));
  };
  const outcomes = [...former, ...(await huntAll({ pristine, mutants, hunter, options, onOutcome }))];
  say(`\n${tableOf(outcomes)}\n\n${summaryOf(outcomes)}`);
  const wanted = options.hunter === 'build' ? 'alive' : 'killed';
  return outcomes.length === chosen.length && outcomes.every(({ verdict }) => verdict.kind === wanted) ? 0 : 1;
}

function projectsFor({ hunter }: Options, mutants: readonly Mutant[]): string[] {
  const tests = mutants.flatMap(({ test }) => (test === '' ? [] : [test.slice(0, test.indexOf('/test/') + '/test'.length)]));
  if (hunter === 'simulator') return [...new Set(['packages/sim', ...tests])];
  const packages = [...new Set(mutants.flatMap(packagesOf))];
  return packages.flatMap((name) => (hunter === 'tests' ? [`packages/${name}`, `packages/${name}/test`] : [`packages/${name}`]));
}

function hunterFor({ hunter, seeds, tries, firstSeed, baselineSeeds, baselineFile }: Options): Hunter {
  switch (hunter) {
    case 'simulator': {
      const onUnsound = (mutant: Mutant, seed: number): void =>
        say(`seed ${seed} fails without ${mutant.name}, too: it does not count`);
      const simulation = new SimulationHunter({ seeds, maxTries: tries, firstSeed, baselineSeeds, baselineFile, onUnsound });
      const tests = testHunter();
      return {
        expectPass: (pristine) => simulation.expectPass(pristine),
        hunt: (mutated, mutant, pristine) => (mutant.test === '' ? simulation : tests).hunt(mutated, mutant, pristine),
      };
    }
    case 'tests':
      return testHunter();
    case 'build':
      return { expectPass: async () => {}, hunt: async () => ({ kind: 'alive' }) };
  }
}

function testHunter(): TestHunter {
  return new TestHunter((path) => say(`${path} fails without any mutant: it takes no part`));
}

interface Hunt {
  readonly pristine: ScratchTree;
  readonly mutants: readonly Mutant[];
  readonly hunter: Hunter;
  readonly options: Pick<Options, 'jobs' | 'minutes'>;
  /** Called with all outcomes so far. */
  readonly onOutcome: (outcomes: readonly Outcome[]) => void;
}

async function huntAll({ pristine, mutants, hunter, options, onOutcome }: Hunt): Promise<Outcome[]> {
  const outcomes = new Map<Mutant, Outcome>();
  const waiting = [...mutants];
  const deadlineMs = performance.now() + options.minutes * 60_000;
  const work = async (): Promise<void> => {
    const tree = copyOf(pristine.directory);
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      if (performance.now() >= deadlineMs) break;
      const startedMs = performance.now();
      const verdict = await huntOne(tree, mutant, { pristine, hunter });
      tree.undo(mutant);
      const outcome = { mutant, verdict, seconds: (performance.now() - startedMs) / 1_000 };
      outcomes.set(mutant, outcome);
      onOutcome([...outcomes.values()]);
      say(`${String(outcomes.size).padStart(3)}/${mutants.length} ${lineOf(outcome)}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.jobs, mutants.length) }, work));
  return mutants.flatMap((mutant) => outcomes.get(mutant) ?? []);
}

async function huntOne(
  tree: ScratchTree,
  mutant: Mutant,
  { pristine, hunter }: Pick<Hunt, 'pristine' | 'hunter'>,
): Promise<Verdict> {
  try {
    await tree.mutate(mutant);
  } catch (error) {
    if (!(error instanceof MutantError || error instanceof BuildError)) throw error;
    return { kind: 'broken', detail: shortened(error.message) };
  }
  return hunter.hunt(tree, mutant, pristine);
}

function copyOf(origin: string): ScratchTree {
  const tree = ScratchTree.copyOf(origin);
  trees.add(tree);
  return tree;
}

function cleanUp(): void {
  endAll();
  for (const tree of trees) tree.remove();
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    cleanUp();
    process.exit(130);
  });
}

try {
  process.exitCode = await main(readOptions(process.argv.slice(2)));
} catch (error) {
  const isExpected = error instanceof PristineFailure || error instanceof MutantError || error instanceof BuildError;
  if (!isExpected && !(error instanceof RangeError) && !(error instanceof TypeError)) throw error;
  process.stderr.write(`${error.message}\n${isExpected ? '' : `\n${usage}\n`}`);
  process.exitCode = 2;
} finally {
  cleanUp();
}
