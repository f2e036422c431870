/**
 * Plans that are made for one thing come to their end, and what they are made for happens in some of them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '@jackdaw/base';
import { runInTurn } from '../../src/batch/in-turn.ts';
import { calmPlan } from '../../src/cluster/draw-plan.ts';
import { diskSchemes } from '../../src/cluster/disk-schemes.ts';
import { lastSchemes, laterSchemes } from '../../src/cluster/later-schemes.ts';
import { withQuorumScheme } from '../../src/cluster/quorum-schemes.ts';
import { replicationSchemes } from '../../src/cluster/replication-schemes.ts';
import { withScheme } from '../../src/cluster/schemes.ts';

/** Draws until the plan has faults of the kind, and runs it. */
async function reached(kind: string, place: string, draw = withScheme): Promise<boolean> {
  for (let seed = 1, left = 16; left > 0; seed++) {
    const plan = draw(new Prng(seed), calmPlan(seed));
    if (!plan.faults.some((fault) => fault.kind === kind)) continue;
    left--;
    const { failure, sometimes } = await runInTurn(plan);
    assert.equal(failure, null, `seed ${seed}: ${failure?.check ?? ''}: ${failure?.detail ?? ''}`);
    if (sometimes.has(place)) return true;
  }
  return false;
}

const schemes = [
  ['relay', 'fault: two replicas led in turns without each other'],
  ['unregister-away', 'broker: registers anew because its registration is old'],
  ['blink', 'controller: duplicate registration refused'],
  ['promote-wiped', 'raft: vote refused to an unknown identity'],
  ['cut-snapshots', 'fault: a connection breaks while a snapshot is sent over it'],
  ['rot-index', 'fault: bits of indexes rot in a stopped broker'],
  ['rot-epoch', 'log: batch proved wrong by a later one'],
  ['rot-alone', 'fault: the only copy at hand rots'],
  ['rot-behind', 'fault: records rot before a follower has them'],
] as const;

for (const [kind, place] of schemes) {
  test(`a scheme with ${kind} comes to its place, and every check holds`, async () => {
    assert.ok(await reached(kind, place), place);
  });
}

const ofReplicas = [
  ['relay-tail', 'fault: a leader is back with records that nobody else has'],
  ['clear-elr', 'fault: the minimum of a partition without a leader is set'],
  ['fenced-restart', 'fault: a broker serves again before its leader hears of its restart'],
  ['late-isr-change', 'fault: a member of the ISR is fenced while a change of it is under way'],
] as const;

for (const [kind, place] of ofReplicas) {
  test(`a scheme with ${kind} comes to its place, and every check holds`, async () => {
    assert.ok(await reached(kind, place, (prng, plan) => withScheme(prng, plan, replicationSchemes)), place);
  });
}

const ofDisks = [
  ['cut-and-roll', 'fault: a log is cut and rolls while its recovery point is written'],
  ['fail-in-sync', 'fault: a disk fails while files of a log are synced'],
  ['stop-while-hung', 'log: given up while it was being closed'],
  ['trim-and-fill', 'fault: the disk of a follower that has to begin inside a batch is full'],
  ['rot-twice', 'fault: a broker dies between a cut of damage and its registration'],
] as const;

for (const [kind, place] of ofDisks) {
  test(`a scheme of disks with ${kind} comes to its place, and every check holds`, async () => {
    assert.ok(await reached(kind, place, (prng, plan) => withScheme(prng, plan, diskSchemes)), place);
  });
}

const last = [
  ['power-cut-all', 'log: retention waits for the snapshot of the producers'],
  ['rot-down', 'fault: records rot in a broker that is down for a moment'],
  ['cut-voter', 'fault: a voter loses its power when it has granted its vote'],
  ['fail-in-stop', 'fault: the database of the controller fails while it is stopped'],
] as const;

for (const [kind, place] of last) {
  test(`a last scheme with ${kind} comes to its place, and every check holds`, async () => {
    assert.ok(await reached(kind, place, (prng, plan) => withScheme(prng, plan, lastSchemes)), place);
  });
}

const quorumSchemes = [
  ['lone-leader', 'fault: a leader that was alone has the longer log'],
  ['lone-leader', 'fault: a leader of the quorum that was alone leads again'],
  ['half-told', 'raft: entry of an old term not committed by counting'],
  ['late-grant', 'fault: a pre-vote is on its way when its term has begun'],
] as const;

for (const [kind, place] of quorumSchemes) {
  test(`a scheme of the quorum with ${kind} comes to "${place}", and every check holds`, async () => {
    assert.ok(await reached(kind, place, withQuorumScheme), place);
  });
}

const later = [
  ['bridge', 'raft: pre-vote ignored because the leader is fresh'],
  ['clock-jump', 'fault: a wall clock jumps back'],
  ['isolate', 'log: segments deleted by retention'],
  ['rebirth', 'fault: a topic is made anew while one of its brokers is away'],
] as const;

for (const [kind, place] of later) {
  test(`a later scheme with ${kind} comes to its place, and every check holds`, async () => {
    assert.ok(await reached(kind, place, (prng, plan) => withScheme(prng, plan, laterSchemes)), place);
  });
}
