/**
 * Hunts a mutant with the unit tests of the packages that it changes, one file after the other, shortest first; or with the
 * one test that the mutant names.
 *
 * A file that fails must pass without the mutant, or nothing is proved by it.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PristineFailure, shortened, type Hunter, type Verdict } from './hunt.ts';
import { packagesOf, type Mutant } from './mutant.ts';
import { run } from './process.ts';
import type { ScratchTree } from './scratch-tree.ts';

const limitMs = 300_000;

interface TestFile {
  /** From the root of the tree. */
  readonly path: string;
  readonly durationMs: number;
}

export class TestHunter implements Hunter {
  /** By package; those that pass without a mutant. */
  readonly #files = new Map<string, readonly TestFile[]>();
  readonly #onSkipped: (path: string) => void;

  /** `onSkipped`: a file that fails without any mutant takes no part. */
  constructor(onSkipped: (path: string) => void) {
    this.#onSkipped = onSkipped;
  }

  async expectPass(pristine: ScratchTree, mutants: readonly Mutant[]): Promise<void> {
    for (const name of new Set(mutants.filter(({ test }) => test === '').flatMap(packagesOf))) {
      const passing: TestFile[] = [];
      for (const path of testFiles(pristine, name)) {
        const { failed, durationMs } = await runTests(pristine, path);
        if (failed === null) passing.push({ path, durationMs });
        else this.#onSkipped(path);
      }
      if (passing.length === 0) throw new PristineFailure(`no test of ${name} passes without a mutant`);
      this.#files.set(
        name,
        passing.toSorted((left, right) => left.durationMs - right.durationMs),
      );
    }
  }

  async hunt(mutated: ScratchTree, mutant: Mutant, pristine: ScratchTree): Promise<Verdict> {
    const known = packagesOf(mutant).flatMap((name) => this.#files.get(name) ?? []);
    const files = mutant.test === '' ? known.map(({ path }) => path) : [builtPath(mutant.test)];
    for (const path of files) {
      const { failed, detail } = await runTests(mutated, path);
      if (failed === null) continue;
      const control = await runTests(pristine, path);
      if (control.failed !== null) continue;
      return { kind: 'killed', by: `${path.replace('dist/test/', 'test/')}: ${failed}`, seed: null, detail };
    }
    return { kind: 'alive' };
  }
}

function builtPath(source: string): string {
  return source.replace('/test/', '/dist/test/').replace(/\.ts$/, '.js');
}

function testFiles(tree: ScratchTree, packageName: string): string[] {
  const directory = join('packages', packageName, 'dist/test');
  const sources = join('packages', packageName, 'test');
  if (!existsSync(tree.path(directory))) return [];
  return readdirSync(tree.path(directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js') && existsSync(tree.path(join(sources, name.replace(/\.js$/, '.ts')))))
    .map((name) => join(directory, name))
    .filter((path) => statSync(tree.path(path)).isFile())
    .toSorted();
}

async function runTests(tree: ScratchTree, path: string): Promise<{ failed: string | null; detail: string; durationMs: number }> {
  const args = ['--test-reporter=tap', tree.path(path)];
  const { exitCode, output, durationMs, isTimedOut } = await run(process.execPath, { args, directory: tree.directory, limitMs });
  if (exitCode === 0) return { failed: null, detail: '', durationMs };
  // The innermost failure comes first.
  const [, name = isTimedOut ? 'hangs' : 'crashes'] = /^\s*not ok \d+ - (.*)$/m.exec(output) ?? [];
  const [, detail = ''] = /^\s*error: (.*(?:\n\s{4,}.*)?)/m.exec(output) ?? [];
  return { failed: name, detail: shortened(detail), durationMs };
}
