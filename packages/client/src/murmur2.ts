/**
 * Kafka's 32-bit murmur2 hash, which maps a record's key to a partition.
 *
 * The value must equal the Java client's bit for bit (seed 0x9747b28c, little-endian words), because producers in other
 * languages and the same key must meet in the same partition. Rule: Kafka `Utils.murmur2` and `Utils.toPositive`.
 */

const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;

/** The hash as a signed 32-bit integer. */
export function murmur2(key: Uint8Array): number {
  const length = key.length;
  let hash = seed ^ length;
  const wordsEnd = length & ~3;
  for (let i = 0; i < wordsEnd; i += 4) {
    let word =
      (key[i] as number) | ((key[i + 1] as number) << 8) | ((key[i + 2] as number) << 16) | ((key[i + 3] as number) << 24);
    word = Math.imul(word, multiplier);
    word ^= word >>> 24;
    word = Math.imul(word, multiplier);
    hash = Math.imul(hash, multiplier) ^ word;
  }
  const tail = length - wordsEnd;
  if (tail === 3) hash ^= (key[wordsEnd + 2] as number) << 16;
  if (tail >= 2) hash ^= (key[wordsEnd + 1] as number) << 8;
  if (tail >= 1) {
    hash ^= key[wordsEnd] as number;
    hash = Math.imul(hash, multiplier);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, multiplier);
  hash ^= hash >>> 15;
  return hash | 0;
}

/** Partition of a keyed record; `partitionCount` is at least 1. */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount;
}
