/** The log: JSON lines, readable lines, and nothing that a client could smuggle into either. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientText, createLogger, maxLoggedLength } from '../../src/observability/logger.ts';

function capture(): { lines: string[]; destination: { write(line: string): void } } {
  const lines: string[] = [];
  return { lines, destination: { write: (line) => void lines.push(line) } };
}

test('a JSON line has its level by name, the node, the time and the fields of its child', () => {
  const { lines, destination } = capture();
  const log = createLogger({ nodeId: 7, level: 'info', format: 'json', destination });
  log.child({ component: 'raft' }).warn({ term: 3 }, 'no leader');
  log.debug('not written');
  assert.equal(lines.length, 1);
  const record = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.equal(record['level'], 'warn');
  assert.equal(record['nodeId'], 7);
  assert.equal(record['component'], 'raft');
  assert.equal(record['term'], 3);
  assert.equal(record['msg'], 'no leader');
  assert.match(String(record['time']), /^\d{4}-\d\d-\d\dT/);
});

test('control characters of a client are escaped in both forms, and long texts are cut', () => {
  for (const format of ['json', 'pretty'] as const) {
    const { lines, destination } = capture();
    const log = createLogger({ nodeId: 1, level: 'info', format, destination, isTerminal: false });
    log.info({ clientId: `evil\n\u001b[2J\u0007\u009b${'x'.repeat(1_000_000)}` }, 'connected');
    const text = lines.join('');
    assert.equal(lines.length, 1, format);
    assert.ok(!/\p{Cc}/u.test(text.replaceAll('\n', '')), format);
    assert.equal(text.trimEnd().split('\n').length, 1, format);
    assert.ok(text.length < maxLoggedLength + 300, format);
  }
});

test('secrets do not reach a line', () => {
  const { lines, destination } = capture();
  const log = createLogger({ nodeId: 1, level: 'info', format: 'json', destination });
  log.info({ password: 'hunter2', user: { token: 'hunter2', name: 'me' } }, 'login');
  assert.ok(!lines.join('').includes('hunter2'));
  assert.ok(lines.join('').includes('me'));
});

test('an error is written with its cause', () => {
  const { lines, destination } = capture();
  const log = createLogger({ nodeId: 1, level: 'info', format: 'json', destination });
  log.error({ err: new Error('append failed', { cause: new Error('ENOSPC') }) }, 'log directory is offline');
  const { err } = JSON.parse(lines[0] ?? '') as { err: Record<string, unknown> };
  assert.equal(err['message'], 'append failed');
  assert.equal(err['cause'], 'Error: ENOSPC');
  assert.match(String(err['stack']), /logger\.test/);
});

test('several brokers of one process log apart from each other', () => {
  const first = capture();
  const second = capture();
  createLogger({ nodeId: 1, level: 'info', format: 'json', destination: first.destination }).info('a');
  createLogger({ nodeId: 2, level: 'silent', format: 'json', destination: second.destination }).info('b');
  assert.equal(first.lines.length, 1);
  assert.equal(second.lines.length, 0);
});

test('the text of a client is cut at its limit', () => {
  assert.equal(clientText('a\u0000b'), 'a\\x00b');
  assert.equal(clientText('y'.repeat(300)).length, maxLoggedLength + 1);
});
