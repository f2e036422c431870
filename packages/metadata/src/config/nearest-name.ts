/**
 * "Did you mean …": the known name closest to a misspelt one, by edit distance. Used for configuration keys at start
 * and for topic configurations in error texts.
 */

/**
 * Longer names are compared with nothing: no key is that long, and a peer that sends a thousand of them must not make the
 * comparisons slow.
 */
const maxComparedLength = 64;

/** The nearest of `candidates` by Levenshtein distance, or null when none is near enough to be meant. */
export function nearestName(name: string, candidates: Iterable<string>): string | null {
  if (name.length > maxComparedLength) return null;
  const wanted = name.toLowerCase();
  let best: string | null = null;
  // A third of the letters may be wrong; beyond that a suggestion misleads more than it helps.
  let bestDistance = Math.floor(wanted.length / 3) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= bestDistance || candidate.length > maxComparedLength) continue;
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/**
 * Insertions, deletions and replacements that turn `from` into `to`; two rows of the classic matrix. Stops with `enough` as
 * soon as it cannot come to less.
 */
export function editDistance(from: string, to: string, enough = Number.POSITIVE_INFINITY): number {
  let previous = Uint16Array.from({ length: to.length + 1 }, (_, column) => column);
  let current = new Uint16Array(to.length + 1);
  for (let row = 1; row <= from.length; row++) {
    current[0] = row;
    let least = row;
    const letter = from.charCodeAt(row - 1);
    for (let column = 1; column <= to.length; column++) {
      const replaced = (previous[column - 1] as number) + (letter === to.charCodeAt(column - 1) ? 0 : 1);
      const distance = Math.min((previous[column] as number) + 1, (current[column - 1] as number) + 1, replaced);
      current[column] = distance;
      if (distance < least) least = distance;
    }
    if (least >= enough) return enough;
    [previous, current] = [current, previous];
  }
  return previous[to.length] as number;
}
