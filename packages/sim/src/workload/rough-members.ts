/**
 * Members of a consumer group that speak the group protocol as badly as it may be spoken.
 *
 * Our own group consumer joins at once when it is told to, asks for its assignment at once, and commits only what it owns. Real
 * ones stall between any two of these steps. These do: they dawdle, come as somebody they no longer are, repeat themselves over
 * another connection, leave while they are waited for, and speak of generations that are over. They consume nothing.
 */
import { apis, describeGroup, type Cluster, type CommitMember } from '@jackdaw/client';
import { ErrorCode, type JoinGroupResponse } from '@jackdaw/protocol';
import type { SimClient } from '../node/sim-client.ts';
import { pick, singleAttempt, type WatchedPartition, type WorkloadContext } from './context.ts';
import { commitOnce, readGroupOffsets } from './group-offsets.ts';

const groupName = 'the-rough-group';
/** Nobody ever joins it. */
const strangerGroup = 'nobodys-group';
/** Where the members wait for each other, and where they say what cannot wait. */
const waitingLane = 'waiting';
const hastyLane = 'hasty';
const pauseMs = 100;
const extraPatienceMs = 1_500;
const minSessionTimeoutMs = 600;
const maxSessionTimeoutMs = 1_500;
const minRebalanceTimeoutMs = 250;
const maxRebalanceTimeoutMs = 800;

/** What all of them share. */
interface Group {
  /** Offsets that are committed grow from one attempt to the next, whoever makes it: none may go back (D2). */
  nextOffset: number;
  readonly about: WatchedPartition;
  /** One attempt at a time: of two, nobody could say which came first. */
  isCommitting: boolean;
}

export function startRoughMembers(context: WorkloadContext): void {
  const { roughMembers } = context.plan.workload;
  if (roughMembers === 0) return;
  const observer = context.newClient('rough-observer', singleAttempt);
  const group = { nextOffset: 1, about: pick(observer.prng, context.partitions), isCommitting: false };
  for (let i = 1; i <= roughMembers; i++) {
    const client = context.newClient(`rough-${i}`, singleAttempt);
    // Two of three are static, some of them under one name.
    const instanceId = client.prng.chance(1 / 3) ? null : `rough-instance-${client.prng.chance(0.8) ? i : 1}`;
    context.run(client, 'be a rough member', () => new RoughMember(context, client, { group, instanceId }).run());
  }
  context.run(observer, 'wait until the rough group is empty', () => observe(context, observer, group));
}

async function observe(context: WorkloadContext, client: SimClient, { about }: Group): Promise<void> {
  const cluster = await context.connect(client);
  while (!(context.isDraining && (await isDeserted(context, client, cluster)))) {
    await client.sleep(3 * pauseMs);
    if (!client.prng.chance(0.3)) continue;
    await readGroupOffsets(context, { cluster, process: client.name, group: groupName, partitions: [about] });
  }
  await cluster.close();
}

async function isDeserted(context: WorkloadContext, client: SimClient, cluster: Cluster): Promise<boolean> {
  if (context.hasOpen('rough-') && [...context.openTasks].some((task) => task.includes('be a rough member'))) return false;
  try {
    const { group } = await describeGroup(cluster, groupName);
    return group === undefined || group.state === 'Empty' || group.state === 'Dead';
  } catch (error) {
    context.noteError(client.name, error, 'describe the rough group');
    await cluster.fetchMetadata([]).catch(() => undefined);
    return false;
  }
}

class RoughMember {
  readonly #context: WorkloadContext;
  readonly #client: SimClient;
  readonly #group: Group;
  readonly #instanceId: string | null;
  readonly #sessionTimeoutMs: number;
  readonly #rebalanceTimeoutMs: number;
  #memberId = '';
  /** Ids that it had before. */
  #formerId = '';
  #generationId = -1;

  constructor(context: WorkloadContext, client: SimClient, { group, instanceId }: { group: Group; instanceId: string | null }) {
    this.#context = context;
    this.#client = client;
    this.#group = group;
    this.#instanceId = instanceId;
    this.#sessionTimeoutMs = client.prng.between(minSessionTimeoutMs, maxSessionTimeoutMs);
    this.#rebalanceTimeoutMs = client.prng.between(minRebalanceTimeoutMs, maxRebalanceTimeoutMs);
  }

  async run(): Promise<void> {
    const { prng } = this.#client;
    const cluster = await this.#context.connect(this.#client);
    while (!this.#context.isDraining) {
      try {
        await this.#live(cluster);
      } catch (error) {
        this.#context.noteError(this.#client.name, error, 'be a member');
        cluster.forgetCoordinator('group', groupName);
        await cluster.fetchMetadata([]).catch(() => undefined);
      }
      await this.#client.sleep(prng.between(1, pauseMs));
    }
    await this.#leave(cluster).catch(() => undefined);
    await cluster.close();
  }

  /** One generation, from the join to the next rebalance, or as much of it as the member takes part in. */
  async #live(cluster: Cluster): Promise<void> {
    const { prng } = this.#client;
    if (prng.chance(0.05)) await this.#commit(cluster, { groupId: strangerGroup, generationId: 1 });
    const joined = await this.#join(cluster);
    if (joined === null) return;
    const mood = prng.float();
    if (mood < 0.15) await this.#commit(cluster, {});
    else if (mood < 0.3) await this.#sync(cluster, joined, joined.generationId - 1);
    else if (mood < 0.4 && this.#instanceId !== null) return this.#forgetItself();
    else if (mood < 0.55) return await this.#dawdle(cluster);
    await this.#client.sleep(prng.between(0, prng.chance(0.7) ? 10 : this.#rebalanceTimeoutMs));
    if (!(await this.#sync(cluster, joined, joined.generationId))) return;
    if (prng.chance(0.1)) await this.#sync(cluster, joined, joined.generationId);
    while (!this.#context.isDraining) {
      if (!(await this.#stayOn(cluster))) return;
    }
  }

  /** One step of a member that has its assignment. False when it shall join anew. */
  async #stayOn(cluster: Cluster): Promise<boolean> {
    const { prng } = this.#client;
    await this.#client.sleep(prng.between(10, this.#sessionTimeoutMs / 3));
    const mood = prng.float();
    if (mood < 0.06) {
      await this.#leave(cluster);
      return false;
    }
    if (mood < 0.1) {
      this.#forgetItself();
      return false;
    }
    if (mood < 0.3) await this.#commit(cluster, {});
    else if (mood < 0.38) await this.#beat(cluster, this.#generationId - 1);
    const error = await this.#beat(cluster, this.#generationId);
    if (error === ErrorCode.REBALANCE_IN_PROGRESS && prng.chance(this.#instanceId === null ? 0.4 : 0.6))
      await this.#dawdle(cluster);
    return error === ErrorCode.NONE;
  }

  /** It shows that it lives, and does nothing that it is waited for. */
  async #dawdle(cluster: Cluster): Promise<void> {
    const { loop } = this.#context.cluster.world;
    const endMs = loop.nowMs + this.#rebalanceTimeoutMs * (1 + this.#client.prng.float());
    while (loop.nowMs < endMs && !this.#context.isDraining) {
      await this.#beat(cluster, this.#generationId);
      await this.#client.sleep(this.#sessionTimeoutMs / 4);
    }
  }

  /** As after a crash: a dynamic member's session runs out, a static one comes back under another id. */
  #forgetItself(): void {
    this.#formerId = this.#memberId;
    this.#memberId = '';
  }

  /** Null when it did not become a member of a generation. */
  async #join(cluster: Cluster): Promise<JoinGroupResponse | null> {
    const { prng } = this.#client;
    const isImpostor = this.#formerId !== '' && prng.chance(0.15);
    const joining = this.#askToJoin(cluster, isImpostor ? this.#formerId : this.#memberId, waitingLane);
    // Its fate is told below; until then nobody listens to a refusal.
    joining.catch(() => undefined);
    const isPatient = prng.chance(0.6);
    if (!isPatient) await this.#pester(cluster, joining);
    const joined = await joining;
    if (joined.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
      if (prng.chance(0.1)) return null;
      this.#memberId = joined.memberId;
      return await this.#settle(this.#askToJoin(cluster, joined.memberId, waitingLane));
    }
    return isImpostor && joined.errorCode !== ErrorCode.NONE ? null : await this.#settle(Promise.resolve(joined));
  }

  async #settle(answer: Promise<JoinGroupResponse>): Promise<JoinGroupResponse | null> {
    const joined = await answer;
    if (joined.errorCode !== ErrorCode.NONE) {
      if (joined.errorCode === ErrorCode.UNKNOWN_MEMBER_ID || joined.errorCode === ErrorCode.FENCED_INSTANCE_ID)
        this.#memberId = '';
      return null;
    }
    this.#memberId = joined.memberId;
    this.#generationId = joined.generationId;
    return joined;
  }

  /** While its join waits for the others: it asks again, or leaves. */
  async #pester(cluster: Cluster, joining: Promise<unknown>): Promise<void> {
    const { prng } = this.#client;
    await Promise.race([joining.catch(() => undefined), this.#client.sleep(prng.between(5, this.#rebalanceTimeoutMs))]);
    if (this.#memberId === '') return;
    if (prng.chance(0.6)) await this.#askToJoin(cluster, this.#memberId, hastyLane);
    else if (prng.chance(0.5)) await this.#leave(cluster);
  }

  async #askToJoin(cluster: Cluster, memberId: string, lane: string): Promise<JoinGroupResponse> {
    const draft = {
      groupId: groupName,
      sessionTimeoutMs: this.#sessionTimeoutMs,
      rebalanceTimeoutMs: this.#rebalanceTimeoutMs,
      memberId,
      groupInstanceId: this.#instanceId,
      protocolType: 'rough',
      protocols: [{ name: 'any', metadata: Buffer.from(this.#client.name) }],
    };
    const timeoutMs = this.#rebalanceTimeoutMs + extraPatienceMs;
    return await cluster.callNode(await this.#coordinator(cluster), apis.joinGroup, draft, { lane, timeoutMs });
  }

  /** True when it has its assignment. */
  async #sync(cluster: Cluster, joined: JoinGroupResponse, generationId: number): Promise<boolean> {
    const isLeader = joined.leader === this.#memberId;
    const assignments = isLeader
      ? joined.members.map(({ memberId }) => ({ memberId, assignment: Buffer.from(`${generationId} ${memberId}`) }))
      : [];
    const draft = {
      groupId: groupName,
      generationId,
      memberId: this.#memberId,
      groupInstanceId: this.#instanceId,
      protocolType: 'rough',
      protocolName: joined.protocolName,
      assignments,
    };
    const timeoutMs = this.#rebalanceTimeoutMs + extraPatienceMs;
    const body = await cluster.callNode(await this.#coordinator(cluster), apis.syncGroup, draft, {
      lane: waitingLane,
      timeoutMs,
    });
    if (body.errorCode !== ErrorCode.NONE) return false;
    const process = this.#instanceId ?? this.#memberId;
    const reader = `${this.#client.name}@${generationId}`;
    this.#context.recorder.add({ op: 'own', process, group: groupName, generation: generationId, keys: [], reader });
    return true;
  }

  async #beat(cluster: Cluster, generationId: number): Promise<number> {
    const draft = { groupId: groupName, generationId, memberId: this.#memberId, groupInstanceId: this.#instanceId };
    const node = await this.#coordinator(cluster);
    return (await cluster.callNode(node, apis.heartbeat, draft, { lane: hastyLane })).errorCode;
  }

  async #commit(cluster: Cluster, about: { groupId?: string; generationId?: number }): Promise<void> {
    const { groupId: group = groupName, generationId = this.#generationId } = about;
    const { topic, partition } = this.#group.about;
    if (this.#group.isCommitting) return;
    this.#group.isCommitting = true;
    const offset = this.#group.nextOffset++;
    const member: CommitMember = { memberId: this.#memberId, generationId, groupInstanceId: this.#instanceId };
    const process = this.#client.name;
    await commitOnce(this.#context, { cluster, process, group, offsets: [{ topic, partition, offset }], member });
    this.#group.isCommitting = false;
  }

  /** By its id; or, as an administrator would, by its name. */
  async #leave(cluster: Cluster): Promise<void> {
    const isNamed = this.#instanceId !== null && this.#client.prng.chance(0.5);
    if (this.#memberId === '' && !isNamed) return;
    const member = { memberId: isNamed ? '' : this.#memberId, groupInstanceId: this.#instanceId, reason: 'it is rough' };
    this.#forgetItself();
    const draft = { groupId: groupName, memberId: member.memberId, members: [member] };
    await cluster.callNode(await this.#coordinator(cluster), apis.leaveGroup, draft, { lane: hastyLane });
  }

  #coordinator(cluster: Cluster): Promise<number> {
    return cluster.coordinatorOf('group', groupName);
  }
}
