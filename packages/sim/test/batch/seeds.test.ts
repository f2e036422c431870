/**
 * A few whole runs: a seed does the same twice, and checks hold. Thousands are run by `npm run sim`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInTurn } from '../../src/batch/in-turn.ts';
import { drawPlan } from '../../src/cluster/draw-plan.ts';

test('one seed is one run: the second time everything happens again, whatever ran between', async () => {
  const lines: string[] = [];
  const first = await runInTurn(drawPlan(42), { story: (line) => lines.push(line) });
  await runInTurn(drawPlan(7));
  const second = await runInTurn(drawPlan(42));
  assert.equal(second.hash, first.hash);
  assert.equal(second.events, first.events);
  assert.deepEqual([...second.sometimes], [...first.sometimes]);
  assert.ok(lines.length > 100, 'a story is told');
});

test('another seed is another run', async () => {
  const [one, other] = [await runInTurn(drawPlan(1)), await runInTurn(drawPlan(2))];
  assert.notEqual(one.hash, other.hash);
});

test('every check holds in the first seeds', async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const { failure } = await runInTurn(drawPlan(seed));
    assert.equal(failure, null, `seed ${seed}: ${failure?.check ?? ''}: ${failure?.detail ?? ''}`);
  }
});
