/**
 * The committed metadata of this node: the image that every part of the broker reads, and the word about its changes.
 *
 * Entries are applied one by one, atomically, in the order of the quorum's log (B17). Publishers are called after each
 * stretch of entries with what has changed, in one fixed order; they must not throw.
 */
import type { RaftIndex, Term } from '@jackdaw/base';
import { decodeRecordBatch, encodeRecordBatch, MetadataDelta, MetadataImage } from '@jackdaw/metadata';
import { imageDifference } from './image-difference.ts';
import type { QuorumApplication } from './quorum-driver.ts';

export type Publisher = (delta: MetadataDelta, image: MetadataImage) => void;

export class MetadataState implements QuorumApplication {
  #image = new MetadataImage();
  #publishers: Publisher[] = [];
  #waiters: { index: RaftIndex; resolve: () => void }[] = [];

  get image(): MetadataImage {
    return this.#image;
  }

  /** Adds a publisher; it is told everything that the image holds already, as a change from nothing. */
  subscribe(publisher: Publisher): void {
    this.#publishers.push(publisher);
    publisher(imageDifference(new MetadataImage(), this.#image), this.#image);
  }

  apply(index: RaftIndex, term: Term, data: Uint8Array): void {
    const delta = new MetadataDelta();
    this.#image.applyEntry({ index, term, records: decodeRecordBatch(data) }, delta);
    this.#publish(delta);
  }

  skip(index: RaftIndex, term: Term): void {
    this.#image.applyEntry({ index, term, records: [] });
    this.#releaseWaiters();
  }

  restore(index: RaftIndex, term: Term, data: Uint8Array): void {
    const before = this.#image;
    this.#image = MetadataImage.fromRecords(decodeRecordBatch(data), { index, term });
    this.#publish(imageDifference(before, this.#image));
  }

  snapshot(): Uint8Array {
    return encodeRecordBatch(this.#image.toRecords());
  }

  /** Resolves when the entry at `index` has been applied and published. */
  async whenApplied(index: RaftIndex): Promise<void> {
    if (this.#image.appliedIndex >= index) return;
    await new Promise<void>((resolve) => this.#waiters.push({ index, resolve }));
  }

  #publish(delta: MetadataDelta): void {
    if (!delta.isEmpty()) for (const publisher of this.#publishers) publisher(delta, this.#image);
    this.#releaseWaiters();
  }

  #releaseWaiters(): void {
    if (this.#waiters.length === 0) return;
    const applied = this.#image.appliedIndex;
    const due = this.#waiters.filter((waiter) => waiter.index <= applied);
    this.#waiters = this.#waiters.filter((waiter) => waiter.index > applied);
    for (const waiter of due) waiter.resolve();
  }
}
