/**
 * Schemes around what leaders and the controller know of replicas: tails that nobody else has, ISR changes that are late, fenced
 * brokers that restart, a minimum that is set while nobody is in sync. The steps are in faults/replication-schemes.ts.
 */
import { alert, busy, covered, faultsOf, topicsOf, type Scheme } from './schemes.ts';

const relayedTails: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['relay-tail', 'any', 200, 500],
    ['relay-tail', 'any', 2_500, 3_000],
  ]),
  settings: { ...alert, ...covered, 'replica.lag.time.max.ms': '3000' },
  topics: topicsOf(prng, 2),
  workload: { ...busy, weakSenders: 1, hasTrimmer: false, maxRecords: 400 },
});

const clearedElrs: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['clear-elr', 'any', 200, 700],
    ['clear-elr', 'any', 2_200, 2_700],
  ]),
  settings: { ...alert, 'jackdaw.durability': 'fsync' },
  topics: topicsOf(prng, 1, 4).map((topic) => ({ ...topic, minInsyncReplicas: 1 })),
  workload: busy,
});

const fencedRestarts: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['fenced-restart', 'any', 200, 600],
    ['fenced-restart', 'any', 2_300, 2_700],
  ]),
  settings: { ...alert, ...covered, 'replica.lag.time.max.ms': '3000' },
  topics: topicsOf(prng, 2),
  workload: { ...busy, weakSenders: 1 },
});

const lateIsrChanges: Scheme = (prng) => ({
  faults: faultsOf(prng, [['late-isr-change', 'any', 100, 400]]),
  settings: { ...alert, ...covered, 'broker.session.timeout.ms': '9000', 'replica.lag.time.max.ms': '300' },
  topics: topicsOf(prng, 3, 6),
  workload: { ...busy, weakSenders: 1, maxRecords: 400 },
  isControllerApart: true,
});

export const replicationSchemes: readonly Scheme[] = [relayedTails, clearedElrs, fencedRestarts, lateIsrChanges];
