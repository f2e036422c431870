/**
 * Medians, percentiles and spread of a few measured values.
 */

export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly count: number;
}

/** Throws RangeError on no values at all. */
export function summarise(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const least = sorted[0];
  const most = sorted.at(-1);
  if (least === undefined || most === undefined) throw new RangeError('a summary of no values');
  return { median: medianOfSorted(sorted), least, most, count: sorted.length };
}

export function median(values: readonly number[]): number {
  return summarise(values).median;
}

/** The nearest-rank percentile: the least value that is not below `percent` per cent of all. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  const found = sorted[rank - 1];
  if (found === undefined) throw new RangeError('a percentile of no values');
  return found;
}

/** How far the values lie apart, as a share of their median; 0 for one value. */
export function spread({ median: middle, least, most }: Summary): number {
  return middle === 0 ? 0 : (most - least) / Math.abs(middle);
}

/** Of an even count: the mean of the two in the middle. */
function medianOfSorted(sorted: readonly number[]): number {
  const upper = sorted[Math.floor(sorted.length / 2)] as number;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] as number;
  return (lower + upper) / 2;
}
