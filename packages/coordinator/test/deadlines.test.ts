/**
 * The timer heap, and the clock that leaves stalls out.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deadlines } from '../src/deadlines.ts';

function at(deadlines: Deadlines, nowMs: number): void {
  deadlines.advanceTo(nowMs);
  deadlines.runDue();
}

test('deadlines fire in the order of time, once, and not when cancelled or moved', () => {
  const deadlines = new Deadlines();
  deadlines.advanceTo(0);
  const fired: string[] = [];
  const [a, b, c] = ['a', 'b', 'c'].map((name) => deadlines.create(() => fired.push(name)));
  c?.arm(300);
  a?.arm(100);
  b?.arm(200);
  b?.cancel();
  a?.arm(350);
  at(deadlines, 340);
  assert.deepEqual(fired, ['c']);
  at(deadlines, 360);
  a?.arm(10);
  a?.arm(5);
  at(deadlines, 366);
  at(deadlines, 400);
  assert.deepEqual(fired, ['c', 'a', 'a']);
});

test('the next call is due at the first deadline, and at the latest after the tick interval', () => {
  const deadlines = new Deadlines();
  deadlines.advanceTo(1_000);
  assert.equal(deadlines.nextMonotonicMs(), 1_500);
  deadlines.create(() => {}).arm(100);
  assert.equal(deadlines.nextMonotonicMs(), 1_100);
});

test('D7: time that the broker was away for does not count', () => {
  const deadlines = new Deadlines();
  deadlines.advanceTo(0);
  let fired = 0;
  deadlines.create(() => fired++).arm(1_000);
  assert.equal(deadlines.advanceTo(5_000), 4_500);
  deadlines.runDue();
  assert.equal(fired, 0);
  assert.equal(deadlines.nextMonotonicMs(), 5_500);
  at(deadlines, 5_400);
  assert.equal(fired, 0);
  at(deadlines, 5_500);
  assert.equal(fired, 1);
});

test('the heap does as a list would, whatever is armed, moved and cancelled', () => {
  const change = fc.record({ index: fc.nat(19), delayMs: fc.nat(1_000), isCancel: fc.boolean(), passMs: fc.nat(400) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const deadlines = new Deadlines();
      let nowMs = 0;
      at(deadlines, nowMs);
      const expected = new Map<number, number>();
      const all = Array.from({ length: 20 }, (_, index) =>
        deadlines.create(() => {
          assert((expected.get(index) ?? Number.POSITIVE_INFINITY) <= nowMs);
          expected.delete(index);
        }),
      );
      for (const { index, delayMs, isCancel, passMs } of changes) {
        if (isCancel) {
          all[index]?.cancel();
          expected.delete(index);
        } else {
          all[index]?.arm(delayMs);
          expected.set(index, nowMs + delayMs);
        }
        nowMs += passMs;
        at(deadlines, nowMs);
        for (const dueMs of expected.values()) assert(dueMs > nowMs);
      }
    }),
    { numRuns: 200 },
  );
});
