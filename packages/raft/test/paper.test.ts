/**
 * The rules of the Raft paper and thesis, one test each, with the section that states the rule.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ackOf, appendOf, entryOf, logOf, NodeUnderTest, only, preVoteOf, voteOf } from './harness.ts';

test('§5.1: a message of an older term is refused, one of a newer term makes a follower of anybody', () => {
  const leader = new NodeUnderTest();
  leader.becomeLeader();
  const stale = leader.step(appendOf({ term: 0, prev: { term: 0, index: 0 } }));
  assert.deepEqual(
    stale.map((message) => [message.kind, 'term' in message && message.term]),
    [['heartbeatReply', 1]],
  );
  leader.step(appendOf({ term: 5, prev: { term: 0, index: 0 } }));
  const { role, term, leaderId } = leader.node.status();
  assert.deepEqual({ role, term, leaderId }, { role: 'follower', term: 5, leaderId: 2 });
});

test('§5.2: a follower that hears nobody campaigns within two election timeouts, at times that differ by node', () => {
  const at = new Set<number>();
  for (let id = 1; id <= 3; id++) {
    const follower = new NodeUnderTest({ hardState: { term: 1 } });
    for (let i = 0; i < id * 7; i++) follower.node.campaign();
    follower.drain();
    let ticks = 0;
    while (only(follower.tick(1), 'preVote').length === 0) ticks += 1;
    assert.ok(ticks >= 9 && ticks < 20, `${ticks}`);
    at.add(ticks);
  }
  assert.ok(at.size > 1);
});

test('§5.2: a vote is given once in a term, the same one again on a repeated request, and survives a restart', () => {
  const voter = new NodeUnderTest({ entries: logOf([1]) });
  const last = { term: 1, index: 1 };
  assert.equal(only(voter.step(voteOf(2, 2, last)), 'voteReply')[0]?.isGranted, true);
  assert.equal(only(voter.step(voteOf(3, 2, last)), 'voteReply')[0]?.isGranted, false);
  assert.equal(only(voter.step(voteOf(2, 2, last)), 'voteReply')[0]?.isGranted, true);
  const restarted = new NodeUnderTest({ entries: logOf([1]), hardState: voter.storage.initialState() });
  assert.equal(only(restarted.step(voteOf(3, 2, last)), 'voteReply')[0]?.isGranted, false);
});

test('E4: a vote goes to a candidate whose (last term, last index) is at least the own one, equal included (§5.4.1)', () => {
  const cases: { own: number[]; last: [number, number]; isGranted: boolean }[] = [
    { own: [], last: [0, 0], isGranted: true },
    { own: [1, 2], last: [2, 2], isGranted: true },
    { own: [1, 2], last: [2, 3], isGranted: true },
    { own: [1, 2], last: [3, 1], isGranted: true },
    { own: [1, 2], last: [2, 1], isGranted: false },
    { own: [1, 2], last: [1, 9], isGranted: false },
    { own: [2], last: [1, 5], isGranted: false },
  ];
  for (const { own, last, isGranted } of cases) {
    const voter = new NodeUnderTest({ entries: logOf(own) });
    const replies = voter.step(voteOf(2, 9, { term: last[0], index: last[1] }));
    assert.equal(only(replies, 'voteReply')[0]?.isGranted, isGranted, `${own.join()} against ${last.join()}`);
    const asked = new NodeUnderTest({ entries: logOf(own) });
    const request = preVoteOf(2, 9, { term: last[0], index: last[1] });
    const reply = only(asked.step(request), 'preVoteReply')[0];
    assert.equal(reply?.isGranted, isGranted, `pre-vote, ${own.join()} against ${last.join()}`);
  }
});

test('§5.3: a follower with a divergent tail drops it at the first conflict and keeps what agrees', () => {
  const follower = new NodeUnderTest({ entries: logOf([1, 1, 2, 2]), hardState: { commitIndex: 1 } });
  const entries = [entryOf(1, 2), entryOf(3, 3)];
  const replies = follower.step(appendOf({ term: 3, prev: { term: 1, index: 1 }, entries, commitIndex: 1 }));
  assert.equal(only(replies, 'appendReply')[0]?.matchIndex, 3);
  assert.deepEqual(
    [1, 2, 3, 4].map((index) => follower.storage.term(index)),
    [1, 1, 3, null],
  );
});

test('§5.3: a late append with fewer entries removes nothing, and commits no further than it reaches', () => {
  const follower = new NodeUnderTest({ entries: logOf([1, 1, 1, 1]) });
  follower.step(appendOf({ term: 1, prev: { term: 1, index: 1 }, entries: [entryOf(1, 2)], commitIndex: 4 }));
  assert.equal(follower.storage.lastIndex(), 4);
  assert.equal(follower.node.status().commitIndex, 2, 'the entries after the second may be another leader’s');
});

test('§5.3: a heartbeat commits only an entry that is here in the very term', () => {
  const follower = new NodeUnderTest({ entries: logOf([1, 1, 2]) });
  const heartbeat = { kind: 'heartbeat' as const, from: 2, to: 1, term: 4, round: 1 };
  follower.step({ ...heartbeat, commitIndex: 3, commitTerm: 3 });
  assert.equal(follower.node.status().commitIndex, 0);
  follower.step({ ...heartbeat, commitIndex: 9, commitTerm: 4 });
  assert.equal(follower.node.status().commitIndex, 0);
  follower.step({ ...heartbeat, commitIndex: 2, commitTerm: 1 });
  assert.equal(follower.node.status().commitIndex, 2);
});

test('E3: an older term’s entry on a majority is not committed by counting, only under one of its own (§5.4.2, fig. 8)', () => {
  const leader = new NodeUnderTest({ voters: [1, 2, 3, 4, 5], entries: logOf([1, 2]), hardState: { term: 3, commitIndex: 1 } });
  const opened = leader.becomeLeader([2, 3, 4, 5]);
  const appended = only(opened, 'append')[0]?.entries.map((entry) => [entry.kind, entry.term, entry.index]);
  assert.deepEqual(appended, [['noop', 4, 3]], 'the first entry of a leader is a no-op of its term');
  leader.step(ackOf(2, 4, 2), ackOf(3, 4, 2), ackOf(4, 4, 2));
  assert.equal(leader.node.status().commitIndex, 1, 'four of five hold entry 2 of term 2');
  leader.step(ackOf(2, 4, 3), ackOf(3, 4, 3));
  assert.equal(leader.node.status().commitIndex, 3);
});

test('E3: membership entries too are appended only after a commit in the own term', () => {
  const leader = new NodeUnderTest();
  leader.becomeLeader();
  assert.equal(leader.node.status().lastIndex, 1, 'only the no-op');
  leader.step(ackOf(2, 1, 1));
  assert.equal(leader.node.status().lastIndex, 2, 'now the identities');
});

test('E5: a candidate whose pre-vote a majority refuses keeps its term (thesis §9.6)', () => {
  const node = new NodeUnderTest({ hardState: { term: 4 } });
  node.tick(25);
  const refusal = { kind: 'preVoteReply' as const, to: 1, term: 4, isGranted: false, isUnknownIdentity: false };
  node.step({ ...refusal, from: 2, directoryId: 'd2' }, { ...refusal, from: 3, directoryId: 'd3' });
  const { role, term } = node.node.status();
  assert.deepEqual({ role, term }, { role: 'follower', term: 4 });
});

test('E5: a pre-vote for a term that is not above the own one is refused with the own term, so that the asker catches up', () => {
  const voter = new NodeUnderTest({ hardState: { term: 5 } });
  const reply = only(voter.step(preVoteOf(3, 5, { term: 9, index: 9 })), 'preVoteReply')[0];
  assert.deepEqual([reply?.isGranted, reply?.term], [false, 5]);
  const asker = new NodeUnderTest({ hardState: { term: 4 } });
  asker.node.campaign();
  asker.step({ kind: 'preVoteReply', from: 2, to: 1, term: 5, directoryId: 'd2', isGranted: false, isUnknownIdentity: false });
  assert.equal(asker.node.status().term, 5);
});

test('E5, E10: a pre-vote that was granted for an earlier term is not counted in this one', () => {
  const asker = new NodeUnderTest({ hardState: { term: 4 } });
  asker.node.campaign();
  const granted = { kind: 'preVoteReply' as const, to: 1, isGranted: true, isUnknownIdentity: false };
  asker.step({ ...granted, from: 2, directoryId: 'd2', term: 4 }, { ...granted, from: 3, directoryId: 'd3', term: 4 });
  assert.equal(asker.node.status().role, 'preCandidate');
  asker.step({ ...granted, from: 2, directoryId: 'd2', term: 5 });
  assert.deepEqual([asker.node.status().role, asker.node.status().term], ['candidate', 5]);
});

test('only voters are believed in an election, whoever writes', () => {
  const node = new NodeUnderTest();
  node.node.campaign();
  for (let from = 10; from < 20; from++) {
    const grant = { kind: 'preVoteReply' as const, to: 1, term: 1, isGranted: true, isUnknownIdentity: false };
    node.step({ ...grant, from, directoryId: `d${from}` });
  }
  assert.equal(node.node.status().role, 'preCandidate');
  node.step(appendOf({ term: 9, prev: { term: 0, index: 0 }, from: 10 }));
  assert.equal(node.node.status().term, 0);
});

test('a malformed append and a boastful acknowledgement are ignored', () => {
  const follower = new NodeUnderTest({ entries: logOf([1]) });
  const prev = { term: 1, index: 1 };
  const malformed = [[entryOf(1, 3)], [entryOf(1, 2), entryOf(1, 4)], [entryOf(1, 2), entryOf(0, 3)], [entryOf(9, 2)]];
  for (const entries of malformed) assert.deepEqual(follower.step(appendOf({ term: 2, prev, entries })), []);
  assert.equal(follower.node.status().lastIndex, 1);
  const leader = new NodeUnderTest();
  leader.becomeLeader();
  leader.step(ackOf(2, 1, 1000), ackOf(3, 1, 1000));
  assert.equal(leader.node.status().commitIndex, 0);
});

test('E5: while its leader is fresh a voter answers neither vote nor pre-vote, whatever their term', () => {
  const voter = new NodeUnderTest({ hardState: { term: 1 } });
  voter.step(appendOf({ term: 1, prev: { term: 0, index: 0 } }));
  const last = { term: 9, index: 9 };
  const preVote = preVoteOf(3, 2, last);
  assert.deepEqual(voter.tick(9), []);
  assert.deepEqual(voter.step(preVote, voteOf(3, 2, last)), []);
  assert.equal(voter.node.status().term, 1);
  voter.tick(1);
  assert.equal(only(voter.step(preVote), 'preVoteReply')[0]?.isGranted, true);
});

test('E5: a leader that hears no majority steps down within one election timeout, its reads lost', () => {
  const leader = new NodeUnderTest();
  leader.becomeLeader();
  leader.step(ackOf(2, 1, 1));
  leader.node.requestRead(1);
  leader.tick(5);
  leader.step(ackOf(2, 1, 1));
  leader.tick(9);
  assert.equal(leader.node.status().role, 'leader', 'one of two others was heard nine ticks ago');
  leader.node.tick();
  assert.equal(leader.node.status().role, 'follower');
  assert.deepEqual(leader.node.ready().reads, [{ readId: 1, index: null }]);
});

test('E5: a node that is stuck in a higher term shows it to the leader, and so can follow again', () => {
  const stuck = new NodeUnderTest({ hardState: { term: 7 } });
  const replies = stuck.step(appendOf({ term: 3, prev: { term: 0, index: 0 } }));
  assert.equal(only(replies, 'heartbeatReply')[0]?.term, 7);
  const leader = new NodeUnderTest({ hardState: { term: 2 } });
  leader.becomeLeader();
  leader.step({ kind: 'heartbeatReply', from: 3, to: 1, term: 7, directoryId: 'd3', round: 0 });
  const { role, term } = leader.node.status();
  assert.deepEqual({ role, term }, { role: 'follower', term: 7 });
});

test('E6: a read is answered only after a majority has confirmed a heartbeat sent after it was asked (thesis §6.4)', () => {
  const leader = new NodeUnderTest();
  leader.becomeLeader();
  leader.step(ackOf(2, 1, 1));
  leader.tick(2);
  const before = leader.node.requestRead(5);
  assert.deepEqual(before, { kind: 'accepted' });
  const round = only(leader.drain(), 'heartbeat')[0]?.round ?? 0;
  const reply = { kind: 'heartbeatReply' as const, from: 2, to: 1, term: 1, directoryId: 'd2' };
  leader.node.step({ ...reply, round: round - 1 });
  assert.equal(leader.node.hasReady() && leader.node.ready().reads.length > 0, false, 'an older round proves nothing');
  leader.drain();
  leader.node.step({ ...reply, directoryId: 'a wiped disk', round });
  assert.equal(leader.node.hasReady() && leader.node.ready().reads.length > 0, false, 'a wiped voter proves nothing');
});

test('thesis §3.10: a transfer bypasses the lease, and only then', () => {
  const voter = new NodeUnderTest({ hardState: { term: 1 } });
  voter.step(appendOf({ term: 1, prev: { term: 0, index: 0 } }));
  const request = voteOf(3, 2, { term: 1, index: 1 });
  assert.deepEqual(voter.step(request), []);
  assert.equal(only(voter.step({ ...request, isTransfer: true }), 'voteReply')[0]?.isGranted, true);
});
