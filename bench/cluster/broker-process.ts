/**
 * One broker as a process of its own, which can be stopped, killed and started again; its output goes to a file.
 *
 * A broker that ends by itself makes whoever waits for it fail with the end of that file.
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { BenchError } from '../run/bench-error.ts';
import { adopt } from './leftovers.ts';

export interface LaunchCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** The process understands the messages of measure/probe-link.ts. */
  readonly hasProbe: boolean;
}

const outputTailBytes = 1_500;

export class BrokerProcess {
  readonly nodeId: number;
  readonly #outputFile: string;
  readonly #command: LaunchCommand;
  #child: ChildProcess | undefined;
  /** Has been told to end and has not yet. */
  #ending: ChildProcess | undefined;
  #crash: BenchError | undefined;

  constructor(nodeId: number, outputFile: string, command: LaunchCommand) {
    this.nodeId = nodeId;
    this.#outputFile = outputFile;
    this.#command = command;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** The channel to its probe, when it has one and runs. */
  get probed(): ChildProcess | undefined {
    return this.#command.hasProbe ? this.#child : undefined;
  }

  /** Throws when it does not run. */
  get pid(): number {
    this.expectAlive();
    const pid = this.#child?.pid;
    if (pid === undefined) throw new BenchError(`broker ${this.nodeId} does not run`);
    return pid;
  }

  start(): void {
    if (this.#child !== undefined) throw new BenchError(`broker ${this.nodeId} runs already`);
    const output = openSync(this.#outputFile, 'a');
    const { file, args, hasProbe } = this.#command;
    const stdio: StdioOptions = hasProbe ? ['ignore', output, output, 'ipc'] : ['ignore', output, output];
    const child = adopt(spawn(file, args, { stdio, env: brokerEnvironment() }));
    closeSync(output);
    this.#crash = undefined;
    this.#child = child;
    child.on('error', (error) => this.#onEnd(child, error.message));
    child.on('exit', (code, signal) => this.#onEnd(child, signal ?? `exit code ${code}`));
  }

  /** Sends the signal and waits for the end, also of a process that another signal has not ended yet. */
  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child ?? this.#ending;
    if (child === undefined) return;
    this.#child = undefined;
    this.#ending = child;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
    if (this.#ending === child) this.#ending = undefined;
  }

  /** Throws when it ended and nobody had asked for that. */
  expectAlive(): void {
    if (this.#crash !== undefined) throw this.#crash;
  }

  #onEnd(child: ChildProcess, reason: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    const said = readFileSync(this.#outputFile, 'utf8').slice(-outputTailBytes).trim();
    this.#crash = new BenchError(`broker ${this.nodeId} ended by itself (${reason}); it said: ${said || 'nothing'}`);
  }
}

/**
 * This process's environment without what configures the runtimes or the brokers: a list of certificates alone, for Node to
 * read, can be an eighth of a node's start.
 */
function brokerEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(NODE|JAVA|JDK|KAFKA|JACKDAW)_/.test(name)));
}
