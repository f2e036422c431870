/**
 * Wiped disks: which promises count, and when a voter is taken in again (statement E9, admission.ts has the argument).
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry, Identities, RaftMessage } from '../src/index.ts';
import { IdentityBook } from '../src/identities.ts';
import { ackOf, logOf, NodeUnderTest, only, voteOf } from './harness.ts';

const known: Identities = new Map([
  [1, 'd1'],
  [2, 'd2'],
  [3, 'd3'],
]);

function identitiesAt(index: number, identities: Identities, term = 1): Entry {
  return { kind: 'identities', term, index, identities };
}

/** A node whose log ends with a committed record of all three voters at index 3. */
function settledNode(): NodeUnderTest {
  const entries = [...logOf([1, 1]), identitiesAt(3, known)];
  return new NodeUnderTest({ entries, hardState: { term: 1, commitIndex: 3 } });
}

test('E9: a vote or a request under another directory than the recorded one does not count', () => {
  const voter = settledNode();
  const request = voteOf(2, 2, { term: 9, index: 9 });
  const reply = only(voter.step({ ...request, directoryId: 'other' }), 'voteReply')[0];
  assert.deepEqual([reply?.isGranted, reply?.isUnknownIdentity], [false, true]);
  assert.equal(voter.node.status().term, 1, 'and does not move the term');

  const candidate = settledNode();
  candidate.node.campaign();
  candidate.drain();
  const grant: RaftMessage = {
    kind: 'preVoteReply',
    from: 2,
    to: 1,
    term: 2,
    directoryId: 'other',
    isGranted: true,
    isUnknownIdentity: false,
  };
  candidate.step(grant);
  assert.equal(candidate.node.status().role, 'preCandidate');
  assert.equal(candidate.node.status().voters[1]?.strangerDirectoryId, 'other');
  candidate.step({ ...grant, directoryId: 'd2' });
  assert.equal(candidate.node.status().role, 'candidate');
  candidate.step({ ...grant, kind: 'voteReply', directoryId: 'other' });
  assert.equal(candidate.node.status().role, 'candidate');
});

test('E9: a wiped voter’s acknowledgements commit nothing, and what was known of its old disk is forgotten', () => {
  const leader = settledNode();
  leader.becomeLeader();
  leader.step(ackOf(2, 2, 3));
  assert.equal(leader.node.status().peers[0]?.matchIndex, 3);
  leader.step({ ...ackOf(2, 2, 4), directoryId: 'new' });
  assert.equal(leader.node.status().commitIndex, 3, 'the leader and a wiped disk hold 4: one of three');
  leader.step({ kind: 'heartbeatReply', from: 2, to: 1, term: 2, directoryId: 'newer', round: 1 });
  assert.equal(leader.node.status().peers[0]?.matchIndex, 0);
});

test('E9: a wiped voter is taken in again only when it has caught up, one at a time, by the known ones', () => {
  const entries = [...logOf([1, 1]), identitiesAt(3, new Map([...known, [4, 'd4'], [5, 'd5']]))];
  const leader = new NodeUnderTest({ voters: [1, 2, 3, 4, 5], entries, hardState: { term: 1, commitIndex: 3 } });
  leader.becomeLeader();
  leader.step({ ...ackOf(4, 2, 3), directoryId: 'x4' }, { ...ackOf(5, 2, 3), directoryId: 'x5' });
  leader.step(ackOf(2, 2, 4));
  assert.equal(leader.node.status().lastIndex, 4, 'no commit in the own term yet');
  leader.step(ackOf(3, 2, 4));
  assert.equal(leader.node.status().commitIndex, 4);
  assert.equal(leader.node.status().lastIndex, 4, 'neither holds entry 4');
  leader.step({ ...ackOf(4, 2, 4), directoryId: 'x4' }, { ...ackOf(5, 2, 4), directoryId: 'x5' });
  assert.equal(leader.node.status().lastIndex, 5, 'one re-admission');
  leader.step({ ...ackOf(4, 2, 5), directoryId: 'x4' }, { ...ackOf(5, 2, 5), directoryId: 'x5' }, ackOf(2, 2, 5));
  assert.equal(leader.node.status().commitIndex, 4, '2 and the leader are two of the five known');
  leader.step(ackOf(3, 2, 5));
  const { commitIndex, lastIndex, voters } = leader.node.status();
  assert.deepEqual([commitIndex, lastIndex], [5, 6], 'committed by the known ones, and the next proposed');
  assert.deepEqual([voters[3]?.directoryId, voters[4]?.directoryId], ['x4', 'd5']);
  // 4 counts now: the leader, 2 and 4 are a majority.
  leader.step(ackOf(2, 2, 6), { ...ackOf(4, 2, 6), directoryId: 'x4' });
  assert.equal(leader.node.status().commitIndex, 6);
});

test('E9: an uncommitted change of identities does not count yet, but one with a successor is known to be committed', () => {
  const book = new IdentityBook({ index: 0, term: 0, identities: new Map() });
  book.append(identitiesAt(2, new Map([[1, 'd1']])));
  assert.deepEqual([...book.inForce(0)], [[1, 'd1']], 'a first record narrows at once');
  book.append(identitiesAt(5, new Map([[1, 'x1']])));
  assert.deepEqual([...book.inForce(2)], [[1, 'd1']]);
  assert.deepEqual([...book.inForce(0)], [[1, 'd1']], 'its successor shows that the first is committed');
  assert.deepEqual([...book.inForce(5)], [[1, 'x1']]);
  book.truncateFrom(4);
  assert.equal(book.latestIndex(), 2);
  book.append(identitiesAt(6, new Map([[1, 'y1']])));
  book.compact(6);
  assert.deepEqual([...book.at(7)], [[1, 'y1']]);
});

test('E9: a voter that finds itself recorded under another directory neither campaigns nor votes, and observes', () => {
  const wiped = new NodeUnderTest({
    directoryId: 'new',
    entries: [...logOf([1, 1]), identitiesAt(3, known)],
    hardState: { term: 1, commitIndex: 3 },
  });
  const sent = wiped.tick(60);
  assert.deepEqual([...new Set(sent.map((message) => message.kind))], ['observe']);
  assert.equal(wiped.node.status().noLeaderReason, 'notReadmitted');
  const reply = only(wiped.step(voteOf(2, 2, { term: 9, index: 9 })), 'voteReply')[0];
  assert.equal(reply?.isGranted, false);
});

test('E9: before a voter without a record founds a cluster with a majority, it waits for the others to answer', () => {
  const fresh = new NodeUnderTest();
  const grant: RaftMessage = {
    kind: 'preVoteReply',
    from: 2,
    to: 1,
    term: 1,
    directoryId: 'd2',
    isGranted: true,
    isUnknownIdentity: false,
  };
  fresh.node.campaign();
  fresh.step(grant);
  assert.equal(fresh.node.status().role, 'preCandidate', '3 might remember a quorum');
  fresh.tick(30);
  fresh.node.campaign();
  fresh.step(grant);
  assert.equal(fresh.node.status().role, 'candidate', 'after three election timeouts a majority is enough');

  const told = new NodeUnderTest();
  told.node.campaign();
  told.step(grant, { ...grant, from: 3, directoryId: 'd3', isGranted: false, isUnknownIdentity: true });
  assert.equal(told.node.status().noLeaderReason, 'notReadmitted');
  assert.deepEqual(only(told.tick(60), 'preVote'), []);
});
