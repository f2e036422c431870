/**
 * Binary search over sorted arrays: segments by base offset, epochs by start offset, index entries by position.
 */

/** Index of the last element whose key is ≤ `target`, or −1 when there is none. `items` ascend by `key`. */
export function floorIndex<T>(items: readonly T[], target: number, key: (item: T) => number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (key(items[middle] as T) <= target) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
