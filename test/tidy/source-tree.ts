/**
 * The files of this repository as the style tests see them: read once, tokenized once, with the package and the part
 * (src, test, bin) that each belongs to.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { functionsOf, type FunctionShape } from './functions.ts';
import { stringValue, tokenize, type Token } from './tokens.ts';

/** Top of the tree: this file runs from dist/test/tidy. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

export interface TextFile {
  /** From the top of the tree, with slashes. */
  readonly path: string;
  readonly text: string;
}

export interface SourceFile extends TextFile {
  /** Name of the package's directory; empty outside of packages/. */
  readonly package: string;
  /** `src`, `test`, `bin`; outside of packages/ the top directory. */
  readonly part: string;
  readonly tokens: readonly Token[];
  /** Tokens without comments. */
  readonly code: readonly Token[];
  readonly functions: readonly FunctionShape[];
  readonly imports: readonly Import[];
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
}

export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

const skippedDirectories: ReadonlySet<string> = new Set(['node_modules', 'dist', 'testdata', 'data', 'results', '__pycache__']);
const textEndings = [
  '.ts',
  '.mjs',
  '.js',
  '.md',
  '.proto',
  '.sh',
  '.yml',
  '.yaml',
  '.json',
  '.py',
  '.c',
  '.java',
  '/run',
  'Dockerfile',
];
const topDirectories = ['.ci', 'bench', 'deploy', 'docs', 'packages', 'protos', 'scripts', 'test'];
const topFiles = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'README.md', 'docker-compose.yml', 'package.json'];

/** Every text file that people write. */
export const textFiles: readonly TextFile[] = [...topFiles, ...topDirectories.flatMap((directory) => walk(directory))].map(
  (path) => ({ path, text: readFileSync(root + path, 'utf8') }),
);

/** Every TypeScript file. */
export const sourceFiles: readonly SourceFile[] = textFiles.filter(({ path }) => path.endsWith('.ts')).map(sourceFileOf);

export function sourceFileOf({ path, text }: TextFile): SourceFile {
  const tokens = tokenize(text);
  const code = tokens.filter(({ kind }) => kind !== 'comment');
  const parts = path.split('/');
  const isInPackage = parts[0] === 'packages';
  return {
    path,
    text,
    package: isInPackage ? (parts[1] ?? '') : '',
    part: (isInPackage ? parts[2] : parts[0]) ?? '',
    tokens,
    code,
    functions: functionsOf(code),
    imports: importsOf(code),
  };
}

/** One violation for each token of the code that the callback names a fault of. */
export function violationsOf(file: SourceFile, faultOf: (token: Token, index: number) => string | null): Violation[] {
  return file.code.flatMap((token, index) => {
    const message = faultOf(token, index);
    return message === null ? [] : [{ path: file.path, line: token.line, message }];
  });
}

/** Static and dynamic imports and re-exports. */
function importsOf(code: readonly Token[]): Import[] {
  const imports: Import[] = [];
  for (const [index, token] of code.entries()) {
    if (token.kind !== 'string') continue;
    const before = code[index - 1]?.text;
    const isDynamic = before === '(' && code[index - 2]?.text === 'import';
    if (before === 'from' || before === 'import' || isDynamic) imports.push({ specifier: stringValue(token), line: token.line });
  }
  return imports;
}

function walk(directory: string): string[] {
  let entries;
  try {
    entries = readdirSync(root + directory, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) return skippedDirectories.has(entry.name) ? [] : walk(path);
    return entry.isFile() && textEndings.some((ending) => path.endsWith(ending)) ? [path] : [];
  });
}
