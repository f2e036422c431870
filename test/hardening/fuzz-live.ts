/**
 * Mutated requests against a live broker in a process of its own (issue: ≥ 100,000; correctness F4, F5, F7, F8, F9).
 *
 * The oracle: the process lives and its memory stays bounded, its event loop answers a probe in bounded time, a well-formed
 * request always gets an answer that decodes, every so many requests a fresh connection gets right answers, and the log
 * tells of no internal error: bad values are refused with Kafka errors, not with exceptions. When all connections are
 * gone, the broker has no open requests and no more open files than before.
 * As a program: `node dist/test/hardening/fuzz-live.js [count] [seed] [file for the broker's log]`.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Prng } from '@jackdaw/base';
import {
  apiDefinitions,
  ApiKey,
  apiVersionsRequest,
  apiVersionsResponse,
  decodeBody,
  deleteTopicsRequest,
  deleteTopicsResponse,
  encodeRequestFrame,
  Reader,
  readResponseHeader,
  zeroUuid,
} from '@jackdaw/protocol';
import { freePorts } from '@jackdaw/testing';
import { waitFor } from '../faults/wait.ts';
import { createTopic, expectServing, metadata } from './broker-probe.ts';
import { BrokerProcess } from './broker-process.ts';
import { mutateBytes, pick } from './mutations.ts';
import { RawConnection } from './raw-connection.ts';
import { RequestGenerator } from './request-generator.ts';

export interface FuzzResult {
  readonly requests: number;
  readonly conversations: number;
  /** Answers to well-formed requests that decoded. */
  readonly answered: number;
  /** Connections that the broker ended. */
  readonly closed: number;
  /** Conversations that were left while the broker was still waiting for something. */
  readonly parked: number;
  readonly probes: number;
  readonly startRssMiB: number;
  readonly maxRssMiB: number;
  readonly endRssMiB: number;
  readonly slowestProbeMs: number;
  readonly seconds: number;
  /** Well-formed requests that were answered, by API. */
  readonly answeredByApi: Readonly<Record<string, number>>;
  /** Log lines of level error and above, answers with UNKNOWN_SERVER_ERROR, undecodable answers; with how often. */
  readonly findings: ReadonlyMap<string, number>;
}

export interface FuzzOptions {
  readonly count: number;
  readonly seed: number;
  readonly concurrency?: number;
  /** Progress lines; default none. */
  readonly onProgress?: (line: string) => void;
  /** Where the broker's log goes at the end; also makes it say more. */
  readonly outputFile?: string;
}

const steadyTopic = 'steady';
const fuzzedTopics = ['fuzz-a', 'fuzz-b', 'fuzz-c'];
const probeEveryRequests = 1_000;
const cleanEveryProbes = 4;
/** An UnregisterBroker among the requests takes the leaderships away until the broker has registered again. */
const probePatienceMs = 10_000;
/** A conversation without an answer for so long is left. */
const quietMs = 80;
const bounds = { rssGrowthBytes: 600 * 1024 * 1024, slowestProbeMs: 5_000 };

export async function fuzzLive(options: FuzzOptions): Promise<FuzzResult> {
  const directory = mkdtempSync(join(tmpdir(), 'jackdaw-fuzz-'));
  const [port = 0, controllerPort = 0, adminPort = 0] = await freePorts(3);
  const settings = [
    `admin.port=${adminPort}`,
    `log.level=${options.outputFile === undefined ? 'warn' : 'info'}`,
    'group.initial.rebalance.delay.ms=0',
    'group.min.session.timeout.ms=100',
    'offsets.topic.num.partitions=4',
  ];
  const broker = new BrokerProcess({ port, controllerPort, dataDir: join(directory, 'data'), settings });
  try {
    await broker.whenAccepting();
    const result = await new FuzzRun(broker, adminPort, options).run();
    const ended = await broker.stop();
    assert.equal(ended.code, 0, `the broker did not stop cleanly: ${ended.signal ?? ended.code}\n${ended.output.slice(-4000)}`);
    return result;
  } finally {
    if (broker.isRunning) await broker.kill();
    if (options.outputFile !== undefined) writeFileSync(options.outputFile, broker.output);
    rmSync(directory, { recursive: true, force: true });
  }
}

class FuzzRun {
  readonly #broker: BrokerProcess;
  readonly #adminPort: number;
  readonly #options: FuzzOptions;
  readonly #prng: Prng;
  readonly #generator: RequestGenerator;
  /** Versions of the APIs that the broker says it serves. */
  #served: { readonly apiKey: number; readonly first: number; readonly last: number }[] = [];
  readonly #counts = { requests: 0, conversations: 0, answered: 0, closed: 0, parked: 0, probes: 0 };
  readonly #answeredByApi = new Map<string, number>();
  readonly #findings = new Map<string, number>();
  #slowestProbeMs = 0;
  #maxRss = 0;
  #isOver = false;
  #correlationId = 1_000_000;
  #readOutput = 0;

  constructor(broker: BrokerProcess, adminPort: number, options: FuzzOptions) {
    this.#broker = broker;
    this.#adminPort = adminPort;
    this.#options = options;
    this.#prng = new Prng(options.seed);
    const knowledge = {
      topics: new Map<string, string>(),
      memberIds: new Set<string>(),
      producerIds: new Set<number>(),
      sessionIds: new Set<number>(),
      generationIds: new Set<number>(),
    };
    this.#generator = new RequestGenerator(this.#prng, knowledge);
  }

  async run(): Promise<FuzzResult> {
    const configs = { 'max.message.bytes': '1048588', 'retention.ms': '-1', 'min.insync.replicas': '1' };
    await createTopic(this.#broker.port, steadyTopic, { configs });
    await this.#restoreTopics();
    this.#served = await this.#servedVersions();
    const startRss = this.#broker.residentBytes;
    const start = performance.now();
    const watch = this.#watch();
    const workers = Array.from({ length: this.#options.concurrency ?? 32 }, () => this.#converse());
    try {
      await Promise.all(workers);
    } finally {
      this.#isOver = true;
    }
    const seconds = (performance.now() - start) / 1000;
    await watch;
    await this.#probe();
    await this.#expectQuiet();
    this.#readLog();
    const mib = (bytes: number): number => Math.round(bytes / 1024 / 1024);
    const rss = { startRssMiB: mib(startRss), maxRssMiB: mib(this.#maxRss), endRssMiB: mib(this.#broker.residentBytes) };
    const slowestProbeMs = Math.round(this.#slowestProbeMs);
    assert.ok(this.#maxRss - startRss < bounds.rssGrowthBytes, `memory grew from ${rss.startRssMiB} to ${rss.maxRssMiB} MiB`);
    assert.ok(slowestProbeMs < bounds.slowestProbeMs, `a probe took ${slowestProbeMs} ms`);
    const answeredByApi = Object.fromEntries(this.#answeredByApi);
    return { ...this.#counts, ...rss, slowestProbeMs, seconds, answeredByApi, findings: this.#findings };
  }

  async #converse(): Promise<void> {
    while (this.#counts.requests < this.#options.count) {
      await this.#conversation();
      this.#counts.conversations++;
      if (Math.floor(this.#counts.requests / probeEveryRequests) > this.#counts.probes) {
        this.#counts.probes++;
        await this.#probe();
        if (this.#counts.probes % cleanEveryProbes === 0) await this.#restoreTopics();
      }
    }
  }

  /** One connection: some well-formed requests, then mutated ones, all pipelined. */
  async #conversation(): Promise<void> {
    const prng = this.#prng;
    const connection = await RawConnection.open(this.#broker.port).catch((error: unknown) => {
      throw new Error(`the broker does not accept connections:\n${this.#broker.output.slice(-4000)}`, { cause: error });
    });
    try {
      const expected = new Map<number, { apiKey: number; version: number }>();
      for (let left = prng.below(5); left > 0; left--) {
        const request = this.#wellFormed();
        // Produce with acks=0 has no answer; the decoder of the draft says which it is.
        if (!request.isSilent) expected.set(request.correlationId, request);
        connection.send(request.frame);
        this.#counts.requests++;
      }
      for (let left = pick([0, 1, 1, 2, 3, 5], prng); left > 0; left--) {
        connection.send(this.#mutated());
        this.#counts.requests++;
      }
      await this.#readAnswers(connection, expected);
    } finally {
      connection.close();
    }
  }

  async #readAnswers(connection: RawConnection, expected: Map<number, { apiKey: number; version: number }>): Promise<void> {
    for (;;) {
      let frame: Buffer | null;
      try {
        frame = await connection.nextFrame(quietMs);
      } catch {
        this.#counts.parked++;
        return;
      }
      if (frame === null) {
        this.#counts.closed++;
        return;
      }
      const correlationId = frame.length >= 4 ? frame.readInt32BE(0) : -1;
      const request = expected.get(correlationId);
      if (request === undefined) continue;
      expected.delete(correlationId);
      this.#checkAnswer(frame, request);
    }
  }

  #checkAnswer(frame: Buffer, { apiKey, version }: { apiKey: number; version: number }): void {
    const definition = apiDefinitions.get(apiKey);
    if (definition === undefined) return;
    try {
      const reader = new Reader(frame);
      readResponseHeader(reader, apiKey, version);
      const answer = decodeBody(definition.response, version, reader);
      this.#counts.answered++;
      this.#answeredByApi.set(definition.name, (this.#answeredByApi.get(definition.name) ?? 0) + 1);
      this.#generator.learn(answer);
    } catch (error) {
      this.#onFinding(
        `undecodable answer: ${definition.name} v${version}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  #wellFormed(): { frame: Buffer; correlationId: number; apiKey: number; version: number; isSilent: boolean } {
    const prng = this.#prng;
    const { apiKey, first, last } = pick(this.#served, prng);
    const version = prng.between(first, last);
    const definition = apiDefinitions.get(apiKey);
    if (definition === undefined) throw new RangeError(`no API ${apiKey}`);
    const draft = this.#generator.draft(apiKey, version);
    const correlationId = ++this.#correlationId;
    const clientId = pick([null, '', 'fuzz', '__proto__', 'é\u0000\n\u001b[31m'], prng);
    const frame = Buffer.concat(
      encodeRequestFrame({
        schema: definition.request,
        header: { apiKey, apiVersion: version, correlationId, clientId },
        body: draft,
      }),
    );
    const isSilent = apiKey === ApiKey.Produce && (draft as { acks: number }).acks === 0;
    return { frame, correlationId, apiKey, version, isSilent };
  }

  /** A frame with damage; mostly with a right length, so that it gets as far as a decoder. */
  #mutated(): Uint8Array {
    const prng = this.#prng;
    const { frame } = this.#wellFormed();
    const other = this.#wellFormed().frame;
    if (prng.chance(0.08)) return mutateBytes(frame, prng, other);
    // Half of the time the header stays whole, so that the damage is in the body.
    const headerEnd = prng.chance(0.5) ? Math.min(frame.length, 14 + Math.max(0, frame.readInt16BE(12))) : 4;
    const body = mutateBytes(frame.subarray(headerEnd), prng, other.subarray(Math.min(other.length, 14)));
    const length = Buffer.alloc(4);
    length.writeInt32BE(headerEnd - 4 + body.length);
    return Buffer.concat([length, frame.subarray(4, headerEnd), body]);
  }

  /** A fresh connection gets right answers. */
  async #probe(): Promise<void> {
    try {
      await waitFor('right answers', () => expectServing(this.#broker.port, steadyTopic).then(() => true), probePatienceMs);
    } catch (error) {
      const { requests } = this.#counts;
      throw new Error(`not served after ${requests} requests, seed ${this.#options.seed}:\n${this.#broker.output.slice(-4000)}`, {
        cause: error,
      });
    }
    this.#readLog();
    const { requests, answered, closed, parked } = this.#counts;
    const rss = Math.round(this.#broker.residentBytes / 1024 / 1024);
    this.#options.onProgress?.(`${requests} requests, ${answered} answered, ${closed} closed, ${parked} parked, RSS ${rss} MiB`);
  }

  /** Topics that the fuzzer made go, those that it deleted come back: the broker's size is not what is tested. */
  async #restoreTopics(): Promise<void> {
    const { port } = this.#broker;
    const connection = await RawConnection.open(port);
    try {
      const known = (await metadata(connection, null)).topics.flatMap(({ name }) => (name === null ? [] : [name]));
      const strangers = known.filter(
        (name) => name !== steadyTopic && !fuzzedTopics.includes(name) && !name.startsWith('__consumer'),
      );
      await connection.request({
        request: deleteTopicsRequest,
        response: deleteTopicsResponse,
        version: 6,
        body: { topics: strangers.map((name) => ({ name, topicId: zeroUuid })), timeoutMs: 10_000 },
      });
    } finally {
      connection.close();
    }
    for (const name of fuzzedTopics) {
      this.#generator.knowledge.topics.set(
        name,
        await createTopic(port, name, { partitions: 2 }).catch(() => 'AAAAAAAAAAAAAAAAAAAAAQ'),
      );
    }
  }

  async #servedVersions(): Promise<{ apiKey: number; first: number; last: number }[]> {
    const connection = await RawConnection.open(this.#broker.port);
    const answer = await connection.request({
      request: apiVersionsRequest,
      response: apiVersionsResponse,
      version: 3,
      body: { clientSoftwareName: 'fuzz', clientSoftwareVersion: '1' },
    });
    connection.close();
    return answer.apiKeys.flatMap(({ apiKey, minVersion, maxVersion }) => {
      const definition = apiDefinitions.get(apiKey);
      return definition === undefined ? [] : [{ apiKey, first: Math.max(minVersion, definition.minVersion), last: maxVersion }];
    });
  }

  /** Samples memory and the event loop until the run is over. */
  async #watch(): Promise<void> {
    const connection = await RawConnection.open(this.#broker.port);
    while (!this.#isOver) {
      this.#maxRss = Math.max(this.#maxRss, this.#broker.residentBytes);
      const before = performance.now();
      const body = { clientSoftwareName: 'watch', clientSoftwareVersion: '1' };
      try {
        await connection.request({ request: apiVersionsRequest, response: apiVersionsResponse, version: 3, body });
      } catch (error) {
        if (this.#broker.isRunning) this.#onFinding(`the watching connection failed: ${String(error)}`);
        break;
      }
      this.#slowestProbeMs = Math.max(this.#slowestProbeMs, performance.now() - before);
      await sleep(100);
    }
    connection.close();
  }

  /** Nothing is left behind by clients that are gone. */
  async #expectQuiet(): Promise<void> {
    const deadline = performance.now() + 30_000;
    let open = -1;
    let connections = -1;
    while (performance.now() < deadline) {
      const text = await (await globalThis.fetch(`http://127.0.0.1:${this.#adminPort}/metrics`)).text();
      open = sumOf(text, /^kafka_network_requestchannel_requestqueuesize\S* (\S+)$/gim);
      connections = sumOf(text, /^kafka_server_socket_server_metrics_connection_count\S* (\S+)$/gim);
      if (open === 0 && connections === 0) return;
      await sleep(100);
    }
    this.#onFinding(`30 s after the last client there are ${open} open requests and ${connections} connections`);
  }

  #readLog(): void {
    const { output } = this.#broker;
    const end = output.lastIndexOf('\n') + 1;
    const lines = output.slice(this.#readOutput, end).split('\n');
    this.#readOutput = Math.max(this.#readOutput, end);
    for (const line of lines) {
      const finding = findingOf(line);
      if (finding !== null) this.#onFinding(finding);
    }
  }

  #onFinding(what: string): void {
    const count = this.#findings.get(what) ?? 0;
    if (count === 0) this.#options.onProgress?.(`FINDING ${what}`);
    this.#findings.set(what, count + 1);
  }
}

function sumOf(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** What is wrong according to a line of the broker's output, or null. */
function findingOf(line: string): string | null {
  if (line.trim() === '') return null;
  let entry: { level?: string; msg?: string; api?: string | number; err?: { message?: string; stack?: string } };
  try {
    entry = JSON.parse(line) as typeof entry;
  } catch {
    return /^broker \d+ serves|^warning/.test(line) ? null : `output: ${line.slice(0, 300)}`;
  }
  if (entry.level !== 'error' && entry.level !== 'fatal') return null;
  // Follows from unregistering the broker and registering it again, as in Kafka, where the last known leader counts as unclean.
  if (entry.msg === 'unclean leader elected: committed records may be lost') return null;
  const frame = (entry.err?.stack ?? '').split('\n').slice(0, 3).join(' ').trim();
  return `${entry.msg} ${entry.api ?? ''}: ${entry.err?.message ?? ''} ${frame}`.slice(0, 500);
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.env['NODE_TEST_CONTEXT'] === undefined) {
  const [count = '100000', seed = '1', outputFile] = process.argv.slice(2);
  const write = (line: string): boolean => process.stdout.write(`${line}\n`);
  const result = await fuzzLive({
    count: Number(count),
    seed: Number(seed),
    onProgress: write,
    ...(outputFile === undefined ? {} : { outputFile }),
  });
  const { findings, ...figures } = result;
  write(
    JSON.stringify({ seed: Number(seed), ...figures, requestsPerSecond: Math.round(result.requests / result.seconds) }, null, 2),
  );
  for (const [what, times] of findings) write(`${times} times: ${what}`);
  if (findings.size > 0) process.exitCode = 1;
}
