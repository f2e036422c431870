/**
 * The greedy LZ77 search that LZ4 and Snappy share: four-byte sequences in a hash table, the last place each was seen.
 *
 * Speed over ratio, as both formats mean it. Matches keep the distances that LZ4 demands from the end of a block;
 * Snappy does not need them and loses nothing that counts.
 */

/** Largest block that may be searched: offsets then fit in 16 bits. */
export const maxSearchBytes = 65_536;

const maxHashBits = 14;
const minHashBits = 8;
const minMatchBytes = 4;
/** LZ4 block format: the last match starts at least 12 bytes before the end, and the last 5 bytes are literals. */
const lastMatchDistance = 12;
const lastLiteralBytes = 5;
/** After this many misses in a row (as a power of two) the search takes larger steps: data that does not compress. */
const skipShift = 6;

/** Receives what the search finds: literals, then a match of `length` bytes, `offset` back. */
export interface MatchSink {
  /** `[literalStart, literalEnd)` in the source, then the match; a match length of 0 ends the block. */
  onSequence(literalStart: number, literalEnd: number, match: Match): void;
}

export interface Match {
  offset: number;
  length: number;
}

let table: Int32Array | undefined;

/** Reports `source[start, end)`, at most 64 KiB, as sequences to `sink`. The `Match` object is reused between calls. */
export function findMatches(source: Uint8Array, range: { start: number; end: number }, sink: MatchSink): void {
  const { start, end } = range;
  const match: Match = { offset: 0, length: 0 };
  const hashBits = Math.min(maxHashBits, Math.max(minHashBits, 32 - Math.clz32(end - start)));
  const hashShift = 32 - hashBits;
  table ??= new Int32Array(1 << maxHashBits);
  // Entries are positions relative to `start` plus one; zero is "not seen".
  table.fill(0, 0, 1 << hashBits);
  let anchor = start;
  let position = start;
  let misses = 0;
  for (const last = end - lastMatchDistance; position < last;) {
    const sequence = word(source, position);
    const slot = Math.imul(sequence, 0x9e3779b1) >>> hashShift;
    const candidate = start + (table[slot] as number) - 1;
    table[slot] = position - start + 1;
    if (candidate < start || word(source, candidate) !== sequence) {
      position += 1 + (misses++ >> skipShift);
      continue;
    }
    misses = 0;
    match.offset = position - candidate;
    match.length = matchLength(source, position, { candidate, end: end - lastLiteralBytes });
    sink.onSequence(anchor, position, match);
    position += match.length;
    anchor = position;
  }
  match.offset = 0;
  match.length = 0;
  sink.onSequence(anchor, end, match);
}

function matchLength(source: Uint8Array, position: number, { candidate, end }: { candidate: number; end: number }): number {
  let length = minMatchBytes;
  while (position + length < end && source[candidate + length] === source[position + length]) length++;
  return length;
}

function word(bytes: Uint8Array, position: number): number {
  return (
    (bytes[position] as number) |
    ((bytes[position + 1] as number) << 8) |
    ((bytes[position + 2] as number) << 16) |
    ((bytes[position + 3] as number) << 24)
  );
}
