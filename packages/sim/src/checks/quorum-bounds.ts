/**
 * Bounds in time of the quorum's leadership, by who could hear whom.
 *
 *   LeaderWithoutQuorumStepsDown  a leader that a majority cannot have reached for an election timeout does not lead (E5)
 *   NoTermWithoutPreVotes         nobody begins a term who cannot have heard a majority lately (pre-vote; E5)
 *   HealthyLeaderIsNotDeposed     nobody begins a term while a majority hears its leader (lease; E5, E10)
 */
import type { SoftState } from '@jackdaw/raft';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import { fail } from './check.ts';
import { isPunctual, latenessMs, type Reach } from './reach.ts';
import type { Family, LiveNode } from './watch.ts';

interface Leadership {
  readonly live: LiveNode;
  readonly term: number;
  readonly sinceMs: number;
}

/** Clocks of machines run so much faster or slower at most. */
const drift = 1.06;
/** An election timeout is counted in ticks of a twentieth. */
const toleratedShare = 1.2;
/** Until connections are there again when a way has opened, at most. */
const reconnectMs = 1_000;
const transferMark = 'raft: told to campaign at once';

export class QuorumBounds implements Family {
  readonly #reach: Reach;
  readonly #seen = new Map<LiveNode, SoftState>();
  readonly #leaderships = new Map<LiveNode, Leadership>();
  /** When somebody was last told to take over: it asks nobody first. */
  #transferMs = Number.NEGATIVE_INFINITY;

  constructor(reach: Reach) {
    this.#reach = reach;
  }

  onEvent(live: LiveNode): void {
    const state = live.services.quorum.softState;
    const before = this.#seen.get(live);
    if (before === state) return;
    this.#seen.set(live, state);
    const { nowMs } = live.cluster.world.loop;
    if (state.role === 'leader') {
      if (this.#leaderships.get(live)?.term !== state.term) {
        this.#leaderships.set(live, { live, term: state.term, sinceMs: nowMs });
      }
    } else this.#leaderships.delete(live);
    if (state.role === 'candidate' && (before === undefined || before.term < state.term)) this.#onCandidate(live, state.term);
  }

  onDied(live: LiveNode): void {
    this.#seen.delete(live);
    this.#leaderships.delete(live);
  }

  onMark({ cluster }: LiveNode, name: string): void {
    if (name === transferMark) this.#transferMs = cluster.world.loop.nowMs;
  }

  onTime(cluster: SimCluster): void {
    for (const leadership of this.#leaderships.values()) this.#expectContact(cluster, leadership);
  }

  #expectContact(cluster: SimCluster, { live, term, sinceMs }: Leadership): void {
    const { voters } = cluster.plan;
    const { id } = live.node;
    const nowMs = cluster.world.loop.nowMs;
    const limitMs = electionMs(cluster) * drift * toleratedShare + latenessMs(cluster) + 50;
    const reach = this.#reach;
    if (nowMs - Math.max(sinceMs, reach.upSinceMs(id)) <= limitMs) return;
    const silent = voters.filter((voter) => voter !== id && nowMs - reach.silentSinceMs(voter, id) > limitMs);
    if ((voters.length - silent.length) * 2 > voters.length) return;
    // A slow disk keeps the driver from telling for a while what the state machine has done already.
    if (live.services.quorum.status.role !== 'leader') return;
    const detail = `leads in term ${term}, and nodes ${silent.join()} cannot have reached it for ${Math.round(limitMs)} ms`;
    fail('LeaderWithoutQuorumStepsDown', `${live.label} ${detail}`);
  }

  #onCandidate(live: LiveNode, term: number): void {
    const { cluster, node } = live;
    const { nowMs } = cluster.world.loop;
    const { voters } = cluster.plan;
    const reach = this.#reach;
    // Since the last look a voter may have woken up, and granted its pre-vote.
    reach.look();
    const sinceMs = nowMs - 2 * electionMs(cluster) * drift - latenessMs(cluster);
    if (this.#transferMs > sinceMs) return;
    const silent = voters.filter((id) => id !== node.id && reach.silentSinceMs(id, node.id) < sinceMs);
    if ((voters.length - silent.length) * 2 <= voters.length) {
      fail(
        'NoTermWithoutPreVotes',
        `${live.label} begins term ${term}; nodes ${silent.join()} cannot have granted it a pre-vote`,
      );
    }
    if (isPunctual(cluster)) this.#expectNoHealthyLeader(live, term);
  }

  #expectNoHealthyLeader(live: LiveNode, term: number): void {
    const { cluster, node } = live;
    const { voters } = cluster.plan;
    const reach = this.#reach;
    const sinceMs = cluster.world.loop.nowMs - 1.5 * electionMs(cluster) * drift;
    for (const { live: leader, term: ledTerm, sinceMs: ledSinceMs } of this.#leaderships.values()) {
      if (ledTerm !== term - 1 || leader === live || ledSinceMs > sinceMs) continue;
      const loyal = voters.filter((id) => id !== node.id && reach.wellSinceMs(leader.node.id, id) < sinceMs - reconnectMs);
      if ((voters.length - loyal.length) * 2 > voters.length) continue;
      const detail = `begins term ${term}, while nodes ${loyal.join()} hear ${leader.label}, which leads in term ${ledTerm}`;
      fail('HealthyLeaderIsNotDeposed', `${live.label} ${detail}`);
    }
  }
}

function electionMs({ plan }: SimCluster): number {
  return Number(plan.settings['controller.quorum.election.timeout.ms']);
}
