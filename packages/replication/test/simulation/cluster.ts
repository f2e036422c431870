/**
 * A seeded walk through what can happen to three replicas of one partition, with every invariant checked at each step.
 *
 * One event at a time: a message arrives, something is appended, flushed, pushed or asked, a broker pauses, dies or comes
 * back, the controller fences or elects. Each seed draws its own odds (swarm testing). Then everything heals, and the
 * replicas must become equal. No wall clock, no other randomness: a seed reproduces a run.
 */
import { Prng } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import { Checker, expectInvariant } from './checker.ts';
import { SimulatedController, type AlterPartition, type AlterPartitionAnswer } from './simulated-controller.ts';
import { SimulatedReplica } from './simulated-replica.ts';
import type { Stream } from './stream.ts';

const ids = [1, 2, 3];
const replicaLagTimeMaxMs = 40;
const maxRecordsPerPush = 4;
const healingRounds = 60;
/** What is not possible now is drawn again, so many times in one step. */
const maxDraws = 6;

export interface SimulationResult {
  /** Sums up the run; equal for equal seeds. */
  readonly fingerprint: string;
  readonly counts: ReadonlyMap<string, number>;
}

interface PendingAnswer {
  readonly request: AlterPartition;
  readonly answer: AlterPartitionAnswer;
}

/** Something that may happen, and how likely; `happen` is false when it is not possible now. */
interface Action {
  readonly weight: number;
  readonly happen: () => boolean;
}

export function runSimulation(seed: number, events = 700): SimulationResult {
  const cluster = new Cluster(seed);
  for (let event = 0; event < events; event++) cluster.step();
  cluster.heal();
  return cluster.result();
}

class Cluster {
  readonly #prng: Prng;
  readonly #counts = new Map<string, number>();
  readonly #checker = new Checker();
  readonly #controller: SimulatedController;
  readonly #replicas: SimulatedReplica[];
  #streams: Stream[] = [];
  /** Requests on their way to the controller, and its answers on their way back; FIFO for each broker. */
  #requests: AlterPartition[] = [];
  #answers: PendingAnswer[] = [];
  #nowMs = 0;
  #nextValue = 1;
  #events = 0;
  readonly #actions: Action[];
  readonly #totalWeight: number;
  readonly #lossChance: number;
  /** A replica that gets new records much later than the others; 0 for none. */
  readonly #slowId: number;

  constructor(seed: number) {
    this.#prng = new Prng(seed);
    this.#lossChance = this.#prng.chance(0.3) ? 0 : this.#prng.float() * 0.4;
    this.#slowId = this.#prng.between(0, ids.length);
    this.#controller = new SimulatedController({
      ids,
      prng: this.#prng,
      onElected: (leader, leaderEpoch) => {
        this.#count('election');
        this.#checker.onElected(this.#replicaOf(leader), leaderEpoch);
      },
    });
    const minInsyncReplicas = this.#prng.between(1, 2);
    this.#replicas = [];
    for (const id of ids) {
      this.#replicas.push(
        new SimulatedReplica({
          id,
          controller: this.#controller,
          checker: this.#checker,
          minInsyncReplicas,
          replicaLagTimeMaxMs,
          nowMs: () => this.#nowMs,
          count: (event) => this.#count(event),
        }),
      );
    }
    this.#actions = this.#drawActions();
    this.#totalWeight = this.#actions.reduce((sum, action) => sum + action.weight, 0);
  }

  step(): void {
    this.#events++;
    this.#nowMs += this.#prng.below(3);
    for (let draws = 0; draws < maxDraws; draws++) if (this.#drawAction().happen()) break;
    this.#checker.afterEvent(this.#replicas);
  }

  #drawAction(): Action {
    let place = this.#prng.float() * this.#totalWeight;
    const drawn = this.#actions.find(({ weight }) => (place -= weight) < 0);
    return drawn ?? (this.#actions[0] as Action);
  }

  result(): SimulationResult {
    const { state } = this.#controller.current;
    const logs = this.#replicas.map(({ log }) => log.toString()).join('|');
    this.#counts.set('acknowledged records', this.#checker.ackedCount);
    return { fingerprint: `${this.#events} ${this.#nowMs} ${JSON.stringify(state)} ${logs}`, counts: this.#counts };
  }

  /** Every action with odds of its own; rare faults are absent from some seeds altogether. */
  #drawActions(): Action[] {
    const prng = this.#prng;
    const often = (): number => 4 + prng.float() * 12;
    const sometimes = (): number => (prng.chance(0.2) ? 0 : prng.float() * 2);
    const storm = prng.chance(0.5) ? 0.6 : 4;
    const rarely = (): number => (prng.chance(0.3) ? 0 : prng.float() * storm);
    return [
      { weight: often(), happen: () => this.#produce() },
      { weight: 2 * often(), happen: () => this.#deliverUp() },
      { weight: 2 * often(), happen: () => this.#deliverDown() },
      { weight: 2 * often(), happen: () => this.#any((stream) => this.#push(stream)) },
      { weight: often(), happen: () => this.#openFetch(this.#randomReplica()) },
      { weight: often(), happen: () => this.#flush(this.#randomReplica()) },
      { weight: 2 * often(), happen: () => this.#randomReplica().sendPosition() },
      { weight: often(), happen: () => this.#randomReplica().applyNextVersion() },
      { weight: often(), happen: () => this.#ask(this.#randomReplica()) },
      { weight: often(), happen: () => this.#handleRequest() },
      { weight: often(), happen: () => this.#deliverAnswer() },
      { weight: 3 * sometimes(), happen: () => this.#giveUpAsking(this.#randomReplica()) },
      { weight: sometimes(), happen: () => this.#randomReplica().timeOutProduce() },
      { weight: sometimes(), happen: () => this.#any((stream) => this.#reset(stream)) },
      { weight: rarely(), happen: () => this.#passTime() },
      { weight: rarely(), happen: () => this.#crash(this.#randomReplica()) },
      { weight: often() / 4, happen: () => this.#restart(this.#randomReplica()) },
      { weight: rarely(), happen: () => this.#pause(this.#randomReplica()) },
      { weight: often() / 4, happen: () => this.#resume(this.#randomReplica()) },
      { weight: rarely(), happen: () => this.#fence(this.#randomReplica()) },
      { weight: often() / 2, happen: () => this.#unfence(this.#randomReplica()) },
      { weight: rarely(), happen: () => this.#moveLeadership() },
      { weight: rarely() / 2, happen: () => this.#beginShutdown(this.#randomReplica()) },
    ];
  }

  // Load and replication ------------------------------------------------------------------------------------------

  #produce(): boolean {
    const values: number[] = [];
    for (let n = this.#prng.between(1, 3); n > 0; n--) values.push(this.#nextValue++);
    return this.#randomReplica().produce(this.#prng.chance(0.7) ? -1 : 1, values);
  }

  #flush(replica: SimulatedReplica): boolean {
    const { durableOffset, logEndOffset } = replica.log;
    return replica.flush(this.#prng.between(durableOffset, logEndOffset));
  }

  #openFetch(replica: SimulatedReplica): boolean {
    if (replica.follower === null || replica.handle !== 0) return false;
    const stream = replica.openFetch();
    if (stream !== null) this.#streams.push(stream);
    return true;
  }

  #push(stream: Stream): boolean {
    if (stream.followerId === this.#slowId && this.#prng.chance(0.8)) return false;
    return this.#replicaOf(stream.leaderId).push(stream, this.#prng.between(0, maxRecordsPerPush));
  }

  #deliverUp(): boolean {
    const stream = this.#pick(this.#streams.filter(({ up, leaderId }) => up.length > 0 && this.#replicaOf(leaderId).isRunning));
    const message = stream?.up.shift();
    if (stream === undefined || message === undefined) return false;
    if (stream.isReset) this.#count('message of an old stream arrives');
    this.#replicaOf(stream.leaderId).onUp(stream, message);
    this.#streams = this.#streams.filter(({ up, isReset }) => !isReset || up.length > 0);
    return true;
  }

  #deliverDown(): boolean {
    const stream = this.#pick(
      this.#streams.filter(({ down, followerId }) => down.length > 0 && this.#replicaOf(followerId).isRunning),
    );
    const message = stream?.down.shift();
    if (stream === undefined || message === undefined) return false;
    const follower = this.#replicaOf(stream.followerId);
    const leader = this.#replicaOf(stream.leaderId);
    const isSameEpoch = leader.leader !== null && leader.leader.leaderEpoch === follower.follower?.leaderEpoch;
    follower.onDown(stream, message, isSameEpoch ? leader.log : null);
    return true;
  }

  #reset(stream: Stream): boolean {
    stream.reset(this.#prng.between(0, stream.up.length));
    const follower = this.#replicaOf(stream.followerId);
    if (follower.stream === stream) {
      follower.stream = null;
      follower.handle = 0;
    }
    this.#count('stream reset');
    return true;
  }

  // ISR changes ---------------------------------------------------------------------------------------------------

  #ask(replica: SimulatedReplica): boolean {
    const request = replica.askForIsrChange();
    if (request === null) return false;
    if (this.#prng.chance(this.#lossChance)) this.#count('ISR request lost');
    else this.#requests.push(request);
    return true;
  }

  #handleRequest(): boolean {
    const request = this.#pickFifo(this.#requests, (one) => one.brokerId);
    if (request === undefined) return false;
    this.#requests = this.#requests.filter((other) => other !== request);
    const answer = this.#controller.alterPartition(request);
    this.#count('error' in answer ? `ISR change refused with ${answer.error}` : 'ISR change committed');
    if (this.#replicaOf(request.brokerId).asked !== request) this.#count('ISR request handled late');
    if (this.#prng.chance(this.#lossChance)) this.#count('ISR answer lost');
    else this.#answers.push({ request, answer });
    return true;
  }

  /** As in the driver, only the answer to the newest question of the same leader object reaches the core. */
  #deliverAnswer(): boolean {
    const pending = this.#pick(this.#answers);
    if (pending === undefined) return false;
    this.#answers = this.#answers.filter((other) => other !== pending);
    const replica = this.#replicaOf(pending.request.brokerId);
    if (!replica.isRunning || replica.asked !== pending.request) return true;
    replica.asked = null;
    if (replica.leader === replica.askedBy) replica.leader?.onIsrAnswer(pending.answer, this.#nowMs);
    return true;
  }

  /** The outcome stays unknown: the request may have been lost, may be on its way, or may be committed. */
  #giveUpAsking(replica: SimulatedReplica): boolean {
    if (!replica.isRunning || replica.asked === null) return false;
    replica.asked = null;
    if (replica.leader === replica.askedBy) replica.leader?.onIsrAnswer({ error: ErrorCode.REQUEST_TIMED_OUT }, this.#nowMs);
    this.#count('ISR answer timed out');
    return true;
  }

  // Faults --------------------------------------------------------------------------------------------------------

  /** Long enough for silent followers to leave the ISR. */
  #passTime(): boolean {
    this.#nowMs += replicaLagTimeMaxMs;
    return true;
  }

  #crash(replica: SimulatedReplica): boolean {
    if (!replica.isUp) return false;
    const kind = this.#prng.below(8);
    const checkpoint = this.#prng.between(0, replica.highWatermark);
    if (kind < 2) replica.crash('clean', checkpoint);
    else if (kind < 5 && this.#mayLoseDurable(replica)) {
      // A disk that loses what it had synced: noticed at once, while another member of the ISR has everything.
      this.#count('durable records lost');
      replica.crash({ loseFrom: this.#prng.between(0, replica.log.durableOffset) }, checkpoint);
      this.#controller.fence(replica.id);
    } else replica.crash('powerLoss', checkpoint);
    this.#count('crash');
    for (const stream of this.#streams.filter(({ leaderId }) => leaderId === replica.id)) {
      this.#reset(stream);
      stream.up.length = 0;
    }
    return true;
  }

  #mayLoseDurable({ id }: SimulatedReplica): boolean {
    return this.#controller.current.state.isr.some((member) => member !== id);
  }

  #restart(replica: SimulatedReplica): boolean {
    if (replica.isUp) return false;
    replica.restart();
    return true;
  }

  #pause(replica: SimulatedReplica): boolean {
    if (!replica.isRunning) return false;
    replica.isPaused = true;
    this.#count(replica.leader === null ? 'follower paused' : 'leader paused');
    return true;
  }

  #resume(replica: SimulatedReplica): boolean {
    if (!replica.isPaused) return false;
    if (replica.leader !== null && this.#controller.current.state.leader !== replica.id) this.#count('deposed leader wakes');
    replica.isPaused = false;
    return true;
  }

  /** A session ends: of a broker that is down or paused, or of one that only could not be heard. */
  #fence(replica: SimulatedReplica): boolean {
    if (this.#controller.factsOf(replica.id).isFenced) return false;
    this.#controller.fence(replica.id);
    this.#count('fenced');
    return true;
  }

  /** A broker that has applied the newest metadata may serve again. */
  #unfence(replica: SimulatedReplica): boolean {
    const facts = this.#controller.factsOf(replica.id);
    const mayServe = replica.isRunning && facts.brokerEpoch === replica.brokerEpoch && (facts.isFenced || facts.isShuttingDown);
    if (!mayServe || replica.appliedVersion + 1 < this.#controller.versions.length) return false;
    this.#controller.unfence(replica.id);
    return true;
  }

  #moveLeadership(): boolean {
    this.#controller.moveLeadership();
    return true;
  }

  #beginShutdown(replica: SimulatedReplica): boolean {
    if (!replica.isUp || this.#controller.factsOf(replica.id).isFenced) return false;
    this.#controller.beginShutdown(replica.id);
    return true;
  }

  // Healing -------------------------------------------------------------------------------------------------------

  /** Phase 2: no more faults. The partition must have a leader, a full ISR and equal logs, and every request an answer. */
  heal(): void {
    for (const replica of this.#replicas) {
      this.#restart(replica);
      this.#resume(replica);
    }
    for (let round = 0; round < healingRounds; round++) {
      this.#healOnce();
      if (round === healingRounds / 2) for (const replica of this.#replicas) replica.produce(-1, [this.#nextValue++]);
    }
    const { state } = this.#controller.current;
    const end = this.#replicaOf(state.leader).log.logEndOffset;
    expectInvariant(state.isr.length === ids.length, 'Converges', `the ISR is ${state.isr.join()} after healing`);
    for (const { log, highWatermark, id } of this.#replicas) {
      const offsets = `end ${log.logEndOffset}, high watermark ${highWatermark} of ${end}`;
      expectInvariant(log.logEndOffset === end && highWatermark === end, 'Converges', `replica ${id}: ${offsets}`);
      expectInvariant(log.toString() === this.#replicas[0]?.log.toString(), 'LogsEqual', `replica ${id} differs`);
    }
  }

  #healOnce(): void {
    this.#nowMs += 1;
    for (const replica of this.#replicas) {
      this.#repeat(() => replica.applyNextVersion());
      this.#unfence(replica);
      this.#openFetch(replica);
      this.#repeat(() => replica.flush(replica.log.logEndOffset));
      replica.sendPosition();
      this.#giveUpAsking(replica);
      this.#ask(replica);
    }
    this.#repeat(() => this.#handleRequest());
    this.#repeat(() => this.#deliverAnswer());
    for (const stream of this.#streams) this.#replicaOf(stream.leaderId).push(stream, 1000);
    this.#repeat(() => this.#deliverUp());
    this.#repeat(() => this.#deliverDown());
  }

  #repeat(happen: () => boolean): void {
    while (happen()) this.#checker.afterEvent(this.#replicas);
  }

  // Choosing ------------------------------------------------------------------------------------------------------

  #replicaOf(id: number): SimulatedReplica {
    return this.#replicas[id - 1] as SimulatedReplica;
  }

  #randomReplica(): SimulatedReplica {
    return this.#replicaOf(this.#prng.between(1, ids.length));
  }

  #any(happen: (stream: Stream) => boolean): boolean {
    const stream = this.#pick(this.#streams.filter(({ isReset }) => !isReset));
    return stream !== undefined && happen(stream);
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items.length === 0 ? undefined : items[this.#prng.below(items.length)];
  }

  /** The oldest item of a randomly chosen sender. */
  #pickFifo<T>(items: readonly T[], senderOf: (item: T) => number): T | undefined {
    const chosen = this.#pick(items);
    return chosen === undefined ? undefined : items.find((item) => senderOf(item) === senderOf(chosen));
  }

  #count(event: string): void {
    this.#counts.set(event, (this.#counts.get(event) ?? 0) + 1);
  }
}
