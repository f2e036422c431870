/** The quorum's database, damaged in every way that passes LevelDB's own checksums: the node says so and does not begin. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '@jackdaw/base';
import { StorageError } from '@jackdaw/log';
import type { Entry } from '@jackdaw/raft';
import type { Database } from '../../src/quorum/database.ts';
import { encodeStoredEntry, messageOf } from '../../src/quorum/raft-codec.ts';
import { RaftStore } from '../../src/quorum/raft-store.ts';
import { readStoredState, type StoredValues } from '../../src/quorum/stored-state.ts';

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const entries: readonly Entry[] = [
  { kind: 'noop', term: 1, index: 3 },
  { kind: 'normal', term: 1, index: 4, data: Buffer.from('x') },
  { kind: 'identities', term: 2, index: 5, identities: new Map([[1, 'd1']]) },
];

const sound: StoredValues = {
  hard: json({ term: 2, vote: 1, commitIndex: 4 }),
  cut: json({ index: 2, term: 1 }),
  snapshot: json({ index: 4, term: 1, identities: [{ voterId: 1, directoryId: 'd1' }] }),
  snapshotData: Buffer.from('image'),
  entries: entries.map((entry) => [entry.index, encodeStoredEntry(entry)] as const),
};

test('E2: what the store writes is read as it was, and so is an empty database', () => {
  const state = readStoredState(sound);
  assert.deepEqual(state.entries, entries);
  assert.deepEqual(state.hardState, { term: 2, vote: 1, commitIndex: 4 });
  assert.deepEqual(state.snapshot?.metadata.identities, new Map([[1, 'd1']]));
  const none = readStoredState({ hard: undefined, cut: undefined, snapshot: undefined, snapshotData: undefined, entries: [] });
  assert.deepEqual(none.hardState, { term: 0, vote: null, commitIndex: 0 });
});

const damages: readonly (readonly [string, Partial<StoredValues>])[] = [
  ['hard state that is no JSON', { hard: Buffer.from('{"term":') }],
  ['hard state that is null', { hard: json(null) }],
  ['a term that is a text', { hard: json({ term: '2', vote: 1, commitIndex: 4 }) }],
  ['a commit index behind the log', { hard: json({ term: 2, vote: null, commitIndex: 9 }) }],
  ['a snapshot without identities', { snapshot: json({ index: 4, term: 1 }) }],
  ['a snapshot behind the log', { snapshot: json({ index: 8, term: 2, identities: [] }) }],
  ['a cut above the snapshot', { snapshot: undefined }],
  ['an entry that is missing in the middle', { entries: sound.entries.filter(([index]) => index !== 4) }],
  ['the first entry missing', { entries: sound.entries.slice(1) }],
  ['an entry that is cut off', { entries: [[3, Buffer.from([0, 0])]] }],
  ['an entry of no kind', { entries: [[3, Buffer.alloc(9, 9)]] }],
  [
    'identities that are no list',
    { entries: [...sound.entries, [6, Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 2]), json({})])]] },
  ],
  ['terms that fall', { entries: [...sound.entries, [6, encodeStoredEntry({ kind: 'noop', term: 1, index: 6 })]] }],
];

for (const [what, damage] of damages) {
  test(`E2: ${what} is refused as damage`, () => {
    assert.throws(
      () => readStoredState({ ...sound, ...damage }),
      (error) => error instanceof StorageError && error.kind === 'corrupt' && error.message.includes('damaged'),
    );
  });
}

test('F14: a term or an index that no cluster reaches makes no message', () => {
  const vote = { lastIndex: 4, lastTerm: 2, isTransfer: false };
  assert.equal(messageOf({ from: 2, to: 1, term: 3, directoryId: 'd2', vote })?.kind, 'vote');
  assert.equal(messageOf({ from: 2, to: 1, term: 2 ** 64, directoryId: 'd2', vote }), null);
  assert.equal(messageOf({ from: 2, to: 1, term: 3, directoryId: 'd2', vote: { ...vote, lastIndex: 2 ** 60 } }), null);
});

test('E9: a directory id that is no uuid is refused as damage', async () => {
  const db: Database = {
    get: (key) => Promise.resolve(key === 'directory-id' ? Buffer.from('') : undefined),
    entries: () => Promise.resolve([]),
    write: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  await assert.rejects(RaftStore.open(db, new Prng(1)), (error) => error instanceof StorageError && error.kind === 'corrupt');
});
