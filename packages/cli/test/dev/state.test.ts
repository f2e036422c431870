/** The file that remembers a development cluster, with anything in it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseState } from '../../src/dev/state.ts';
import { CommandError } from '../../src/failure.ts';

const broker = { id: 1, port: 9092, grpcPort: 9192, adminPort: 9644, dataDir: '/d', logFile: '/l', process: null };
const state = {
  version: 1,
  clusterId: 'c',
  sets: ['a=b'],
  brokers: [broker, { ...broker, process: { pid: 7, startedAt: '1' } }],
};

test('a state file is read as it was written', () => {
  assert.deepEqual(parseState(JSON.stringify(state), 'dev.json'), state);
});

test('a state file that is damaged or half written is refused with what to do', () => {
  const whole = JSON.stringify(state);
  const texts = [
    '',
    'null',
    whole.slice(0, -9),
    JSON.stringify({ ...state, sets: undefined }),
    JSON.stringify({ ...state, brokers: [null] }),
    JSON.stringify({ ...state, brokers: [{ ...broker, process: { pid: -1, startedAt: '1' } }] }),
    JSON.stringify({ ...state, brokers: [{ ...broker, port: '9092' }] }),
  ];
  for (const text of texts) {
    assert.throws(
      () => parseState(text, 'dev.json'),
      (error) => error instanceof CommandError && error.code === 'BAD_STATE' && error.hint !== undefined,
    );
  }
});
