/**
 * "Did you mean …": the known name closest to a misspelt one, by edit distance. Used for configuration keys at start
 * and for topic configurations in error texts.
 */

/** Names longer than this are cut before they are compared, so that a peer cannot make the comparison slow. */
const maxComparedLength = 128;

/** The nearest of `candidates` by Levenshtein distance, or null when none is near enough to be meant. */
export function nearestName(name: string, candidates: Iterable<string>): string | null {
  const wanted = name.slice(0, maxComparedLength).toLowerCase();
  let best: string | null = null;
  // A third of the letters may be wrong; beyond that a suggestion misleads more than it helps.
  let bestDistance = Math.floor(wanted.length / 3) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, candidate.slice(0, maxComparedLength).toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions and replacements that turn `from` into `to`; two rows of the classic matrix. */
export function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, replaced));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
