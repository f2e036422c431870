/**
 * Tests of the style tests' own tokenizer and of what it finds functions in: a rule that sees nothing passes for ever.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as graph from './graph.ts';
import * as rules from './rules.ts';
import { sourceFileOf, type SourceFile } from './source-tree.ts';
import { tokenize } from './tokens.ts';

function file(text: string, path = 'packages/raft/src/sample.ts'): SourceFile {
  return sourceFileOf({ path, text });
}

function shapes(text: string): [string, number, number][] {
  return file(text).functions.map(({ name, parameters, lines }) => [name, parameters, lines]);
}

test('the tokenizer keeps strings, templates, comments and regular expressions apart', () => {
  const kinds = tokenize("const a = 'b // c'; // d\nx = `e ${f(`g ${h}`)} i`; y = /[/'`]/g.test(z) / 2;").map(
    ({ kind, text }) => `${kind} ${text}`,
  );
  assert.ok(kinds.includes("string 'b // c'"));
  assert.ok(kinds.includes('comment // d'));
  assert.ok(kinds.includes('template e '));
  assert.ok(kinds.includes('template g '));
  assert.ok(kinds.includes('word h'));
  assert.ok(kinds.includes("regex /[/'`]/g"));
  assert.equal(kinds.filter((kind) => kind === 'punctuator /').length, 1);
});

test('lines are counted through comments, templates and strings that go on', () => {
  const tokens = tokenize('/* a\nb */ c\n`d\n${e}`\nf');
  assert.deepEqual(
    tokens.filter(({ kind }) => kind === 'word').map(({ text, line }) => [text, line]),
    [
      ['c', 2],
      ['e', 4],
      ['f', 5],
    ],
  );
});

test('functions of every form are found, and function types, with their parameters and lines', () => {
  const generic = 'function a<T>(b: Map<string, T>, { c, d }: E = {}): Map<string, { f: T }> {\n  return b;\n}';
  assert.deepEqual(shapes(generic), [['a', 1, 3]]);
  const method = 'class A {\n  #b(c: (d: D, e: E) => F, g = [1, 2]): void {\n    if (c) return;\n  }\n}';
  assert.deepEqual(shapes(method), [
    ['(anonymous)', 2, 0],
    ['#b', 2, 3],
  ]);
  assert.deepEqual(shapes('const a = async (b: B, c, d, e,) => {\n};'), [['(anonymous)', 4, 2]]);
  assert.deepEqual(shapes('const a = (b: B): b is C => b.c(1, 2, 3, 4);'), [['(anonymous)', 1, 0]]);
});

test('calls, conditions and cases are no functions', () => {
  assert.deepEqual(shapes('if (a(b, c, d, e)) { f(g); } for (const h of i(j)) { k(); } switch (l) { case m(n): { o(); } }'), []);
  assert.deepEqual(shapes('const a = b ? c(1, 2, 3, 4) : { d: 1 }; const e = { f: g(1) };'), []);
});

test('the rules see what they forbid', () => {
  const long = `function a() {\n${'  b();\n'.repeat(70)}}\n`;
  assert.equal(rules.longFunctions(file(long)).length, 1);
  assert.equal(rules.manyParameters(file('function a(b, c, d, e) {}')).length, 1);
  assert.equal(rules.manyParameters(file('function a(b, c, d, options = {}) {}')).length, 0);
  assert.equal(rules.manyParameters(file('a((b, c, d, e) => f);')).length, 0);
  assert.equal(rules.manyParameters(file('const a = (b, c, d, e) => f;')).length, 1);
  assert.equal(rules.longFile(file('a;\n'.repeat(601))).length, 1);
  assert.equal(rules.longLines(file('a'.repeat(131))).length, 1);
  assert.equal(rules.missingHeader(file('export {};')).length, 1);
  assert.equal(rules.bannedCode(file('const a = Date.now();')).length, 1);
  assert.equal(rules.bannedCode(file('const a = Date.now();', 'packages/log/src/sample.ts')).length, 0);
  assert.equal(rules.bannedCode(file("const a = 'Date.now()'; // Date.now()")).length, 0);
  assert.equal(rules.inheritance(file('class A extends B {} class C extends RangeError {}')).length, 1);
  assert.equal(rules.importEndings(file("import { a } from './a.js';")).length, 1);
  assert.equal(rules.lonelyTests(file("test.only('a', () => {});")).length, 1);
  assert.equal(rules.unfinished(file(`// ${'TO' + 'DO'}: later`)).length, 1);
  assert.equal(rules.machinePaths(file(`const a = '${'/ro' + 'ot/'}a';`)).length, 1);
});

test('edges that the architecture does not have are seen', () => {
  const importing = (name: string, path: string): SourceFile => file(`import { a } from '${name}';`, path);
  assert.equal(graph.forbiddenEdges(importing('@jackdaw/protocol', 'packages/raft/src/a.ts')).length, 1);
  assert.equal(graph.forbiddenEdges(importing('@jackdaw/base', 'packages/raft/src/a.ts')).length, 0);
  assert.equal(graph.forbiddenEdges(importing('node:fs', 'packages/raft/src/a.ts')).length, 1);
  assert.equal(graph.forbiddenEdges(importing('node:fs', 'packages/log/src/a.ts')).length, 0);
  assert.equal(graph.forbiddenEdges(importing('pino', 'packages/cli/src/a.ts')).length, 1);
  assert.equal(graph.forbiddenEdges(importing('../../base/src/a.ts', 'packages/raft/src/a.ts')).length, 1);
});

test('files that only a test reaches are dead', () => {
  const tree = [
    file("import './b.ts';", 'packages/raft/src/index.ts'),
    file('', 'packages/raft/src/b.ts'),
    file('', 'packages/raft/src/c.ts'),
    file("import '../src/c.ts'; import './d.ts';", 'packages/raft/test/c.test.ts'),
    file('', 'packages/raft/test/d.ts'),
  ];
  assert.deepEqual(
    graph.deadFiles(tree, []).map(({ path }) => path),
    ['packages/raft/src/c.ts'],
  );
});
