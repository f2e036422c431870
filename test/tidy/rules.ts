/**
 * Rules about one file at a time. Each takes a file and returns what is wrong with it; tidy.test.ts runs them all.
 */
import type { SourceFile, TextFile, Violation } from './source-tree.ts';
import { violationsOf } from './source-tree.ts';
import {
  bannedEverywhere,
  bannedInLibraries,
  bannedInPure,
  commandPackages,
  limits,
  machinePathPattern,
  parameterExceptions,
  parentPattern,
  purePackages,
  switchedOffPattern,
  unfinishedPattern,
} from './tables.ts';

/** Callbacks that only hold other functions: they are as long as what they hold. */
const holders: ReadonlySet<string> = new Set(['describe', 'suite']);

export function longFunctions(file: SourceFile): Violation[] {
  return file.functions
    .filter(({ lines, argumentOf }) => lines > limits.functionLines && !holders.has(argumentOf))
    .map(({ name, line, lines }) => fault(file, line, `${name} has ${lines} lines, more than ${limits.functionLines}: split it`));
}

export function manyParameters(file: SourceFile): Violation[] {
  return file.functions
    .filter(({ parameters, isCallback }) => parameters > limits.parameters && !isCallback)
    .filter(({ name }) => !parameterExceptions.has(`${file.path} ${name}`))
    .map(({ name, line, parameters }) =>
      fault(file, line, `${name} takes ${parameters} parameters, more than ${limits.parameters}: take an options object`),
    );
}

export function longFile(file: SourceFile): Violation[] {
  const lines = file.text.split('\n').length - 1;
  return lines > limits.fileLines ? [fault(file, lines, `${lines} lines, more than ${limits.fileLines}: split it`)] : [];
}

export function longLines(file: TextFile): Violation[] {
  return eachLine(file, (line) => {
    const { length } = line;
    return length > limits.columns ? `${length} columns, more than ${limits.columns}` : null;
  });
}

/** A file says at its top what it is for. */
export function missingHeader(file: SourceFile): Violation[] {
  const first = file.tokens[0];
  if (first === undefined) return [fault(file, 1, 'an empty file: remove it')];
  if (first.kind !== 'comment') return [fault(file, 1, 'no header comment: what is this file, why, where in the flow?')];
  const lines = first.endLine - first.line + 1;
  return lines > limits.headerLines ? [fault(file, 1, `a header of ${lines} lines, more than ${limits.headerLines}`)] : [];
}

export function bannedCode(file: SourceFile): Violation[] {
  const isSource = file.part === 'src';
  const banned = [
    ...bannedEverywhere,
    ...(isSource && purePackages.has(file.package) ? bannedInPure : []),
    ...(isSource && !commandPackages.has(file.package) ? bannedInLibraries : []),
  ];
  const sequences = banned.map(([text, instead]) => ({ words: text.split(' '), instead }));
  return violationsOf(file, (_token, index) => {
    const found = sequences.find(({ words }) => words.every((word, offset) => file.code[index + offset]?.text === word));
    if (found === undefined || isMember(file, index, found.words)) return null;
    return `${found.words.join(' ')}: write ${found.instead}`;
  });
}

/** `this.process.x` or `{ process: … }` is a name of our own, not the global one. */
function isMember(file: SourceFile, index: number, words: readonly string[]): boolean {
  return words[0] !== '.' && ['.', '?.'].includes(file.code[index - 1]?.text ?? '');
}

/** Composition, not inheritance; errors are the exception. */
export function inheritance(file: SourceFile): Violation[] {
  return violationsOf(file, (token, index) => {
    if (token.text !== 'extends' || file.code[index - 2]?.text !== 'class') return null;
    const parent = file.code[index + 1]?.text ?? '';
    return parentPattern.test(parent) ? null : `a class that extends ${parent}: hold one instead; only errors have parents`;
  });
}

/** Relative imports name the file that is there. */
export function importEndings(file: SourceFile): Violation[] {
  return file.imports
    .filter(({ specifier }) => specifier.startsWith('.') && !specifier.endsWith('.ts'))
    .map(({ specifier, line }) => fault(file, line, `${specifier}: a relative import ends in .ts`));
}

/** A test that is left out says so at run time and loudly; one that runs alone hides the others. */
export function lonelyTests(file: SourceFile): Violation[] {
  return violationsOf(file, (token, index) => {
    const isTest = ['test', 'it', 'suite', 'describe'].includes(token.text) && file.code[index + 1]?.text === '.';
    const word = file.code[index + 2]?.text ?? '';
    return isTest && ['only', 'todo'].includes(word) ? `${token.text}.${word}: run it, or remove it` : null;
  });
}

export function unfinished(file: TextFile): Violation[] {
  return eachLine(file, (line) => {
    const word = unfinishedPattern.exec(line)?.[0];
    return word === undefined ? null : `${word}: do it, or write the number of an issue`;
  });
}

export function switchedOff(file: TextFile): Violation[] {
  return eachLine(file, (line) => {
    const directive = switchedOffPattern.exec(line)?.[0];
    return directive === undefined ? null : `${directive}: mend what it complains about`;
  });
}

export function machinePaths(file: TextFile): Violation[] {
  return eachLine(file, (line) => {
    const place = machinePathPattern.exec(line)?.[0];
    return place === undefined ? null : `${place} exists on one machine only`;
  });
}

function eachLine(file: TextFile, faultOf: (line: string) => string | null): Violation[] {
  return file.text.split('\n').flatMap((line, index) => {
    const message = faultOf(line);
    return message === null ? [] : [fault(file, index + 1, message)];
  });
}

function fault({ path }: TextFile, line: number, message: string): Violation {
  return { path, line, message };
}
