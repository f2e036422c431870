/**
 * Thousands of lines of one kind become a few and a count.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@jackdaw/base';
import { LineBursts } from '../../src/runtime/line-bursts.ts';

function fixture(): { bursts: LineBursts; lines: string[]; debug: string[]; clock: ManualClock; fire: () => void } {
  const lines: string[] = [];
  const debug: string[] = [];
  const clock = new ManualClock();
  const due: (() => void)[] = [];
  const add = (_: object, message: string): void => void lines.push(message);
  const logger = { info: add, warn: add, debug: (_: object, message: string): void => void debug.push(message) };
  const timers = {
    setTimer: (_: number, callback: () => void) => {
      due.push(callback);
      return { cancel: () => undefined };
    },
  };
  const fire = (): void => {
    for (const callback of due.splice(0)) callback();
  };
  return { bursts: new LineBursts(logger, { clock, timers }), lines, debug, clock, fire };
}

test('a thousand leaders elected at once are ten lines and one that counts the rest', () => {
  const { bursts, lines, debug, fire } = fixture();
  for (let i = 0; i < 1_000; i++) bursts.tell('info', { partition: i }, 'leader elected');
  fire();
  assert.equal(lines.length, 11);
  assert.equal(debug.length, 990);
  assert.match(lines[10] ?? '', /^leader elected: more of them/);
});

test('kinds are counted apart, and a new second begins anew', () => {
  const { bursts, lines, debug, clock } = fixture();
  for (let i = 0; i < 10; i++) bursts.tell('info', {}, 'leader elected');
  bursts.tell('warn', {}, 'ISR shrunk');
  clock.advance(1_000);
  bursts.tell('info', {}, 'leader elected');
  assert.equal(lines.length, 12);
  assert.equal(debug.length, 0);
});
