/** Fetch sessions: what they remember is bounded, and whoever is refused goes without. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, Prng } from '@jackdaw/base';
import { ErrorCode, zeroUuid, type FetchRequest } from '@jackdaw/protocol';
import { FetchSessions, maxSessionPartitions, type FetchPlan, type FetchPlanResult } from '../../src/fetch/fetch-sessions.ts';

function newSessions(maxSessions = 10): { sessions: FetchSessions; clock: ManualClock } {
  const clock = new ManualClock();
  return { sessions: new FetchSessions({ clock, random: new Prng(1), maxSessions: () => maxSessions }), clock };
}

interface Ask {
  readonly sessionId?: number;
  readonly sessionEpoch?: number;
  /** Number of partitions, from `from` on. */
  readonly count?: number;
  readonly from?: number;
  readonly forget?: readonly number[];
}

function requestOf({ sessionId = 0, sessionEpoch = 0, count = 0, from = 0, forget = [] }: Ask): FetchRequest {
  const partitions = Array.from({ length: count }, (_, i) => ({
    partition: from + i,
    currentLeaderEpoch: -1,
    fetchOffset: 0,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: 1,
    replicaDirectoryId: zeroUuid,
    highWatermark: -1,
  }));
  return {
    clusterId: null,
    replicaId: -1,
    replicaState: { replicaId: -1, replicaEpoch: -1 },
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 1,
    isolationLevel: 0,
    sessionId,
    sessionEpoch,
    topics: count === 0 ? [] : [{ topic: 'a', topicId: zeroUuid, partitions }],
    forgottenTopicsData: forget.length === 0 ? [] : [{ topic: 'a', topicId: zeroUuid, partitions: [...forget] }],
    rackId: '',
  };
}

function planned(result: FetchPlanResult): FetchPlan {
  if ('error' in result) assert.fail(`refused with error ${result.error}`);
  return result;
}

test('F11: the partitions of all sessions together are bounded, and a consumer beyond them goes without a session', () => {
  const { sessions } = newSessions();
  const first = planned(sessions.plan(requestOf({ count: maxSessionPartitions - 1 }), false));
  assert.ok(first.sessionId > 0);
  const second = planned(sessions.plan(requestOf({ count: 2 }), false));
  assert.deepEqual([second.sessionId, second.partitions.length], [0, 2]);
  const third = planned(sessions.plan(requestOf({ count: 1 }), false));
  assert.ok(third.sessionId > 0);
  assert.equal(sessions.partitionCount, maxSessionPartitions);
});

test('F11: sessions that nobody uses any more give way to one with many partitions', () => {
  const { sessions, clock } = newSessions();
  planned(sessions.plan(requestOf({ count: maxSessionPartitions }), false));
  clock.advance(60_000);
  assert.equal(planned(sessions.plan(requestOf({ count: 1 }), false)).sessionId, 0);
  clock.advance(60_000);
  assert.ok(planned(sessions.plan(requestOf({ count: 1 }), false)).sessionId > 0);
  assert.deepEqual([sessions.size, sessions.partitionCount], [1, 1]);
});

test('F11: a session that grows past the bound is dropped, and its client asks anew', () => {
  const { sessions } = newSessions();
  const { sessionId } = planned(sessions.plan(requestOf({ count: 3 }), false));
  planned(sessions.plan(requestOf({ sessionId, sessionEpoch: 1, count: maxSessionPartitions }), false));
  assert.equal(sessions.partitionCount, maxSessionPartitions);
  const beyond = sessions.plan(requestOf({ sessionId, sessionEpoch: 2, count: 1, from: maxSessionPartitions }), false);
  assert.deepEqual(beyond, { error: ErrorCode.FETCH_SESSION_ID_NOT_FOUND });
  assert.deepEqual([sessions.size, sessions.partitionCount], [0, 0]);
});

test('the count of remembered partitions follows sessions that forget, end, are replaced and are evicted', () => {
  const { sessions, clock } = newSessions(2);
  const a = planned(sessions.plan(requestOf({ count: 5 }), false)).sessionId;
  planned(sessions.plan(requestOf({ sessionId: a, sessionEpoch: 1, forget: [0, 1] }), false));
  assert.equal(sessions.partitionCount, 3);
  const b = planned(sessions.plan(requestOf({ sessionId: a, sessionEpoch: 0, count: 4 }), false)).sessionId;
  assert.deepEqual([sessions.size, sessions.partitionCount], [1, 4]);
  planned(sessions.plan(requestOf({ count: 2 }), false));
  clock.advance(200_000);
  planned(sessions.plan(requestOf({ count: 1 }), false));
  assert.deepEqual([sessions.size, sessions.partitionCount], [2, 3]);
  assert.deepEqual(sessions.plan(requestOf({ sessionId: b, sessionEpoch: 1 }), false), {
    error: ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
  });
});
