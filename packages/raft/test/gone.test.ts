/**
 * A leader whose process is known to be gone: no need to wait for the election timeout, and no less safety.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendOf, logOf, NodeUnderTest, only, preVoteOf, voteOf } from './harness.ts';

function followerOf2(): NodeUnderTest {
  const follower = new NodeUnderTest({ entries: logOf([1]), hardState: { term: 1 } });
  follower.step(appendOf({ term: 1, prev: { term: 1, index: 1 } }));
  assert.equal(follower.node.status().leaderId, 2);
  return follower;
}

test('a follower whose leader is gone asks for pre-votes within a heartbeat interval', () => {
  const follower = followerOf2();
  follower.node.reportGone(2);
  follower.drain();
  assert.equal(follower.node.status().leaderId, null);
  assert.equal(only(follower.tick(3), 'preVote').length, 2);
});

test('a follower whose leader is gone grants another one a pre-vote at once, and still votes once in a term', () => {
  const follower = followerOf2();
  const last = { term: 1, index: 1 };
  assert.equal(follower.step(preVoteOf(3, 2, last)).length, 0);
  follower.node.reportGone(2);
  assert.equal(only(follower.step(preVoteOf(3, 2, last)), 'preVoteReply')[0]?.isGranted, true);
  assert.equal(only(follower.step(voteOf(3, 2, last)), 'voteReply')[0]?.isGranted, true);
  assert.equal(only(follower.step(voteOf(2, 2, last)), 'voteReply')[0]?.isGranted, false);
});

test('that another node is gone changes nothing', () => {
  const follower = followerOf2();
  follower.node.reportGone(3);
  follower.drain();
  assert.equal(follower.node.status().leaderId, 2);
  assert.equal(only(follower.tick(3), 'preVote').length, 0);
});
