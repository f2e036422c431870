/**
 * One mutant: a bug that some real system had, as exact text to find in the sources and text to put in its place.
 *
 * A mutant is a file of the catalogue. Header lines say what the bug is, where it was seen and which statement of the
 * correctness design it breaks; the others may be left out. Then come the files and their hunks. Hunks name no line
 * numbers, so they live through changes around them; each must be found exactly once, or the mutant has to be looked at
 * again.
 *
 *     bug: …
 *     seen: …
 *     breaks: A11, A15
 *     needs: fault kill; setting log.roll.ms; part: a rare place that must be reached
 *     outside: why the simulator cannot see it
 *     test: packages/x/test/y.test.ts (which kills it, where the simulator cannot)
 *     file: packages/x/src/y.ts
 *     --- find
 *     the lines that are there
 *     --- put
 *     the lines that shall be there
 *     --- end
 */

export interface Hunk {
  readonly find: string;
  readonly put: string;
}

export interface MutatedFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly hunks: readonly Hunk[];
}

export interface Mutant {
  readonly name: string;
  readonly bug: string;
  readonly seen: string;
  /** Numbers of statements: A1 … F15. */
  readonly breaks: readonly string[];
  /** What must be in a run, or nothing comes of the bug (plan-fit.ts): seeds that have it are tried first. */
  readonly needs: readonly string[];
  /** Why no run of the simulator can show it: the code is not in it. Empty: it can. */
  readonly outside: string;
  /** The test that kills what is outside, from the root of the repository. */
  readonly test: string;
  readonly files: readonly MutatedFile[];
}

/** The mutant's file cannot be understood, or the sources are no longer what it was made for. */
export class MutantError extends Error {
  override readonly name = 'MutantError';
}

const headerNames = ['bug', 'seen', 'breaks'] as const;
const optionalHeaders = ['needs', 'outside', 'test'];
const statementPattern = /^[A-F][1-9]\d?$/;

/** Throws {@link MutantError}. */
export function parseMutant(name: string, text: string): Mutant {
  const lines = text.split('\n');
  const headers = new Map<string, string>();
  const files: { path: string; hunks: Hunk[] }[] = [];
  for (let at = 0; at < lines.length;) {
    const line = lines[at] ?? '';
    if (line === '--- find') {
      const file = files.at(-1);
      if (file === undefined) throw new MutantError(`${name}: a hunk before any file`);
      const put = endOfSection(name, lines, { from: at + 1, marker: '--- put' });
      const end = endOfSection(name, lines, { from: put + 1, marker: '--- end' });
      file.hunks.push({ find: lines.slice(at + 1, put).join('\n'), put: lines.slice(put + 1, end).join('\n') });
      at = end + 1;
      continue;
    }
    const [, key, value] = /^([a-z]+): (.+)$/.exec(line) ?? [];
    if (key === 'file') files.push({ path: value ?? '', hunks: [] });
    else if (key !== undefined && value !== undefined && files.length === 0) headers.set(key, value);
    else if (line !== '') throw new MutantError(`${name}: line ${at + 1} is neither a header nor part of a hunk: ${line}`);
    at += 1;
  }
  return checked({ name, ...headersOf(name, headers), files });
}

function endOfSection(name: string, lines: readonly string[], { from, marker }: { from: number; marker: string }): number {
  const at = lines.indexOf(marker, from);
  if (at < 0) throw new MutantError(`${name}: a hunk without ${marker}`);
  return at;
}

function headersOf(name: string, headers: ReadonlyMap<string, string>): Omit<Mutant, 'name' | 'files'> {
  for (const header of headerNames) if (!headers.has(header)) throw new MutantError(`${name}: no header ${header}`);
  for (const header of headers.keys()) {
    if (![...headerNames, ...optionalHeaders].includes(header)) throw new MutantError(`${name}: ${header} is no header`);
  }
  const breaks = (headers.get('breaks') ?? '').split(', ');
  const unknown = breaks.find((statement) => !statementPattern.test(statement));
  if (unknown !== undefined) throw new MutantError(`${name}: ${unknown} is no statement's number`);
  if (headers.has('outside') !== headers.has('test')) throw new MutantError(`${name}: outside and test belong together`);
  const text = (header: string): string => headers.get(header) ?? '';
  const needs = text('needs') === '' ? [] : text('needs').split('; ');
  return { bug: text('bug'), seen: text('seen'), breaks, needs, outside: text('outside'), test: text('test') };
}

function checked(mutant: Mutant): Mutant {
  const hunks = mutant.files.flatMap((file) => file.hunks);
  if (mutant.files.length === 0 || mutant.files.some((file) => file.hunks.length === 0)) {
    throw new MutantError(`${mutant.name}: a file without hunks, or no file`);
  }
  if (hunks.some(({ find, put }) => find.trim() === '' || find === put)) {
    throw new MutantError(`${mutant.name}: a hunk that finds nothing or changes nothing`);
  }
  return mutant;
}

/** The source with all hunks in it. Throws {@link MutantError} unless each is found exactly once. */
export function applyHunks(name: string, { path, hunks }: MutatedFile, source: string): string {
  let text = source;
  for (const { find, put } of hunks) {
    const at = text.indexOf(find);
    const first = find.trim().split('\n')[0] ?? '';
    if (at < 0) throw new MutantError(`${name}: ${path} does not have: ${first}`);
    if (text.includes(find, at + 1)) throw new MutantError(`${name}: ${path} has more than once: ${first}`);
    text = text.slice(0, at) + put + text.slice(at + find.length);
  }
  return text;
}

/** Names of the packages that the mutant changes. */
export function packagesOf(mutant: Mutant): string[] {
  return [...new Set(mutant.files.map(({ path }) => path.split('/')[1] ?? ''))];
}
