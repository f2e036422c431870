/**
 * Which leader epochs of a partition a history shows to have begun, and by when.
 *
 * A record that is acknowledged or read was written under an epoch, and an end is answered under one: from then on that epoch
 * has begun, whatever a leader of an older one still believes. The checker's rules about ends ask this, to tell the answer
 * of a leader that was replaced and could not know it from one that is wrong.
 */
import type { HistoryIndex } from './checker-index.ts';
import type { Key } from './history.ts';

interface Sign {
  /** Place in the history. */
  readonly at: number;
  readonly epoch: number;
}

export class Leadership {
  /** By partition, in the order of the history, epochs rising. */
  readonly #signs = new Map<Key, Sign[]>();

  constructor(index: HistoryIndex) {
    for (const [key, signs] of signsOf(index)) {
      const rising: Sign[] = [];
      for (const sign of signs.sort((a, b) => a.at - b.at)) {
        if (sign.epoch > (rising.at(-1)?.epoch ?? -1)) rising.push(sign);
      }
      this.#signs.set(key, rising);
    }
  }

  /** The newest epoch that has begun before a place in the history; −1 when it shows none. */
  epochBefore(key: Key, at: number): number {
    return (this.#signs.get(key) ?? []).findLast((sign) => sign.at < at)?.epoch ?? -1;
  }
}

function signsOf({ sends, keys, readers, others }: HistoryIndex): Map<Key, Sign[]> {
  const signs = new Map<Key, Sign[]>([...keys.keys()].map((key) => [key, []]));
  const add = (key: Key, at: number, epoch: number | undefined): void => {
    if (epoch !== undefined) signs.get(key)?.push({ at, epoch });
  };
  for (const { key, offset, outcome, endedAt } of sends.values()) {
    if (outcome === 'ok') add(key, endedAt, keys.get(key)?.epochs.get(offset));
  }
  for (const { at, key, poll } of [...readers.values()].flat()) add(key, at, poll?.records.at(-1)?.[2]);
  for (const { at, event } of others) if (event.op === 'end' && event.type === 'ok') add(event.key, at, event.leaderEpoch);
  return signs;
}
