/**
 * Plans that are made for changes of the ISR whose outcome a leader learns late: followers lag again and again, answers get lost,
 * and so do the quorum's messages that would tell it what was committed.
 */
import type { Prng } from '@jackdaw/base';
import { alert, busy, faultsOf, planWith, type Scheme } from './schemes.ts';
import type { RunPlan } from './plan.ts';

export function withIsrScheme(prng: Prng, plan: RunPlan): RunPlan {
  return planWith(prng, plan, lostAnswers);
}

const rounds = [0, 1, 2, 3, 4, 5, 6, 7];
const everyMs = 450;

const lostAnswers: Scheme = (prng) => ({
  faults: faultsOf(
    prng,
    rounds.flatMap((round) => [
      ['slow-link', 'follower', 250 + everyMs * round, 350 + everyMs * round, 300] as const,
      ['pause', 'follower', 350 + everyMs * round, 450 + everyMs * round, 300] as const,
    ]),
  ),
  settings: {
    ...alert,
    'controller.quorum.election.timeout.ms': '1000',
    'broker.session.timeout.ms': '5000',
    'replica.lag.time.max.ms': '200',
    'min.insync.replicas': '1',
  },
  topics: [{ name: 't1', partitions: 4, replicationFactor: 3, minInsyncReplicas: 1, configs: {} }],
  workload: busy,
  isBuggy: true,
  rpc: { loss: 0.3, duplicates: 0, reordering: 0 },
});
