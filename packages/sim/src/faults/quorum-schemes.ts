/**
 * Faults in several steps around the log and the elections of the quorum: leaders that write what nobody else gets, entries of an
 * old term that are on too few disks, answers that arrive in another term than they were asked for in.
 */
import { sometimes } from '@jackdaw/base';
import { incrementalAlterConfigsRequest, incrementalAlterConfigsResponse } from '@jackdaw/protocol';
import { clientPort, type SimNode } from '../node/sim-node.ts';
import { SimClient } from '../node/sim-client.ts';
import { pick, type FaultContext } from './context.ts';
import { replaceAfterwards } from './disk-faults.ts';
import { holdDown } from './process-faults.ts';
import { isolated, patienceMs, shut, when } from './scheme.ts';

const alterConfigs = { request: incrementalAlterConfigsRequest, response: incrementalAlterConfigsResponse };
const topicResource = 2;
const weekMs = 7 * 24 * 3_600_000;
const betweenChangesMs = 12;
const maxChanges = 40;

/** An operator on the leader's side changes something again and again: the quorum's log grows. What is returned ends it. */
export function makeChanges({ cluster, prng }: FaultContext, leader: SimNode): () => void {
  const client = new SimClient({
    name: 'operator',
    world: cluster.world,
    seed: prng.uint32(),
    bootstrap: [`${leader.host}:${clientPort}`],
    settings: { connectTimeoutMs: 500, requestTimeoutMs: 1_000, retryBackoffMs: 50, deadlineMs: 1_000 },
  });
  const end = (): void => client.process.die('killed');
  const topic = cluster.plan.topics[0]?.name ?? '';
  const change = (at: number): object => ({
    resourceType: topicResource,
    resourceName: topic,
    configs: [{ name: 'segment.ms', configOperation: 0, value: String(weekMs + at) }],
  });
  client.spawn(async () => {
    const connection = await client.connect();
    for (let at = 0; at < maxChanges; at++) {
      const body = { resources: [change(at)], validateOnly: false };
      void connection.callNode(leader.id, alterConfigs, body as never).catch(() => undefined);
      await client.sleep(betweenChangesMs);
    }
  }, end);
  client.process.after(patienceMs, 'end', end);
  return end;
}

function quorumOf(node: SimNode | null): { readonly term: number; readonly commitIndex: number; readonly lastIndex: number } {
  return node?.services?.quorum.status ?? { term: 0, commitIndex: 0, lastIndex: 0 };
}

/**
 * A leader alone writes more than its successor commits meanwhile; then they meet, and it may lead again.
 */
export function loneLeader(context: FaultContext): void {
  const { cluster, prng, book } = context;
  const former = cluster.controller;
  if (former === null || cluster.running.length < 3 || !former.isBroker) return;
  const { term } = quorumOf(former);
  const undo = isolated(context, former);
  const endChanges = makeChanges(context, former);
  const isSnapshotAwaited = prng.chance(0.5);
  const isDue = (): boolean => {
    const next = cluster.controller;
    const status = next?.services?.quorum.status;
    if (next === former || status === undefined || status.term <= term || status.commitIndex < status.firstIndex) return false;
    if (isSnapshotAwaited && status.snapshotIndex <= quorumOf(former).commitIndex) return false;
    return status.commitIndex === status.lastIndex;
  };
  when(context, {
    pollMs: 2,
    isDue,
    onDue: () => {
      endChanges();
      const isLonger = quorumOf(former).lastIndex > quorumOf(cluster.controller).lastIndex;
      if (isLonger) sometimes('fault: a leader that was alone has the longer log');
      undo();
      leadAgain(context, former);
    },
    otherwise: () => {
      endChanges();
      undo();
    },
  });
  book.undoAfter(patienceMs, endChanges);
}

/** Whoever leads is told to hand over until the node leads, a few times. */
function leadAgain(context: FaultContext, node: SimNode): void {
  const { cluster } = context;
  let left = 4;
  const handOver = (): void => {
    const leader = cluster.controller;
    if (leader === node) return sometimes('fault: a leader of the quorum that was alone leads again');
    if (left-- === 0) return;
    leader?.process?.after(0, 'hand over', () => void leader.services?.quorum.handOver(handOverMs));
    const { term } = quorumOf(leader);
    when(context, { isDue: () => quorumOf(cluster.controller).term > term, onDue: handOver });
  };
  when(context, {
    isDue: () => node.isRunning && quorumOf(node).commitIndex >= quorumOf(cluster.controller).commitIndex,
    onDue: handOver,
  });
}

const handOverMs = 200;

/** The leader dies when its last entries are on one other disk alone, and before it has heard of that: they are not committed. */
export function halfTold(context: FaultContext): void {
  const { cluster, prng } = context;
  const leader = cluster.controller;
  const voters = cluster.running.filter((one) => one !== leader && cluster.plan.voters.includes(one.id));
  if (leader === null || voters.length < 2 || !leader.isBroker) return;
  const behind = pick(prng, voters);
  const told = voters.filter((one) => one !== behind);
  const undo = shut(context, [[leader.host, behind.host], ...voters.map((one) => [one.host, leader.host] as const)]);
  const endChanges = makeChanges(context, leader);
  const over = (): void => {
    endChanges();
    undo();
  };
  when(context, {
    pollMs: 1,
    isDue: () => told.every((one) => quorumOf(one).lastIndex > quorumOf(behind).lastIndex + 1),
    onDue: () => {
      sometimes('fault: a leader of the quorum dies with its last entries on one other disk');
      holdDown(context, leader);
      leader.kill('killed', 'processOnly');
      over();
    },
    otherwise: over,
  });
}

/** What a voter grants arrives when the term it was asked for is over. */
export function lateGrant(context: FaultContext): void {
  const { cluster, prng, book } = context;
  const leader = cluster.controller;
  const voters = cluster.running.filter((one) => one !== leader && cluster.plan.voters.includes(one.id));
  if (leader === null || voters.length < 2) return;
  const [asker, granter] = prng.shuffled(voters) as [SimNode, SimNode];
  const { term } = quorumOf(asker);
  const { network } = cluster.world;
  network.slow(granter.host, asker.host, lateMs);
  book.undoAfter(2 * lateMs, () => network.slow(granter.host, asker.host, 0));
  const open = shut(context, [
    [leader.host, granter.host],
    [granter.host, leader.host],
  ]);
  holdDown(context, leader, 60);
  leader.kill('killed', 'processOnly');
  when(context, {
    isDue: () => quorumOf(asker).term > term,
    onDue: () => {
      sometimes('fault: a pre-vote is on its way when its term has begun');
      open();
      const reopen = shut(context, [
        [leader.host, asker.host],
        [asker.host, leader.host],
      ]);
      book.undoAfter(lateMs, reopen);
    },
    otherwise: open,
  });
}

const lateMs = 2_000;

/** A voter loses its power when it has just granted its vote, and may be asked for it again in the same term. */
export function cutVoter(context: FaultContext): void {
  const { cluster } = context;
  const leader = cluster.controller;
  const voters = cluster.running.filter((one) => one !== leader && cluster.plan.voters.includes(one.id));
  if (leader === null || voters.length < 2) return;
  const { term } = quorumOf(leader);
  holdDown(context, leader);
  leader.kill('killed', 'processOnly');
  let granter: SimNode | undefined;
  when(context, {
    pollMs: 0.2,
    isDue: () => (granter = voters.find((one) => hasGranted(one, term))) !== undefined,
    onDue: () => {
      if (granter === undefined) return;
      sometimes('fault: a voter loses its power when it has granted its vote');
      holdDown(context, granter);
      granter.kill('power', 'loseUnsynced');
    },
  });
}

function hasGranted({ id, services }: SimNode, sinceTerm: number): boolean {
  const status = services?.quorum.status;
  return status !== undefined && status.term > sinceTerm && status.vote !== null && status.vote !== id;
}

/** The database of the controller fails while it is being stopped, and it cannot do any more what it waits for. */
export function failInStop(context: FaultContext): void {
  const { cluster, prng, book } = context;
  const { loop } = cluster.world;
  const node = cluster.controller;
  if (node === null || node.broker === null || book.isHeld(node.id)) return;
  sometimes('fault: the database of the controller fails while it is stopped');
  node.stop();
  loop.after(prng.below(20), {
    owner: null,
    label: 'database fails',
    callback: () => void (node.database.isFailing = !cluster.world.network.isHealed),
  });
  replaceAfterwards(context, node, () => void (node.database.isFailing = false));
}
