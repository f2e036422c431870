/**
 * What must be durable before what: the contract between a Ready's two lists of messages and the driver's writes.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8Encode } from '@jackdaw/base';
import type { RaftMessage, Ready } from '../src/index.ts';
import { ackOf, appendOf, entryOf, logOf, NodeUnderTest, noIdentities, only, voteOf } from './harness.ts';

const promises = new Set<RaftMessage['kind']>(['vote', 'voteReply', 'appendReply']);

function expectPromisesWait(ready: Ready): void {
  assert.ok(!ready.messages.some((message) => promises.has(message.kind)));
  assert.ok(ready.messagesAfterPersist.every((message) => promises.has(message.kind)));
}

test('E2: a granted vote waits for the write of (term, vote), which must be synced', () => {
  const voter = new NodeUnderTest();
  voter.node.step(voteOf(2, 3, { term: 0, index: 0 }));
  assert.deepEqual(voter.node.takeMessages(), []);
  const ready = voter.node.ready();
  expectPromisesWait(ready);
  assert.deepEqual(ready.hardState, { term: 3, vote: 2, commitIndex: 0 });
  assert.equal(ready.mustSync, true);
  assert.equal(only(ready.messagesAfterPersist, 'voteReply')[0]?.isGranted, true);
});

test('E2: an acknowledgement waits for the write of its entries, and a commit index alone needs no sync', () => {
  const follower = new NodeUnderTest();
  follower.node.step(appendOf({ term: 1, prev: { term: 0, index: 0 }, entries: [entryOf(1, 1)], commitIndex: 1 }));
  const ready = follower.node.ready();
  expectPromisesWait(ready);
  assert.equal(ready.mustSync, true);
  assert.deepEqual(ready.committedEntries, [], 'committed, but not durable here yet');
  follower.persist(ready);
  assert.equal(follower.node.ready().committedEntries.length, 1);

  const lagging = new NodeUnderTest({ entries: logOf([1]) });
  lagging.step(appendOf({ term: 1, prev: { term: 1, index: 1 } }));
  lagging.node.step(appendOf({ term: 1, prev: { term: 1, index: 1 }, commitIndex: 1 }));
  const commitOnly = lagging.node.ready();
  assert.equal(commitOnly.hardState?.commitIndex, 1);
  assert.equal(commitOnly.mustSync, false);
});

test('E2: a candidate’s request waits for its own vote, which counts only once it is durable', () => {
  const single = new NodeUnderTest({ voters: [1] });
  single.node.campaign();
  const ready = single.node.ready();
  assert.deepEqual(ready.hardState, { term: 1, vote: 1, commitIndex: 0 });
  assert.equal(single.node.status().role, 'candidate');
  single.persist(ready);
  assert.equal(single.node.status().role, 'leader');

  const one = new NodeUnderTest({ hardState: { term: 1 } });
  one.node.campaign();
  one.drain();
  const grant = { to: 1, term: 2, isGranted: true, isUnknownIdentity: false };
  one.node.step({ ...grant, kind: 'preVoteReply', from: 2, directoryId: 'd2' });
  one.node.step({ ...grant, kind: 'preVoteReply', from: 3, directoryId: 'd3' });
  const asking = one.node.ready();
  expectPromisesWait(asking);
  assert.equal(only(asking.messagesAfterPersist, 'vote').length, 2);
  one.node.step({ ...grant, kind: 'voteReply', from: 2, directoryId: 'd2' });
  assert.equal(one.node.status().role, 'candidate', 'the own vote is still being written');
  one.persist(asking);
  assert.equal(one.node.status().role, 'leader');
});

test('E2: a leader’s appends leave at once, but its own copy counts only after its write', () => {
  const leader = new NodeUnderTest();
  leader.becomeLeader();
  leader.step(ackOf(2, 1, 1), ackOf(3, 1, 1));
  leader.step(ackOf(2, 1, 2), ackOf(3, 1, 2));
  leader.step(ackOf(2, 1, 3), ackOf(3, 1, 3));
  assert.equal(leader.node.propose(utf8Encode('a')).kind, 'accepted');
  const ready = leader.node.ready();
  assert.equal(only(ready.messages, 'append').length, 2);
  leader.node.step(ackOf(2, 1, 4));
  assert.equal(leader.node.status().commitIndex, 3, 'one of three is durable');
  leader.persist(ready);
  assert.equal(leader.node.status().commitIndex, 4);
});

test('heartbeats and new events pass while a Ready is being written (B11)', () => {
  const leader = new NodeUnderTest();
  leader.becomeLeader();
  leader.node.propose(utf8Encode('a'));
  const ready = leader.node.ready();
  leader.node.tick();
  leader.node.tick();
  assert.equal(leader.node.hasReady(), false);
  assert.equal(only(leader.node.takeMessages(), 'heartbeat').length, 2);
  assert.throws(() => leader.node.ready(), /not advanced/);
  leader.persist(ready);
  assert.throws(() => leader.node.advance(ready), /not the Ready/);
});

test('a write that a new leader overtook is not taken for the new leader’s entries', () => {
  const follower = new NodeUnderTest();
  const start = { term: 0, index: 0 };
  follower.node.step(appendOf({ term: 1, prev: start, entries: [entryOf(1, 1), entryOf(1, 2), entryOf(1, 3)] }));
  const overtaken = follower.node.ready();
  follower.node.step(appendOf({ term: 2, prev: { term: 1, index: 1 }, entries: [entryOf(2, 2)], from: 3, commitIndex: 2 }));
  follower.persist(overtaken);
  const ready = follower.node.ready();
  assert.deepEqual(ready.committedEntries, [], 'entry 2 of term 2 is not durable');
  assert.deepEqual(
    ready.entries.map(({ term, index }) => [term, index]),
    [
      [1, 1],
      [2, 2],
    ],
  );
  follower.persist(ready);
  assert.equal(follower.storage.lastIndex(), 2);
  assert.equal(follower.node.ready().committedEntries.length, 2);
});

test('E7: a newer snapshot that comes while an older one is written is installed after it', () => {
  const follower = new NodeUnderTest();
  const snapshotAt = (index: number): RaftMessage => ({
    kind: 'snapshot',
    from: 2,
    to: 1,
    term: 3,
    snapshot: { metadata: { index, term: 2, identities: noIdentities }, data: utf8Encode(`at ${index}`) },
  });
  follower.node.step(snapshotAt(10));
  const first = follower.node.ready();
  follower.node.step(snapshotAt(20));
  follower.node.step(appendOf({ term: 3, prev: { term: 2, index: 20 }, entries: [entryOf(3, 21)], commitIndex: 21 }));
  assert.equal(first.snapshot?.metadata.index, 10);
  follower.persist(first);
  assert.equal(follower.node.status().appliedIndex, 10);
  const second = follower.node.ready();
  assert.equal(second.snapshot?.metadata.index, 20);
  assert.equal(second.entries[0]?.index, 21);
  assert.deepEqual(second.committedEntries, []);
  follower.persist(second);
  follower.node.step(snapshotAt(10));
  follower.node.step(snapshotAt(20));
  const acks = only(follower.drain(), 'appendReply').map((reply) => reply.matchIndex);
  assert.deepEqual(acks, [21, 21], 'old snapshots are acknowledged and change nothing');
  assert.deepEqual(
    [follower.storage.firstIndex(), follower.storage.lastIndex(), follower.node.status().appliedIndex],
    [21, 21, 21],
  );
});

test('E7: a snapshot of what is in the log already only raises the commit index, and a leader loads none', () => {
  const follower = new NodeUnderTest({ entries: logOf([1, 1, 1]) });
  const snapshot = { metadata: { index: 2, term: 1, identities: noIdentities }, data: utf8Encode('') };
  const replies = follower.step({ kind: 'snapshot', from: 2, to: 1, term: 1, snapshot });
  assert.equal(only(replies, 'appendReply')[0]?.matchIndex, 2);
  assert.equal(follower.storage.lastIndex(), 3);
  assert.equal(follower.node.status().commitIndex, 2);

  const leader = new NodeUnderTest({ hardState: { term: 4 } });
  leader.becomeLeader();
  assert.throws(() => leader.node.step({ kind: 'snapshot', from: 2, to: 1, term: 5, snapshot }), /also leads term 5/);
  leader.step({ kind: 'snapshot', from: 2, to: 1, term: 4, snapshot });
  assert.equal(leader.node.status().snapshotIndex, 0, 'one of an older term is ignored');
});

test('a snapshot that was overtaken by a received one is dropped, and a cut log remembers its term', () => {
  const node = new NodeUnderTest({ entries: logOf([1, 1, 2]), hardState: { commitIndex: 3 } });
  node.drain();
  const mine = node.node.createdSnapshot(2, utf8Encode('two'));
  assert.ok(mine !== null);
  assert.deepEqual([mine.metadata.index, mine.metadata.term], [2, 1]);
  node.storage.saveSnapshot(mine);
  node.storage.compact(2);
  assert.equal(node.storage.term(2), 1);
  assert.equal(node.node.createdSnapshot(1, utf8Encode('one')), null);
  assert.throws(() => node.node.createdSnapshot(4, utf8Encode('')), /applied up to 3/);
  assert.throws(() => node.storage.compact(3), /no snapshot covers/);
});
