/**
 * A copy of the built repository in a temporary directory, in which a mutant can be applied and built.
 *
 * Third-party packages are linked, our own are copied: `node_modules/@jackdaw/*` of the copy leads to the copy's packages,
 * so that nothing of a run comes from the tree that it was copied from. Undoing a mutant puts the package back from the
 * tree that was copied, whole, so that nothing of one mutant reaches the next.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyHunks, packagesOf, type Mutant } from './mutant.ts';
import { run } from './process.ts';

/** Files beside the packages that building or running them needs. */
const rootFiles = /^(package\.json|tsconfig.*\.json|protos)$/;
const buildLimitMs = 300_000;

/** A mutant that does not compile is no proof of anything: it has to be mended. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
}

export class ScratchTree {
  readonly directory: string;
  readonly #origin: string;

  private constructor(origin: string, directory: string) {
    this.#origin = origin;
    this.directory = directory;
  }

  static copyOf(origin: string): ScratchTree {
    const tree = new ScratchTree(origin, mkdtempSync(join(tmpdir(), 'jackdaw-mutants-')));
    const { directory } = tree;
    for (const name of readdirSync(origin).filter((entry) => rootFiles.test(entry))) tree.#copy(name);
    const packages = readdirSync(join(origin, 'packages'));
    for (const name of packages) tree.#copy(join('packages', name));
    const modules = join(directory, 'node_modules');
    mkdirSync(join(modules, '@jackdaw'), { recursive: true });
    for (const name of readdirSync(join(origin, 'node_modules'))) {
      if (name !== '@jackdaw' && name !== '.cache') symlinkSync(join(origin, 'node_modules', name), join(modules, name));
    }
    for (const name of packages) symlinkSync(join(directory, 'packages', name), join(modules, '@jackdaw', name));
    return tree;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Builds these projects and what they refer to, as far as they have changed. Rejects with {@link BuildError}. */
  async build(projects: readonly string[]): Promise<void> {
    const compiler = this.path('node_modules/typescript/bin/tsc');
    const args = [compiler, '-b', ...projects];
    const { exitCode, output } = await run(process.execPath, { args, directory: this.directory, limitMs: buildLimitMs });
    if (exitCode !== 0) throw new BuildError(output.trim());
  }

  /** Rejects with MutantError when the mutant does not apply, with {@link BuildError} when it does not compile. */
  async mutate(mutant: Mutant): Promise<void> {
    for (const file of mutant.files) {
      const path = this.path(file.path);
      writeFileSync(path, applyHunks(mutant.name, file, readFileSync(path, 'utf8')));
    }
    await this.build(packagesOf(mutant).map((name) => `packages/${name}`));
  }

  undo(mutant: Mutant): void {
    for (const name of packagesOf(mutant)) {
      rmSync(this.path(join('packages', name)), { recursive: true, force: true });
      this.#copy(join('packages', name));
    }
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** With its times: the compiler tells by them what has changed. */
  #copy(name: string): void {
    cpSync(join(this.#origin, name), this.path(name), { recursive: true, preserveTimestamps: true });
  }
}
