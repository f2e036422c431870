/** Bits that rot in a table of the quorum's database: LevelDB reads past them, the store does not. */
import { Prng } from '@jackdaw/base';
import { StorageError } from '@jackdaw/log';
import type { Entry, Ready } from '@jackdaw/raft';
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openLevelDatabase } from '../../src/quorum/level-database.ts';
import { RaftStore } from '../../src/quorum/raft-store.ts';

const flips = 150;

function temporaryDirectory(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'jackdaw-raft-store-'));
  context.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

function readyOf(entries: Entry[]): Ready {
  return {
    hardState: { term: 3, vote: 2, commitIndex: 20 },
    entries,
    snapshot: null,
    messages: [],
    messagesAfterPersist: [],
    committedEntries: [],
    mustSync: true,
    softState: null,
    reads: [],
  };
}

/** All that a start reads, or undefined where it refuses to. */
async function contentOf(directory: string): Promise<object | undefined> {
  const db = await openLevelDatabase(directory);
  try {
    const { directoryId, storage } = await RaftStore.open(db, new Prng(9));
    const entries = storage.entries(storage.firstIndex(), storage.lastIndex() + 1, 1e6);
    return { directoryId, hardState: storage.initialState(), snapshot: storage.snapshot(), entries };
  } catch (error) {
    assert.ok(error instanceof StorageError && error.kind === 'corrupt', String(error));
    return undefined;
  } finally {
    await db.close();
  }
}

async function writeSome(directory: string): Promise<void> {
  const db = await openLevelDatabase(directory);
  const store = await RaftStore.open(db, new Prng(1));
  const entries = Array.from({ length: 30 }, (_, i): Entry => {
    return { kind: 'normal', term: 2, index: i + 1, data: Buffer.from(`topic ${i} with its partitions and replicas`) };
  });
  await store.persist(readyOf(entries));
  const metadata = { index: 12, term: 2, identities: new Map([[1, store.directoryId]]) };
  await store.saveSnapshot({ metadata, data: Buffer.from('the image of the cluster') }, 10);
  await db.close();
}

test('E2, B3: a bit that flips in a table of the quorum’s database is refused, or changes nothing', async (context) => {
  const base = temporaryDirectory(context);
  const whole = join(base, 'whole');
  mkdirSync(whole);
  await writeSome(whole);
  // LevelDB makes a table of its log when it is opened again.
  const sound = await contentOf(whole);
  const table = readdirSync(whole).find((name) => name.endsWith('.ldb')) ?? assert.fail('LevelDB has made a table');
  const bytes = readFileSync(join(whole, table));
  const prng = new Prng(5);
  let refused = 0;
  for (let i = 0; i < flips; i++) {
    const directory = join(base, `flip-${i}`);
    cpSync(whole, directory, { recursive: true });
    const damaged = Buffer.from(bytes);
    const at = prng.below(bytes.length);
    damaged[at] = (bytes[at] ?? 0) ^ (1 << prng.below(8));
    writeFileSync(join(directory, table), damaged);
    // LevelDB itself refuses to open some.
    const found = await contentOf(directory).catch((error: unknown) => {
      assert.ok(error instanceof StorageError && error.kind === 'corrupt', String(error));
      return undefined;
    });
    if (found === undefined) refused++;
    else assert.deepEqual(found, sound, `byte ${at} of ${bytes.length}`);
    rmSync(directory, { recursive: true });
  }
  // The footer has some padding.
  assert.ok(refused > flips * 0.9, `${refused} of ${flips} refused`);
});
