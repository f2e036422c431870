/** Code with probes does what it did without them, and every branch that it takes leaves its mark. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { instrument, marksName } from './instrument.ts';

/** The value of `run()` in the code with probes, and how often each probe was passed. */
function run(code: string): { value: unknown; marks: number[]; text: string } {
  const { code: text, probes } = instrument(code, 0);
  const marks = new Uint8Array(probes);
  const value: unknown = runInNewContext(`${text}\nJSON.stringify(run())`, { [marksName]: marks });
  return { value: JSON.parse(String(value)), marks: [...marks], text };
}

const branches = `
function run() {
  const seen = [];
  for (let i = 0; i < 6; i++) seen.push(kind(i, { even: i % 2 === 0, "a:b": \`\${i > 3 ? 'large' : \`small \${i}\`}\` }));
  return seen;
}
function kind(i, { even, 'a:b': text }) {
  if (i === 0)
    return 'none';
  else if (i === 1) return even ? 'odd?' : i > 5 ? 'never' : 'one';
  if (i === 2 && even) { for (const x of [1]) if (x) i += x; else throw new Error('no'); }
  switch (i) {
    case 3: return text ?? 'null';
    case 4: { return (() => even || 'no')(); }
    default: break;
  }
  do i--; while (i > 4);
  const matched = /[/"']\\/(x|{)/.test('"/{') && i / 2 / 1;
  try { JSON.parse('{'); } catch { return { matched, text, none: null ?? undefined?.x }; }
}
`;

test('code with probes gives the same result, on the same lines', () => {
  const expected: unknown = JSON.parse(String(runInNewContext(`${branches}\nJSON.stringify(run())`)));
  const { value, text } = run(branches);
  assert.deepEqual(value, expected);
  assert.equal(text.split('\n').length, branches.split('\n').length);
});

test('a probe counts how often its branch is taken, the way past an if without else included', () => {
  const { marks } = run('function run() { let n = 0; for (let i = 0; i < 5; i++) if (i > 2) n++; return n; }');
  const [body, loop, taken, passed] = marks;
  assert.deepEqual([body, loop, taken, passed], [1, 5, 2, 3]);
});

test('what cannot be read as code is an error and no guess', () => {
  assert.throws(() => instrument('function f() { return [1; }', 0), SyntaxError);
  assert.throws(() => instrument('const a = `x${', 0), SyntaxError);
});
