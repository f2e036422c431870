/**
 * A history while it is being made, and the two things a run wants to know of it at once: how many records have been
 * acknowledged, and how long each partition went without an acknowledgement.
 */
import type { History, HistoryEvent, Key } from '@jackdaw/sim';

export class Recorder implements History {
  readonly idempotent = new Set<string>();
  readonly events: HistoryEvent[] = [];
  acknowledged = 0;
  /** Sends of patient senders, which retry for a minute, that ended without an acknowledgement. */
  failed = 0;
  readonly #meters = new Set<GapMeter>();

  add(event: HistoryEvent): void {
    this.events.push(event);
  }

  addAcknowledgement(value: string, { key, offset }: { readonly key: Key; readonly offset: number }): void {
    this.events.push({ op: 'send', type: 'ok', value, offset });
    this.acknowledged++;
    for (const meter of this.#meters) meter.onAcknowledged(key);
  }

  /** Measures from now on, until the meter is stopped. */
  startMeter(keys: readonly Key[]): GapMeter {
    const meter = new GapMeter(keys, () => this.#meters.delete(meter));
    this.#meters.add(meter);
    return meter;
  }
}

/** The longest time between two acknowledgements of each partition, its own begin and end counted as such. */
export class GapMeter {
  readonly #onStop: () => void;
  readonly #lastMs: Map<Key, number>;
  readonly #longestMs = new Map<Key, number>();
  readonly #counts = new Map<Key, number>();

  constructor(keys: readonly Key[], onStop: () => void) {
    const startMs = performance.now();
    this.#lastMs = new Map(keys.map((key) => [key, startMs]));
    this.#onStop = onStop;
  }

  onAcknowledged(key: Key): void {
    const lastMs = this.#lastMs.get(key);
    if (lastMs === undefined) return;
    const nowMs = performance.now();
    this.#longestMs.set(key, Math.max(this.#longestMs.get(key) ?? 0, nowMs - lastMs));
    this.#lastMs.set(key, nowMs);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Whether every partition has had at least so many acknowledgements since the meter was started. */
  hasSeen(count: number): boolean {
    return [...this.#lastMs.keys()].every((key) => (this.#counts.get(key) ?? 0) >= count);
  }

  /** Milliseconds, over all its partitions. */
  stop(): number {
    this.#onStop();
    for (const key of this.#lastMs.keys()) this.onAcknowledged(key);
    return Math.max(...this.#longestMs.values());
  }
}

/** Nearest-rank percentile of a list that need not be sorted; `share` from 0 to 1. NaN of an empty list. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
