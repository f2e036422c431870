/** Where the time of a CPU profile went. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summariseProfile, type CpuProfile } from './profile-summary.ts';

function node(id: number, functionName: string, url = ''): CpuProfile['nodes'][number] {
  return { id, callFrame: { functionName, url, lineNumber: 9 } };
}

const profile: CpuProfile = {
  nodes: [
    node(1, '(idle)'),
    node(2, '(garbage collector)'),
    node(3, 'appendLeader', 'file:///somewhere/packages/log/dist/src/log-append.js'),
    node(4, 'write', 'file:///somewhere/node_modules/@grpc/grpc-js/build/src/call.js'),
    node(5, 'writeBuffer'),
    node(6, 'dispatch'),
  ],
  samples: [1, 2, 3, 3, 4, 5, 6],
  timeDeltas: [5_000_000, 100_000, 300_000, 300_000, 200_000, 100_000, 900_000],
};

test('shares are of the time that was not idle and not the profiler itself', () => {
  const { busySeconds, byPlace, byFunction } = summariseProfile(profile);
  assert.equal(busySeconds, 1);
  assert.deepEqual(byFunction[0], { name: 'appendLeader packages/log/log-append.js:10', share: 0.6 });
  assert.deepEqual(
    byPlace.map(({ name, share }) => [name, share]),
    [
      ['log', 0.6],
      ['@grpc/grpc-js', 0.2],
      ['(garbage collector)', 0.1],
      ['native functions', 0.1],
    ],
  );
});
