/**
 * Every input that the fuzzer ever found to break something, and a first look at the corpus of each target: quick, in
 * every test run. The search itself is a program: `npm run fuzz` (docs/internals/fuzzing.md).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '@jackdaw/base';
import { loadCorpus } from './engine/corpus.ts';
import { loadRegressions } from './regressions.ts';
import { targets } from './targets/table.ts';

for (const { file, target: name, broke, input } of loadRegressions()) {
  test(`F5: ${file} is no finding any more (${broke})`, async () => {
    const target = targets.find((candidate) => candidate.name === name);
    assert.ok(target !== undefined, `no target ${name}`);
    const given = Buffer.from(input);
    const outcome = await target.run(given);
    if (outcome === 'refused') assert.deepEqual(given, Buffer.from(input), 'what is refused is not changed');
  });
}

for (const target of targets) {
  test(`F5: ${target.name} bears its seeds and its corpus`, async () => {
    let accepted = 0;
    for (const input of target.seeds(new Prng(1))) if ((await target.run(Buffer.from(input))) === 'accepted') accepted++;
    assert.ok(accepted > 0, 'some seeds are valid');
    for (const input of loadCorpus(target.name)) await target.run(Buffer.from(input));
  });
}
