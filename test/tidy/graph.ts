/**
 * Rules about the whole tree: who imports whom, which files nothing reaches, and whether every package.json says what
 * its package uses. npm workspaces let an undeclared sibling import through, so these tables are what keeps the edges.
 */
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { root, type Import, type SourceFile, type TextFile, type Violation } from './source-tree.ts';
import { packageEdges, programs, purePackages, subpathExports, testOnlyEdges, thirdPartyEdges } from './tables.ts';
import { stringValue } from './tokens.ts';

const scope = '@jackdaw/';

/** `@scope/name/deep` → `@scope/name`. */
function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** A source of a package imports only what its row of the tables allows. */
export function forbiddenEdges(file: SourceFile): Violation[] {
  if (file.package === '') return [];
  return file.imports.flatMap(({ specifier, line }) => {
    const message = edgeFault(file, specifier);
    return message === null ? [] : [{ path: file.path, line, message }];
  });
}

function edgeFault(file: SourceFile, specifier: string): string | null {
  if (specifier.startsWith('.')) return leavesPackage(file, specifier) ? `${specifier}: a sibling is imported by its name` : null;
  const isTest = file.part === 'test';
  if (isBuiltin(specifier)) return purePackages.has(file.package) && !isTest ? `${specifier}: ${file.package} is pure` : null;
  const name = packageName(specifier);
  if (!name.startsWith(scope)) {
    const owners = thirdPartyEdges.get(name);
    if (isTest || owners?.includes(file.package) === true) return null;
    return `${name}: ${owners === undefined ? 'not in the table of dependencies' : `only ${owners.join(', ')} may import it`}`;
  }
  if (name !== specifier && !subpathExports.has(specifier)) return `${specifier}: only what a package exports at its top`;
  const sibling = name.slice(scope.length);
  const allowed = [...(packageEdges.get(file.package) ?? []), ...(isTest ? (testOnlyEdges.get(file.package) ?? []) : [])];
  return allowed.includes(sibling) ? null : `${file.package} → ${sibling}: not an edge of the architecture`;
}

function leavesPackage(file: SourceFile, specifier: string): boolean {
  return !posix.join(posix.dirname(file.path), specifier).startsWith(`packages/${file.package}/`);
}

/** Every package in the table is there, and the other way round. */
export function unknownPackages(files: readonly SourceFile[]): string[] {
  const present = new Set(files.map((file) => file.package).filter((name) => name !== ''));
  return [...present].filter((name) => !packageEdges.has(name));
}

/**
 * Files that nothing reaches: sources from the package's index or program, tests from a test. A string that names a
 * file beside it (a worker, a child process) counts as an import, and so does a program that a script starts.
 */
export function deadFiles(files: readonly SourceFile[], texts: readonly TextFile[]): Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const started = startedPrograms(texts);
  const reached = new Set<string>();
  const queue = files.filter(({ path }) => programs.some((pattern) => pattern.test(path)) || started.has(path));
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (reached.has(file.path)) continue;
    reached.add(file.path);
    for (const path of reachedFrom(file)) {
      const next = byPath.get(path);
      // What only a test uses is dead in the product.
      if (next !== undefined && !(file.part === 'test' && next.part === 'src')) queue.push(next);
    }
  }
  return files
    .filter(({ path }) => !reached.has(path))
    .map(({ path }) => ({ path, line: 1, message: 'nothing imports it and nothing starts it: remove it' }));
}

function reachedFrom(file: SourceFile): string[] {
  return file.code
    .filter(({ kind }) => kind === 'string')
    .map(stringValue)
    .filter((text) => /^\.{1,2}\/.*\.(ts|js)$/.test(text))
    .map((text) => posix.join(posix.dirname(file.path), text.replace(/\.js$/, '.ts')));
}

/** Compiled programs that package.json, a script or a document names, as the paths of their sources. */
function startedPrograms(texts: readonly TextFile[]): ReadonlySet<string> {
  const started = new Set<string>();
  for (const { path, text } of texts) {
    if (path.endsWith('.ts') || path.endsWith('.md')) continue;
    for (const [, place] of text.matchAll(/(?:^|[\s"'=/(])((?:packages\/[a-z]+\/)?dist\/[\w./-]+)\.js/g)) {
      if (place !== undefined) started.add(`${place.replace(/(^|\/)dist\//, '$1')}.ts`);
    }
  }
  return started;
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** What is imported is declared, what is declared is used, and every version is exact. */
export function manifestFaults(files: readonly SourceFile[], texts: readonly TextFile[]): Violation[] {
  const manifests = texts.filter(({ path }) => /^(packages\/[a-z]+\/)?package\.json$/.test(path));
  const top = manifests.find(({ path }) => path === 'package.json');
  const shared = new Set(Object.keys(top === undefined ? {} : (manifestOf(top).devDependencies ?? {})));
  return manifests.flatMap((manifest) => {
    const { dependencies = {}, devDependencies = {} } = manifestOf(manifest);
    const declared = new Set([...Object.keys(dependencies), ...Object.keys(devDependencies)]);
    const own = files.filter((file) => manifest.path === `packages/${file.package}/package.json`);
    const loose = Object.entries({ ...dependencies, ...devDependencies })
      .filter(([, version]) => !/^\d/.test(version))
      .map(([name]) => at(manifest, `${name}: give the exact version`));
    return manifest === top ? loose : [...loose, ...undeclared(own, { declared, shared }), ...unused(manifest, own, declared)];
  });
}

function undeclared(
  files: readonly SourceFile[],
  names: { declared: ReadonlySet<string>; shared: ReadonlySet<string> },
): Violation[] {
  return files.flatMap((file) =>
    file.imports
      .filter((found) => isPackage(found) && !names.declared.has(packageName(found.specifier)))
      .filter(({ specifier }) => file.part !== 'test' || !isForTests(packageName(specifier), file, names.shared))
      .map(({ specifier, line }) => ({ path: file.path, line, message: `${packageName(specifier)} is not in the package.json` })),
  );
}

/** Tests may use the tools of the whole repository, and siblings that the table names. */
function isForTests(name: string, file: SourceFile, shared: ReadonlySet<string>): boolean {
  return shared.has(name) || (testOnlyEdges.get(file.package) ?? []).includes(name.slice(scope.length));
}

function unused(manifest: TextFile, files: readonly SourceFile[], declared: ReadonlySet<string>): Violation[] {
  const named = new Set(
    files.flatMap((file) => file.code.filter(({ kind }) => kind === 'string').map((token) => packageName(stringValue(token)))),
  );
  return [...declared].filter((name) => !named.has(name)).map((name) => at(manifest, `${name} is declared but not used`));
}

function isPackage({ specifier }: Import): boolean {
  return !specifier.startsWith('.') && !isBuiltin(specifier);
}

function manifestOf({ text }: TextFile): Manifest {
  return JSON.parse(text) as Manifest;
}

function at({ path }: TextFile, message: string): Violation {
  return { path, line: 1, message };
}

/** Where the tree is, for messages of a test that finds no files at all. */
export const treeRoot = root;
