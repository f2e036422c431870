/** A leader that is cut off (A26): whom it sends away, whom it serves, and that a missing controller alone changes nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from '@jackdaw/protocol';
import type { PartitionLeader } from '@jackdaw/replication';
import type { BrokerServices } from '../../src/broker-services.ts';
import { cannotAcknowledge, mayMissRecords, releaseCutOff } from '../../src/replica/cut-off.ts';

function leaderWith(options: { isHeldUp: boolean; replicas: number }) {
  const failures: number[] = [];
  const leader = {
    replicas: Array.from({ length: options.replicas }, (_, i) => i + 1),
    waitingProducers: 1,
    isHeldUp: () => options.isHeldUp,
    failWaiting: (error: number) => void failures.push(error),
  };
  return { leader: leader as unknown as PartitionLeader, failures };
}

function services(isOutOfTouch: boolean, leaders: readonly PartitionLeader[]) {
  return {
    clock: { monotonicMs: () => 0, wallMs: () => 0 },
    lifecycle: { isOutOfTouch, sessionTimeoutMs: 9_000 },
    replicas: { partitions: () => leaders.map((leader) => ({ leader })) },
  } as unknown as Pick<BrokerServices, 'clock' | 'lifecycle' | 'replicas'>;
}

test('A26: without a controller, only the producers that wait for a silent follower are sent away', () => {
  const stranded = leaderWith({ isHeldUp: true, replicas: 3 });
  const served = leaderWith({ isHeldUp: false, replicas: 3 });
  const broker = services(true, [stranded.leader, served.leader]);
  assert.deepEqual([cannotAcknowledge(broker, stranded.leader), cannotAcknowledge(broker, served.leader)], [true, false]);
  releaseCutOff(broker);
  assert.deepEqual([stranded.failures, served.failures], [[ErrorCode.NOT_LEADER_OR_FOLLOWER], []]);
});

test('A26: while a controller answers, a silent follower is its business and nobody is sent away', () => {
  const stranded = leaderWith({ isHeldUp: true, replicas: 3 });
  const broker = services(false, [stranded.leader]);
  releaseCutOff(broker);
  assert.deepEqual([cannotAcknowledge(broker, stranded.leader), stranded.failures], [false, []]);
});

test('A26: a consumer at the end is sent to look elsewhere only when there is an elsewhere', () => {
  const [alone, replicated] = [leaderWith({ isHeldUp: false, replicas: 1 }), leaderWith({ isHeldUp: false, replicas: 3 })];
  const broker = services(true, []);
  assert.deepEqual([mayMissRecords(broker, alone.leader), mayMissRecords(broker, replicated.leader)], [false, true]);
  assert.equal(mayMissRecords(services(false, []), replicated.leader), false);
});
