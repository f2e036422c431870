/**
 * The catalogue: every `*.mutant` file beside this program, in the order of their names.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MutantError, parseMutant, type Mutant } from './mutant.ts';

/** The repository, as seen from `dist/test/mutants/`. */
export const repository = fileURLToPath(new URL('../../../', import.meta.url));

const directory = `${repository}test/mutants/catalogue/`;
const suffix = '.mutant';

export function readCatalogue(): Mutant[] {
  const names = readdirSync(directory).filter((name) => name.endsWith(suffix));
  return names
    .map((name) => name.slice(0, -suffix.length))
    .toSorted()
    .map((name) => parseMutant(name, readFileSync(directory + name + suffix, 'utf8')));
}

/** Those whose names are given, or have one of the given words in them; all when none is given. */
export function choose(catalogue: readonly Mutant[], words: readonly string[]): Mutant[] {
  const chosen = catalogue.filter(({ name }) => {
    return words.length === 0 || words.some((word) => name === word || (!isName(catalogue, word) && name.includes(word)));
  });
  if (chosen.length === 0) throw new MutantError(`no mutant is called ${words.join(' or ')}`);
  return chosen;
}

function isName(catalogue: readonly Mutant[], word: string): boolean {
  return catalogue.some(({ name }) => name === word);
}
