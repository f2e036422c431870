/** Groups over a real log and a real leader of `__consumer_offsets`: what the log says later is what the shard said before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, Prng } from '@jackdaw/base';
import { defaultGroupConfig, type GroupShard } from '@jackdaw/coordinator';
import { defaultLogConfig, MemoryFs, type LogManager, type PartitionLog } from '@jackdaw/log';
import { encodeBatch, ErrorCode, uuidOf } from '@jackdaw/protocol';
import { PartitionLeader, type PartitionState } from '@jackdaw/replication';
import { nodeCodecs } from '../../src/codecs/exports.ts';
import { GroupService, offsetsTopic } from '../../src/groups/group-service.ts';
import { HostedPartition } from '../../src/replica/hosted-partition.ts';
import { imageOfTopics } from '../test-images.ts';
import { openTestLogs } from '../test-logs.ts';

const topicId = uuidOf(new Uint8Array(16).fill(3));
const ordersId = uuidOf(new Uint8Array(16).fill(4));
const groupId = 'g';
const replicas = [1, 2, 3] as const;

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

interface Settings {
  readonly maxLogBytes?: number;
  readonly offsetsRetentionMs?: number;
}

/** The leader of the only partition, whose followers have what the test says. */
class World {
  readonly clock = new ManualClock(0, 1_760_000_000_000);
  readonly hosted: HostedPartition;
  readonly logs: LogManager;
  readonly log: PartitionLog;
  readonly service: GroupService;
  readonly failures: string[] = [];
  readonly timers = new Set<() => void>();
  /** Added to the wall clock that commits are dated by. */
  wallJumpMs = 0;
  #state: PartitionState = { leader: 1, leaderEpoch: -1, partitionEpoch: 0, replicas, isr: replicas };

  private constructor(logs: LogManager, log: PartitionLog, settings: Settings) {
    this.logs = logs;
    this.log = log;
    this.hosted = new HostedPartition(
      { topicName: offsetsTopic, topicId, partition: 0 },
      { state: this.#state, isRecovering: false, isLost: false, isOnlyCandidate: true, directoryId: null },
    );
    this.hosted.log = log;
    const image = imageOfTopics([
      { name: offsetsTopic, topicId, partitions: 1, replicas },
      { name: 'orders', topicId: ordersId, partitions: 1, replicas },
    ]);
    this.service = new GroupService({
      clock: { monotonicMs: () => this.clock.monotonicMs(), wallMs: () => this.clock.wallMs() + this.wallJumpMs },
      trustedWallMs: () => logs.trustedWallMs(this.clock.wallMs() + this.wallJumpMs),
      scheduler: {
        setTimer: (_, callback) => {
          this.timers.add(callback);
          return { cancel: () => void this.timers.delete(callback) };
        },
        defer: setImmediate,
      },
      random: new Prng(1),
      config: { ...defaultGroupConfig, ...(settings.offsetsRetentionMs !== undefined && settings) },
      image: () => image,
      codecs: nodeCodecs,
      loadReadBytes: 1 << 20,
      maxLogBytes: () => settings.maxLogBytes ?? 1 << 30,
      onEvent: () => undefined,
      onCorrupt: () => undefined,
      onLoaded: () => undefined,
      onFailure: (what) => void this.failures.push(what),
    });
  }

  static async open(settings: Settings = {}): Promise<World> {
    const clock = new ManualClock(0, 1_760_000_000_000);
    const opened: { world?: World } = {};
    const onDurable = (): void => opened.world?.hosted.leader?.onLocalProgress(0);
    const logs = await openTestLogs({ fs: new MemoryFs(), clock }, { onDurable });
    const log = await logs.getOrCreate({ topicName: offsetsTopic, topicId, partition: 0 }, defaultLogConfig);
    opened.world = new World(logs, log, settings);
    return opened.world;
  }

  get leader(): PartitionLeader {
    return this.hosted.leader ?? assert.fail('no leader');
  }

  get shard(): GroupShard {
    const shard = this.service.shardOf(groupId);
    return typeof shard === 'number' ? assert.fail(`no shard: ${shard}`) : shard;
  }

  /** A new epoch of leadership, loaded. */
  async lead(): Promise<void> {
    const { leaderEpoch, partitionEpoch } = this.#state;
    this.#state = { ...this.#state, leaderEpoch: leaderEpoch + 1, partitionEpoch: partitionEpoch + 1 };
    this.log.assignEpochStartOffset(this.#state.leaderEpoch, this.log.logEndOffset);
    const leader = new PartitionLeader({
      nodeId: 1,
      state: this.#state,
      log: this.log,
      highWatermark: this.hosted.highWatermark,
      config: {
        minInsyncReplicas: () => 2,
        replicaLagTimeMaxMs: () => 1_000,
        broker: () => ({ brokerEpoch: 1, isFenced: false, isShuttingDown: false }),
      },
      nowMs: 0,
      onHighWatermark: () => this.hosted.notifyHighWatermark(),
      onUnsettled: () => undefined,
    });
    this.hosted.leader?.resign();
    this.hosted.changeRole({ kind: 'leader', leader });
    this.service.onRole(this.hosted);
    await settle();
    this.follow();
    await settle();
  }

  setIsr(isr: readonly number[]): void {
    this.#state = { ...this.#state, isr, partitionEpoch: this.#state.partitionEpoch + 1 };
    this.leader.onMetadata(this.#state, 0);
  }

  /** The followers have everything. */
  follow(): void {
    const { logEndOffset } = this.log;
    const position = { brokerEpoch: 1, fetchOffset: logEndOffset, durableOffset: logEndOffset, logStartOffset: 0 };
    for (const id of [2, 3]) this.leader.onFollowerPosition(id, position, 0);
  }

  async replicate(): Promise<void> {
    await settle();
    this.follow();
    await settle();
  }

  /** Time goes on, with the ticks of the service. */
  advance(deltaMs: number): void {
    for (let leftMs = deltaMs; leftMs > 0; leftMs -= 500) {
      this.clock.advance(Math.min(500, leftMs));
      for (const timer of [...this.timers]) {
        this.timers.delete(timer);
        timer();
      }
    }
  }

  commit(offset: number, { group = groupId, metadata = '' } = {}): { errorCode: number | null } {
    const answer: { errorCode: number | null } = { errorCode: null };
    const partitions = [{ partitionIndex: 0, committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: metadata }];
    this.shard.offsetCommit(
      {
        groupId: group,
        generationIdOrMemberEpoch: -1,
        memberId: '',
        groupInstanceId: null,
        retentionTimeMs: -1,
        topics: [{ name: 'orders', topicId: ordersId, partitions }],
      },
      { ...this.service.now(), clientId: '', clientHost: '/127.0.0.1', apiVersion: 9 },
      ({ topics }) => (answer.errorCode = topics[0]?.partitions[0]?.errorCode ?? null),
    );
    return answer;
  }

  /** What OffsetFetch may return, by group. */
  committed(): Record<string, number> {
    return Object.fromEntries(Array.from(this.shard.committedOffsets(), ({ groupId: id, offset }) => [id, offset]));
  }
}

test('D2: a deletion of a group that an ISR too small has left open says the same now and after a change of leader', async () => {
  const world = await World.open();
  await world.lead();
  const commit = world.commit(50);
  await world.replicate();
  assert.equal(commit.errorCode, ErrorCode.NONE);
  assert.deepEqual(world.committed(), { [groupId]: 50 });
  let answer: number | null = null;
  world.shard.deleteGroups([groupId], { ...world.service.now(), clientId: '', clientHost: '/', apiVersion: 2 }, ([result]) => {
    answer = result?.errorCode ?? null;
  });
  await settle();
  world.setIsr([1]);
  world.advance(6_000);
  assert.equal(answer, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  world.setIsr([1, 2, 3]);
  await world.replicate();
  const before = world.committed();
  await world.lead();
  assert.deepEqual([before, world.committed()], [{}, {}]);
  world.service.close();
});

test('groups that could not be loaded are loaded again while the broker still leads', async () => {
  const world = await World.open();
  // No record of ours: its value has a version that does not exist.
  const broken = { key: Buffer.from([0, 1, 0, 1, 103, 0, 1, 111, 0, 0, 0, 0]), value: Buffer.from([0, 99]), timestamp: 1 };
  world.log.appendAsFollower(encodeBatch({ records: [broken], leaderEpoch: 0, baseOffset: 0 }));
  await world.lead();
  assert.deepEqual(world.failures, ['load groups']);
  assert.equal(world.shard.isActive, false);
  world.log.advanceLogStartOffset(1, 1);
  world.advance(4_000);
  await settle();
  assert.equal(world.shard.isActive, false);
  world.advance(2_000);
  await settle();
  assert.equal(world.shard.isActive, true);
  const commit = world.commit(3);
  await world.replicate();
  assert.equal(commit.errorCode, ErrorCode.NONE);
  world.service.close();
});

test('B19: a wall clock that is days ahead for a round of expiry costs no group its offsets (D9)', async () => {
  const world = await World.open({ offsetsRetentionMs: 86_400_000 });
  await world.lead();
  world.commit(5);
  await world.replicate();
  world.advance(60_000);
  world.wallJumpMs = 8 * 86_400_000;
  world.advance(600_000);
  world.wallJumpMs = 0;
  await world.replicate();
  world.advance(60_000);
  assert.deepEqual(world.committed(), { [groupId]: 5 });
  world.service.close();
});

test('the state of many groups is written anew in batches of bounded size, and nothing of it is lost', async () => {
  const world = await World.open({ maxLogBytes: 2_000_000 });
  await world.lead();
  const metadata = 'm'.repeat(4_000);
  for (let i = 0; i < 300; i++) world.commit(i, { group: `group-${i}`, metadata });
  await world.replicate();
  for (let i = 0; i < 300; i++) world.commit(i + 1, { group: `group-${i}`, metadata });
  await world.replicate();
  const before = world.committed();
  const { logEndOffset } = world.log;
  world.advance(6_000);
  await world.replicate();
  assert.equal(world.log.logStartOffset, logEndOffset);
  const read = await world.log.read({
    fetchOffset: logEndOffset,
    maxOffset: world.log.logEndOffset,
    maxBytes: 1,
    minOneBatch: true,
  });
  assert.ok(read.kind === 'data' && read.sizeBytes > 400_000 && read.sizeBytes < 600_000);
  await world.lead();
  assert.deepEqual(world.committed(), before);
  assert.equal(before['group-299'], 300);
  world.service.close();
});
