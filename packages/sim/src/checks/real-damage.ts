/**
 * Damage is only where a fault has put it.
 *
 *   DamageIsReal  no read finds a batch damaged on a machine whose records no fault has touched: an index that has rotted, or
 *                 any other file beside the records, is no reason to call them damaged, and to fetch them again (B4)
 */
import { fail } from './check.ts';
import type { Family, LiveNode } from './watch.ts';

const marks: ReadonlySet<string> = new Set([
  'broker: damaged batch found for a consumer',
  'broker: damaged batch found for a follower',
  'broker: damaged log cut and fetched again',
]);

export const realDamage: Family = {
  onEvent: () => undefined,
  onMark({ cluster, node, label }: LiveNode, name: string): void {
    if (marks.has(name) && !cluster.damaged.has(node.id))
      fail('DamageIsReal', `${label}: ${name}, and no record of it has rotted`);
  },
};
