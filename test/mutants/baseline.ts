/**
 * What the seeds do without a mutant: the control of every kill. It can be kept in a file, for it costs as much as a mutant
 * that lives. A file that was made with other code is no control any more, and still tells well where seeds lead.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScratchTree } from './scratch-tree.ts';
import type { SeedRun } from './seed-runner.ts';

interface Saved {
  readonly code: string;
  readonly runs: readonly SeedRun[];
  readonly guides?: readonly SeedRun[];
}

export interface Baseline {
  readonly runs: readonly SeedRun[];
  /** Whether this code did that. */
  readonly isCurrent: boolean;
  /** What other seeds have come to with some mutant: not what they do, and yet a hint. */
  readonly guides: readonly SeedRun[];
}

export function readBaseline(file: string | undefined, tree: ScratchTree): Baseline {
  if (file === undefined || !existsSync(file)) return { runs: [], isCurrent: true, guides: [] };
  const { code, runs, guides = [] } = JSON.parse(readFileSync(file, 'utf8')) as Saved;
  return { runs, isCurrent: code === codeOf(tree), guides };
}

export function writeBaseline(file: string | undefined, tree: ScratchTree, { runs, guides }: Omit<Baseline, 'isCurrent'>): void {
  if (file === undefined) return;
  const saved: Saved = { code: codeOf(tree), runs, guides };
  writeFileSync(file, JSON.stringify(saved));
}

/** Stands for all the code that a run runs. */
function codeOf(tree: ScratchTree): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(tree.path('packages')).toSorted()) {
    const directory = tree.path(join('packages', name, 'dist', 'src'));
    if (!existsSync(directory)) continue;
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));
    for (const file of files.toSorted()) hash.update(`${name}/${file}\n`).update(readFileSync(join(directory, file)));
  }
  return hash.digest('hex');
}
