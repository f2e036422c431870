/**
 * Waits until a development cluster serves: every expected broker is in the metadata, unfenced, and there is a controller.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, describeCluster } from '@jackdaw/client';
import { CommandError } from '../failure.ts';
import { logTail } from './broker-process.ts';
import { stateOf } from './process-identity.ts';
import { bootstrapOf, type DevBroker, type DevState } from './state.ts';

const checkIntervalMs = 100;

interface Waiting {
  /** Brokers that must be there; they must also stay alive meanwhile. */
  readonly brokers: readonly DevBroker[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Resolves when the brokers serve. Throws when one of them ends, or the time is over. */
export async function waitUntilServing(state: DevState, { brokers, timeoutMs, signal }: Waiting): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  let last = 'no broker answers';
  while (!signal.aborted) {
    const ended = brokers.find((broker) => stateOf(broker.process) === 'stopped');
    if (ended !== undefined)
      throw new CommandError('BROKER_ENDED', [`broker ${ended.id} ended while starting`, ...logTail(ended)].join('\n  '), {
        hint: `its log is ${ended.logFile}`,
      });
    const problem = await whatIsMissing(state, brokers);
    if (problem === undefined) return;
    last = problem;
    if (performance.now() > deadlineMs)
      throw new CommandError('TIMEOUT', `the cluster does not serve after ${Math.round(timeoutMs / 1000)} s: ${last}`, {
        hint: `see the logs, such as ${brokers[0]?.logFile ?? ''}`,
      });
    await sleep(checkIntervalMs);
  }
}

async function whatIsMissing(state: DevState, brokers: readonly DevBroker[]): Promise<string | undefined> {
  let cluster: Cluster | undefined;
  try {
    cluster = await Cluster.connect({
      bootstrapServers: bootstrapOf(state),
      connectTimeoutMs: 1000,
      requestTimeoutMs: 2000,
      deadlineMs: 2000,
    });
    const described = await describeCluster(cluster);
    if (described.controllerId < 0) return 'there is no controller';
    const up = new Set(described.brokers.filter((broker) => !broker.isFenced).map((broker) => broker.nodeId));
    const missing = brokers.filter((broker) => !up.has(broker.id)).map((broker) => broker.id);
    return missing.length === 0 ? undefined : `broker(s) ${missing.join(', ')} have not registered`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await cluster?.close();
  }
}
