/**
 * The house rules as tests (docs/style.md says them in words). One test for each rule; it lists every place that breaks
 * it, with what to write instead. The rules are in tidy/rules.ts and tidy/graph.ts, their numbers and words in
 * tidy/tables.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as graph from './tidy/graph.ts';
import * as rules from './tidy/rules.ts';
import { sourceFiles, textFiles, type Violation } from './tidy/source-tree.ts';
import { emptyNamePattern, limits } from './tidy/tables.ts';

function expectNone(violations: readonly Violation[]): void {
  const lines = violations.map(({ path, line, message }) => `  ${path}:${line}: ${message}`);
  assert.equal(violations.length, 0, `\n${lines.join('\n')}\n`);
}

test('the tree is found', () => {
  assert.ok(sourceFiles.length > 100, `only ${sourceFiles.length} source files under ${graph.treeRoot}`);
  assert.deepEqual(graph.unknownPackages(sourceFiles), [], 'packages that the table of edges does not know');
});

test(`a function has at most ${limits.functionLines} lines`, () => expectNone(sourceFiles.flatMap(rules.longFunctions)));

test(`a function takes at most ${limits.parameters} parameters`, () => expectNone(sourceFiles.flatMap(rules.manyParameters)));

test(`a file has at most ${limits.fileLines} lines`, () => expectNone(sourceFiles.flatMap(rules.longFile)));

test(`a line of code has at most ${limits.columns} columns`, () => {
  expectNone(textFiles.filter(({ path }) => /\.(ts|mjs|js|proto|sh|py|c)$/.test(path)).flatMap(rules.longLines));
});

test('a file begins with what it is for', () => expectNone(sourceFiles.flatMap(rules.missingHeader)));

test('a file is named after what it holds', () => {
  const empty = textFiles.filter(({ path }) => emptyNamePattern.test(path));
  expectNone(empty.map(({ path }) => ({ path, line: 1, message: 'say what is in it' })));
});

test('calls that the architecture forbids are not made', () => expectNone(sourceFiles.flatMap(rules.bannedCode)));

test('only errors inherit', () => expectNone(sourceFiles.flatMap(rules.inheritance)));

test('relative imports end in .ts', () => expectNone(sourceFiles.flatMap(rules.importEndings)));

test('packages import along the edges of the architecture', () => expectNone(sourceFiles.flatMap(graph.forbiddenEdges)));

test('a package.json declares what its package uses, exactly and nothing else', () => {
  expectNone(graph.manifestFaults(sourceFiles, textFiles));
});

test('no file is dead', () => expectNone(graph.deadFiles(sourceFiles, textFiles)));

test('no test is left to run alone or to be written', () => expectNone(sourceFiles.flatMap(rules.lonelyTests)));

test('nothing is left for later without an issue', () => expectNone(textFiles.flatMap(rules.unfinished)));

test('no check is switched off', () => expectNone(textFiles.flatMap(rules.switchedOff)));

test('no path of one machine is written down', () => expectNone(textFiles.flatMap(rules.machinePaths)));
