/**
 * Everybody who uses the cluster in a run, from the first record to the final read.
 *
 * In the end nothing new is begun and all requests come to their ends; then the ends of all logs are asked for, readers and
 * the group read up to them, and only then is the workload quiet.
 */
import { mayLose } from '../cluster/plan.ts';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import { startAdmin } from './admin.ts';
import { messageOf, WorkloadContext } from './context.ts';
import { startGroup } from './group.ts';
import { startObservers } from './observers.ts';
import { askForEnds, startFinalRead, startReaders } from './readers.ts';
import type { Recorder } from './recorder.ts';
import { startRepeater } from './repeater.ts';
import { startSeeker } from './seeker.ts';
import { startRoughMembers } from './rough-members.ts';
import { senderPrefix, startSenders } from './senders.ts';
import { startTenant } from './tenant.ts';
import { startTrimmer } from './trimmer.ts';

const pauseMs = 100;
/** Configurations under which records of a planned topic go by themselves. */
const lossyConfigs: readonly string[] = ['retention.ms', 'retention.bytes', 'cleanup.policy'];

export class SimWorkload {
  readonly #context: WorkloadContext;
  #isFinalReadBegun = false;

  constructor(cluster: SimCluster, recorder: Recorder) {
    this.#context = new WorkloadContext(cluster, recorder);
    const { trace } = cluster.world.loop;
    recorder.onEvent = (event) => {
      trace.text(event.op);
      if ('offset' in event) trace.number(event.offset ?? -1);
      if ('value' in event) trace.text(event.value);
      if (trace.isTold) trace.note('process' in event ? event.process : event.op, `~ ${JSON.stringify(event)}`);
    };
  }

  /** To be called when the planned topics are there. */
  start(): void {
    const context = this.#context;
    for (const { name, configs } of context.topics) {
      if (lossyConfigs.some((key) => key in configs)) context.recorder.add({ op: 'doomed', topic: name });
    }
    context.recorder.isLossy = mayLose(context.plan);
    startSenders(context);
    startReaders(context);
    startGroup(context);
    startRoughMembers(context);
    startObservers(context);
    startAdmin(context);
    startTenant(context);
    startTrimmer(context);
    startRepeater(context);
    startSeeker(context);
    this.#startCloser();
  }

  /** Nothing new is begun; what was begun goes on to its end. */
  stopSending(): void {
    this.#context.isDraining = true;
  }

  /** All sends are settled, all requests answered, everything was read. */
  get isQuiet(): boolean {
    return this.#context.isDraining && !this.#context.hasOpenTasks;
  }

  startFinalRead(): void {
    this.#isFinalReadBegun = true;
    if (this.#context.cluster.nodes.some(({ starts }) => starts > 1)) this.#context.recorder.add({ op: 'crashed' });
    startFinalRead(this.#context);
  }

  get isFinished(): boolean {
    return this.#isFinalReadBegun && !this.#context.hasOpenTasks;
  }

  describePending(): string {
    return this.#context.openTasks.join('; ');
  }

  /** All clients die. */
  kill(): void {
    this.#context.kill();
  }

  /** Finds out how far there is to read, as soon as nobody sends or deletes any more. */
  #startCloser(): void {
    const context = this.#context;
    const client = context.newClient('closer');
    context.run(client, 'wait for the sends and ask for the ends', async () => {
      const cluster = await context.connect(client);
      while (!context.isDraining || context.hasOpen(senderPrefix) || context.hasOpen('repeater') || context.hasOpen('trimmer'))
        await client.sleep(pauseMs);
      while (context.ends === null) {
        try {
          context.setEnds(await askForEnds(context, cluster));
        } catch (error) {
          context.noteError(client.name, error, 'ask for ends');
          context.cluster.note(client.name, messageOf(error));
        }
      }
      await cluster.close();
    });
  }
}
