/** The clock of the machine: `performance.now` for intervals, `Date.now` for timestamps. */
import type { Clock } from '@jackdaw/base';

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};
