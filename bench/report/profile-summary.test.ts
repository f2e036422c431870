/** Where the time of CPU profiles went, and what heap profiles have seen allocated. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summariseCpu, summariseHeap, type CpuProfile, type HeapProfile } from './profile-summary.ts';

const places = {
  log: { functionName: 'appendLeader', url: 'file:///somewhere/packages/log/dist/src/log-append.js', lineNumber: 9 },
  grpc: { functionName: 'write', url: 'file:///somewhere/node_modules/@grpc/grpc-js/build/src/call.js', lineNumber: 1 },
  native: { functionName: 'writeBuffer', url: '', lineNumber: -1 },
};
const v8 = (functionName: string): CpuProfile['nodes'][number]['callFrame'] => ({ functionName, url: '', lineNumber: -1 });

const profile: CpuProfile = {
  nodes: [v8('(idle)'), v8('(garbage collector)'), places.log, places.grpc, places.native, v8('dispatch')].map(
    (callFrame, i) => ({ id: i + 1, callFrame }),
  ),
  samples: [1, 2, 3, 3, 4, 5, 6],
  timeDeltas: [5_000_000, 100_000, 300_000, 300_000, 200_000, 100_000, 900_000],
};

test('shares of time are of what was not idle and not the profiler itself', () => {
  const { total, byPlace, byFunction } = summariseCpu([profile]);
  assert.equal(total, 1_000_000);
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

test('the profiles of all nodes are summed up', () => {
  assert.equal(summariseCpu([profile, profile]).total, 2_000_000);
  assert.deepEqual(summariseCpu([profile, profile]).byPlace, summariseCpu([profile]).byPlace);
});

test('what was allocated is told by the function that did it', () => {
  const heap: HeapProfile = {
    head: {
      ...{ callFrame: v8('(root)'), selfSize: 0 },
      children: [
        {
          ...{ callFrame: places.grpc, selfSize: 100 },
          children: [{ callFrame: places.log, selfSize: 300, children: [] }],
        },
      ],
    },
  };
  const { total, byPlace } = summariseHeap([heap]);
  assert.equal(total, 400);
  assert.deepEqual(byPlace[0], { name: 'log', share: 0.75 });
});

test('no profile is a summary of nothing', () => {
  assert.deepEqual(summariseCpu([]), { total: 0, byPlace: [], byFunction: [] });
});
