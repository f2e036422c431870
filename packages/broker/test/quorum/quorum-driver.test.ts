/** The driver of the quorum on one node: its first election, when it takes snapshots, and what it tells of its own proposals. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ManualClock, Prng } from '@jackdaw/base';
import { systemPlatform } from '../../src/platform/system-platform.ts';
import { openLevelDatabase } from '../../src/quorum/level-database.ts';
import { QuorumDriver, type QuorumOptions } from '../../src/quorum/quorum-driver.ts';
import { RaftStore } from '../../src/quorum/raft-store.ts';
import type { RaftTransport } from '../../src/quorum/raft-transport.ts';

/** The driver has no peers to speak to here. */
const noTransport = { send: () => undefined } as unknown as RaftTransport;

interface TestQuorum {
  readonly driver: QuorumDriver;
  readonly clock: ManualClock;
  readonly durations: number[];
  readonly leading: Promise<void>;
  snapshots: number;
  nextSnapshot: Promise<void>;
}

type Settings = Pick<QuorumOptions, 'snapshotBytes' | 'snapshotIntervalMs'> & Partial<QuorumOptions>;

async function startQuorum(context: TestContext, settings: Settings): Promise<TestQuorum> {
  const quorum = await openQuorum(context, settings);
  quorum.driver.start(noTransport);
  await quorum.leading;
  return quorum;
}

async function openQuorum(context: TestContext, settings: Settings): Promise<TestQuorum> {
  const directory = mkdtempSync(join(tmpdir(), 'quorum-driver-'));
  const store = await RaftStore.open(await openLevelDatabase(directory), new Prng(1));
  const clock = new ManualClock();
  let onSnapshot = (): void => undefined;
  const nextSnapshot = (): Promise<void> => new Promise((resolve) => (onSnapshot = resolve));
  const durations: number[] = [];
  let onLeading = (): void => undefined;
  const leading = new Promise<void>((resolve) => (onLeading = resolve));
  const driver = new QuorumDriver({
    timers: systemPlatform.scheduler,
    nodeId: 1,
    directoryId: store.directoryId,
    voters: [1],
    store,
    clock,
    prng: new Prng(1),
    electionTimeoutMs: 100,
    application: {
      apply: () => undefined,
      skip: () => undefined,
      restore: () => undefined,
      snapshot: () => {
        quorum.snapshots++;
        onSnapshot();
        quorum.nextSnapshot = nextSnapshot();
        return new Uint8Array(1);
      },
    },
    onSoftState: ({ role }) => role === 'leader' && onLeading(),
    onApplied: () => undefined,
    onCommitted: (durationMs) => durations.push(durationMs),
    onFatal: (error) => assert.fail(error),
    ...settings,
  });
  const quorum: TestQuorum = { driver, clock, durations, leading, snapshots: 0, nextSnapshot: nextSnapshot() };
  context.after(async () => {
    await driver.close();
    rmSync(directory, { recursive: true });
  });
  return quorum;
}

/** One of three voters that starts with nothing; `sent` is what it says, as `kind to node`. */
async function oneOfThree(context: TestContext, nodeId: number): Promise<{ driver: QuorumDriver; sent: string[] }> {
  const { driver } = await openQuorum(context, { nodeId, voters: [1, 2, 3], snapshotBytes: 1_000_000, snapshotIntervalMs: 0 });
  const sent: string[] = [];
  const send: RaftTransport['send'] = ({ kind, to }) => sent.push(`${kind} to ${to}`);
  driver.start({ send } as unknown as RaftTransport);
  return { driver, sent };
}

test('at the start the lowest voter of a majority that can be reached asks for votes, without a timeout', async (context) => {
  const { driver, sent } = await oneOfThree(context, 1);
  driver.onPeerReached(2);
  assert.deepEqual(sent, ['preVote to 2', 'preVote to 3']);
  driver.onPeerReached(3);
  assert.equal(sent.length, 4, 'the third may have missed the question, and is the one that a new cluster waits for');
});

test('at the start a voter that reaches a lower one leaves the election to that', async (context) => {
  const { driver, sent } = await oneOfThree(context, 2);
  driver.onPeerReached(1);
  driver.onPeerReached(3);
  assert.deepEqual(sent, []);
});

test('an election that another voter has begun at the start is not disturbed', async (context) => {
  const { driver, sent } = await oneOfThree(context, 1);
  const lastOfNothing = { lastIndex: 0, lastTerm: 0 };
  driver.step({ kind: 'vote', from: 2, to: 1, term: 1, directoryId: 'b', ...lastOfNothing, isTransfer: false });
  driver.onPeerReached(3);
  assert.ok(!sent.some((message) => message.startsWith('preVote')));
});

test('what is new gets a snapshot after metadata.log.max.snapshot.interval.ms, and nothing new gets none', async (context) => {
  const quorum = await startQuorum(context, { snapshotBytes: 1_000_000, snapshotIntervalMs: 60_000 });
  quorum.clock.advance(200_000);
  await quorum.driver.propose(new Uint8Array(10)).committed;
  // The interval has passed since the start, so the first entry is due at once.
  await quorum.nextSnapshot;
  await quorum.driver.propose(new Uint8Array(10)).committed;
  quorum.clock.advance(59_000);
  await quorum.driver.propose(new Uint8Array(10)).committed;
  assert.equal(quorum.snapshots, 1, 'the interval is not over');
  const { nextSnapshot } = quorum;
  quorum.clock.advance(1_000);
  await nextSnapshot;
  assert.equal(quorum.snapshots, 2);
});

test('without an interval, only bytes make a snapshot due', async (context) => {
  const quorum = await startQuorum(context, { snapshotBytes: 100, snapshotIntervalMs: 0 });
  quorum.clock.advance(1_000_000);
  const { nextSnapshot } = quorum;
  await quorum.driver.propose(new Uint8Array(99)).committed;
  assert.equal(quorum.snapshots, 0);
  await quorum.driver.propose(new Uint8Array(1)).committed;
  await nextSnapshot;
  assert.equal(quorum.snapshots, 1);
});

test('the time from a proposal to its commit is told', async (context) => {
  const quorum = await startQuorum(context, { snapshotBytes: 1_000_000, snapshotIntervalMs: 0 });
  await quorum.driver.propose(new Uint8Array(10)).committed;
  assert.deepEqual(quorum.durations, [0], 'the clock of the test stands still');
});
