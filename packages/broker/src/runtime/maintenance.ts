/**
 * The broker's housekeeping by the clock: followers that lag, retention, checkpoints. One small timer each; a run that
 * takes longer than its interval is not started twice.
 */
import type { Timer, Timers } from '@jackdaw/base';
import type { PartitionLog } from '@jackdaw/log';
import type { BrokerServices } from '../broker-services.ts';
import { releaseCutOff } from '../replica/cut-off.ts';
import type { IsrUpdater } from '../replica/isr-updater.ts';

export interface MaintenanceOptions {
  readonly timers: Timers;
  readonly broker: BrokerServices;
  readonly isrUpdater: IsrUpdater;
  readonly onError: (what: string, error: unknown) => void;
}

interface Job {
  readonly name: string;
  readonly intervalMs: () => number;
  readonly run: () => Promise<void> | void;
}

/** No job runs more often, whatever is configured. */
const minIntervalMs = 10;
/** The longest time that a timer of Node can wait; "no limit" is longer. */
const maxIntervalMs = 2 ** 31 - 1;
/** How often flush.ms is looked after when `log.flush.scheduler.interval.ms` is not set; Kafka then never does. */
const defaultFlushIntervalMs = 1_000;

export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #pending = new Map<string, Timer>();
  readonly #running = new Map<string, Promise<void>>();
  #isClosed = false;

  constructor(options: MaintenanceOptions) {
    this.#options = options;
  }

  start(): void {
    for (const job of this.#jobs()) this.#schedule(job);
  }

  /** Stops the timers and waits for what is running. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#pending.values()) timer.cancel();
    await Promise.allSettled(this.#running.values());
  }

  #jobs(): Job[] {
    const { broker, isrUpdater } = this.#options;
    const { view } = broker.config;
    const highWatermarkOf = (log: PartitionLog): number => highWatermark(broker, log);
    return [
      {
        name: 'ISR check',
        // Kafka looks every half lag time; a shorter look costs little and keeps "lag time + one round trip" (A16).
        intervalMs: () => Math.max(50, Math.min(1_000, view.number('replica.lag.time.max.ms') / 4)),
        run: () => {
          isrUpdater.tick();
          releaseCutOff(broker);
          broker.replicas.openAgain();
        },
      },
      {
        name: 'retention',
        intervalMs: () => view.number('log.retention.check.interval.ms'),
        run: () => broker.logManager.runRetention(broker.clock.wallMs(), highWatermarkOf),
      },
      {
        name: 'high watermark checkpoint',
        intervalMs: () => view.number('replica.high.watermark.checkpoint.interval.ms'),
        run: () => broker.logManager.checkpointHighWatermarks(highWatermarkOf),
      },
      {
        name: 'recovery point checkpoint',
        intervalMs: () => view.number('log.flush.offset.checkpoint.interval.ms'),
        run: () => broker.logManager.checkpointRecoveryPoints(),
      },
      {
        name: 'flush',
        intervalMs: () => flushIntervalMs(broker),
        run: () => broker.logManager.runFlush(broker.clock.monotonicMs()),
      },
      {
        name: 'log start offset checkpoint',
        intervalMs: () => view.number('log.flush.start.offset.checkpoint.interval.ms'),
        run: () => broker.logManager.checkpointLogStartOffsets(),
      },
    ];
  }

  #schedule(job: Job): void {
    if (this.#isClosed) return;
    const delayMs = Math.min(Math.max(job.intervalMs(), minIntervalMs), maxIntervalMs);
    const timer = this.#options.timers.setTimer(delayMs, () => {
      const run = Promise.resolve()
        .then(() => job.run())
        .catch((error: unknown) => this.#options.onError(job.name, error))
        .finally(() => {
          this.#running.delete(job.name);
          this.#schedule(job);
        });
      this.#running.set(job.name, run);
    });
    this.#pending.set(job.name, timer);
  }
}

/** In the fsync mode every append asks for its own sync. */
function flushIntervalMs({ config }: BrokerServices): number {
  if (config.durability === 'fsync') return maxIntervalMs;
  const key = 'log.flush.scheduler.interval.ms';
  return config.view.isSet(key) ? config.view.number(key) : defaultFlushIntervalMs;
}

/** How far a log may be cut: the high watermark of the replica that it belongs to, 0 when it has none. */
export function highWatermark(broker: BrokerServices, log: PartitionLog): number {
  const hosted = broker.replicas.ofLog(log);
  return hosted?.highWatermark ?? 0;
}
