/**
 * `jackdaw server start` as a child process whose exit code and output a test can look at.
 *
 * Every process is killed when the test program ends, however it ends.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { apiVersionsRequest, apiVersionsResponse } from '@jackdaw/protocol';
import { RawConnection } from './raw-connection.ts';

const program = fileURLToPath(new URL('../../../packages/cli/bin/jackdaw.js', import.meta.url));
const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;
/** Kept of the output; a broker that floods its log must not take this process with it. */
const maxOutputBytes = 32 * 1024 * 1024;

export interface ProcessOptions {
  readonly port: number;
  readonly controllerPort: number;
  readonly dataDir: string;
  readonly nodeId?: number;
  /** "key=value", over everything else. */
  readonly settings?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[];
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class BrokerProcess {
  readonly options: ProcessOptions;
  readonly #child: ChildProcess;
  readonly #whenEnded: Promise<Ended>;
  #output = '';
  #isEnded = false;

  /** Starts the process; it may well fail, see {@link whenServing} and {@link whenEnded}. */
  constructor(options: ProcessOptions) {
    this.options = options;
    const { port, controllerPort, dataDir, nodeId = 1, settings = [] } = options;
    const sets = [
      `node.id=${nodeId}`,
      `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
      `controller.quorum.voters=${nodeId}@127.0.0.1:${controllerPort}`,
      `log.dirs=${dataDir}`,
      'admin.port=-1',
      'controller.quorum.election.timeout.ms=200',
      'broker.heartbeat.interval.ms=300',
      'broker.session.timeout.ms=3000',
      ...settings,
    ];
    const args = [...(options.nodeFlags ?? []), program, 'server', 'start', ...sets.flatMap((one) => ['--set', one])];
    const child = spawn(process.execPath, args, {
      env: { ...cleanEnvironment(), ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    running.add(child);
    child.stdout?.on('data', (chunk: Buffer) => this.#onOutput(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.#onOutput(chunk));
    this.#whenEnded = once(child, 'close').then(([code, signal]: unknown[]) => {
      running.delete(child);
      this.#isEnded = true;
      return {
        code: typeof code === 'number' ? code : null,
        signal: typeof signal === 'string' ? signal : null,
        output: this.#output,
      };
    });
  }

  static async start(options: ProcessOptions): Promise<BrokerProcess> {
    const broker = new BrokerProcess(options);
    await broker.whenServing();
    return broker;
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get port(): number {
    return this.options.port;
  }

  get isRunning(): boolean {
    return !this.#isEnded;
  }

  get output(): string {
    return this.#output;
  }

  /** Resident set in bytes, 0 when the process is gone. */
  get residentBytes(): number {
    try {
      const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'));
      return Number(line?.[1] ?? 0) * 1024;
    } catch {
      return 0;
    }
  }

  async whenServing(): Promise<void> {
    const deadline = performance.now() + startTimeoutMs;
    while (!this.#output.includes('clients are served')) {
      if (this.#isEnded) throw new Error(`the broker ended instead of serving:\n${this.#output}`);
      if (performance.now() > deadline) throw new Error(`the broker did not serve in time:\n${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** As {@link whenServing}, for a broker whose log level hides that line: waits until a connection is kept. */
  async whenAccepting(): Promise<void> {
    const deadline = performance.now() + startTimeoutMs;
    for (;;) {
      if (this.#isEnded) throw new Error(`the broker ended instead of serving:\n${this.#output}`);
      if (performance.now() > deadline) throw new Error(`the broker did not serve in time:\n${this.#output}`);
      if (await isKept(this.port)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Waits until the process has ended by itself. */
  async whenEnded(timeoutMs = startTimeoutMs): Promise<Ended> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#child.kill('SIGKILL');
        reject(new Error(`the broker did not end within ${timeoutMs} ms:\n${this.#output}`));
      }, timeoutMs);
    });
    return Promise.race([this.#whenEnded, late]).finally(() => clearTimeout(timer));
  }

  /** SIGTERM, and waits for the end. */
  async stop(): Promise<Ended> {
    this.#child.kill('SIGTERM');
    return this.whenEnded(stopTimeoutMs);
  }

  async kill(): Promise<Ended> {
    this.#child.kill('SIGKILL');
    return this.whenEnded(stopTimeoutMs);
  }

  #onOutput(chunk: Buffer): void {
    if (this.#output.length < maxOutputBytes) this.#output += chunk.toString();
  }
}

/** Whether the port accepts connections and answers on them; a broker that is starting ends them. */
async function isKept(port: number): Promise<boolean> {
  let connection: RawConnection | null = null;
  try {
    connection = await RawConnection.open(port);
    const body = { clientSoftwareName: 'hardening', clientSoftwareVersion: '1' };
    await connection.request({ request: apiVersionsRequest, response: apiVersionsResponse, version: 3, body });
    return true;
  } catch {
    return false;
  } finally {
    connection?.close();
  }
}

/** This process's environment without what would configure a broker or mark a test runner. */
function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => !/^(JACKDAW|KAFKA|NODE_TEST|NODE_OPTIONS)/.test(name));
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? '']));
}
