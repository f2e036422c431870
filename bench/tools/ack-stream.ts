/**
 * Acknowledgements as they come: Kafka's verifiable-producer writes a record every few milliseconds and prints when each was
 * acknowledged, so that the longest time without one can be seen while brokers are killed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { javaArguments } from '../../test/peer/java.ts';
import { adopt } from '../cluster/leftovers.ts';
import { BenchError } from '../run/bench-error.ts';

const recordsPerSecond = 200;
const pollMs = 20;

export class AckStream {
  readonly #child: ChildProcess;
  /** Wall clock of the client, ms. */
  readonly #acks: number[] = [];
  #said = '';

  constructor(bootstrap: string, topic: string) {
    const args = ['--bootstrap-server', bootstrap, '--topic', topic, '--throughput', String(recordsPerSecond), '--acks', '-1'];
    const javaArgs = javaArguments('tool', 'org.apache.kafka.tools.VerifiableProducer', args);
    this.#child = adopt(spawn('java', javaArgs, { stdio: ['ignore', 'pipe', 'pipe'] }));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-500)));
    if (this.#child.stdout !== null) createInterface({ input: this.#child.stdout }).on('line', (line) => this.#onLine(line));
  }

  get count(): number {
    return this.#acks.length;
  }

  /** Resolves when there are `count` acknowledgements with a time at or after `sinceMs`. */
  async whenAcked(sinceMs: number, count: number, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (this.#acks.filter((atMs) => atMs >= sinceMs).length < count) {
      if (this.#child.exitCode !== null) throw new BenchError(`verifiable-producer ended: ${this.#said}`);
      if (performance.now() > deadline) throw new BenchError(`not ${count} acknowledgements within ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /** The longest time between two acknowledgements that follow each other, from shortly before `sinceMs` on. */
  longestGapMs(sinceMs: number): number {
    return longestGapMs(this.#acks, sinceMs);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  #onLine(line: string): void {
    if (!line.includes('"producer_send_success"')) return;
    const found = /"timestamp":(\d+)/.exec(line);
    if (found !== null) this.#acks.push(Number(found[1]));
  }
}

/** Of ascending times: the longest distance of one at or after `sinceMs` from the one before it. */
export function longestGapMs(times: readonly number[], sinceMs: number): number {
  let longest = 0;
  for (let i = 1; i < times.length; i++) {
    const at = times[i] as number;
    if (at >= sinceMs) longest = Math.max(longest, at - (times[i - 1] as number));
  }
  return longest;
}
