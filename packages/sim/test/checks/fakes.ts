/**
 * Brokers that are only as much as one family of checks looks at, so that a test can make them say what no broker should.
 */
import assert from 'node:assert/strict';
import { MetadataImage } from '@jackdaw/metadata';
import { MemoryStorage, type Entry, type SoftState } from '@jackdaw/raft';
import { CheckFailure } from '../../src/checks/check.ts';
import type { LiveNode } from '../../src/checks/watch.ts';

export interface FakeCluster {
  readonly plan: { voters: number[]; settings: Record<string, string>; workload: { mayElectUnclean: boolean } };
  readonly damaged: Set<number>;
}

export function fakeCluster(): FakeCluster {
  return { plan: { voters: [1, 2, 3], settings: {}, workload: { mayElectUnclean: false } }, damaged: new Set() };
}

export class FakeNode {
  readonly storage = new MemoryStorage();
  readonly live: LiveNode;
  softState: SoftState = { role: 'follower', term: 0, leaderId: null };
  image = new MetadataImage();
  applied = 0;

  constructor(id: number, cluster: FakeCluster, start = 1) {
    const owner = this as FakeNode;
    const quorum = {
      storage: this.storage,
      status: { directoryId: `directory-${id}` },
      get softState() {
        return owner.softState;
      },
    };
    const image = (): { appliedIndex: number } => (owner.applied === 0 ? owner.image : { appliedIndex: owner.applied });
    const live = { node: { id }, services: { quorum, image }, process: {}, label: `node ${id}, start ${start}`, cluster };
    this.live = live as unknown as LiveNode;
  }

  vote(term: number, vote: number | null): void {
    this.storage.setHardState({ term, vote, commitIndex: this.storage.initialState().commitIndex });
  }

  lead(term: number): void {
    this.softState = { role: 'leader', term, leaderId: this.live.node.id };
  }
}

export function normalEntry(index: number, term: number, text = `${index}`): Entry {
  return { kind: 'normal', index, term, data: new TextEncoder().encode(text) };
}

/** The call fails under the name of this check. */
export function bites(check: string, work: () => void): void {
  assert.throws(work, (error) => {
    if (!(error instanceof CheckFailure)) throw error;
    assert.equal(error.check, check, error.message);
    return true;
  });
}
