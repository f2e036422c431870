/**
 * One TCP connection to one broker: versions are negotiated when it opens, then requests are pipelined on it.
 *
 * Kafka answers the requests of a connection in order, so the responses are matched by correlation id and a request that
 * times out takes the connection with it: whatever is behind it would wait just as long. The owner opens a new one.
 */
import type { Timer } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import { apis } from './apis.ts';
import { ConnectionError, TimeoutError, UnsupportedError } from './errors.ts';
import { FrameDecoder } from './framing.ts';
import { formatAddress, type Address, type ResolvedOptions } from './options.ts';
import type { BrokerSocket } from './platform.ts';
import { authenticate } from './sasl.ts';
import { openSocket } from './socket.ts';
import {
  apiKeyOf,
  apiNameOf,
  correlationIdOf,
  decodeResponse,
  encodeRequest,
  newestVersionOf,
  type AnyApi,
  type Api,
} from './wire.ts';

/** Requests that may wait for an answer on one connection; callers pipeline far fewer. */
export const maxPendingRequests = 10_000;

export interface CallOptions {
  /** Longest wait for the response; default the client's `requestTimeoutMs`. */
  readonly timeoutMs?: number;
  /** Not above this version, though both sides could. */
  readonly maxVersion?: number;
}

/** Lowest and highest version that a broker offers of one API. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

interface Pending {
  readonly resolve: (frame: Buffer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
}

export class Connection {
  readonly address: string;
  readonly #socket: BrokerSocket;
  readonly #options: ResolvedOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #frames: FrameDecoder;
  #nextCorrelationId = 1;
  /** By API key; empty until the negotiation is done. */
  #versions: ReadonlyMap<number, VersionRange> = new Map();
  /** Why the connection ended; set once. */
  #closedBy: Error | undefined;

  private constructor(socket: BrokerSocket, address: string, options: ResolvedOptions) {
    this.#socket = socket;
    this.address = address;
    this.#options = options;
    this.#frames = new FrameDecoder(address);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', (error: Error) =>
      this.#end(new ConnectionError(address, `${address}: ${error.message}`, { cause: error })),
    );
    socket.on('close', () => this.#end(new ConnectionError(address, `${address} closed the connection`)));
  }

  /** Connects, negotiates versions and authenticates. Rejects with ConnectionError, KafkaError (SASL) or TimeoutError. */
  static async open(address: Address, options: ResolvedOptions): Promise<Connection> {
    const socket = await openSocket(address, options);
    const connection = new Connection(socket, formatAddress(address), options);
    try {
      await connection.#negotiate();
      if (options.sasl !== undefined) await authenticate(connection, options.sasl);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  get isClosed(): boolean {
    return this.#closedBy !== undefined;
  }

  get pendingRequests(): number {
    return this.#pending.size;
  }

  /** What the broker offers, by API key. */
  get versions(): ReadonlyMap<number, VersionRange> {
    return this.#versions;
  }

  /** Highest version of the API that both sides speak, or undefined. */
  versionFor(api: AnyApi, maxVersion = Infinity): number | undefined {
    const offered = this.#versions.get(apiKeyOf(api));
    if (offered === undefined) return undefined;
    const version = Math.min(offered.max, newestVersionOf(api), maxVersion);
    return version >= Math.max(offered.min, api.request.versions[0]) ? version : undefined;
  }

  /** Sends a request and waits for its response. */
  async call<Draft, Body>(api: Api<Draft, Body>, draft: Draft, options: CallOptions = {}): Promise<Body> {
    const version = this.#expectVersion(api, options.maxVersion);
    const frame = await this.#exchange(api, version, { draft, timeoutMs: options.timeoutMs ?? this.#options.requestTimeoutMs });
    return decodeResponse(api, version, frame);
  }

  /** Sends a request that the broker does not answer (Produce with acks=0). */
  sendOnly<Draft>(api: Api<Draft, unknown>, draft: Draft, options: CallOptions = {}): void {
    this.#write(api, this.#expectVersion(api, options.maxVersion), draft);
  }

  /** Fails what is pending and closes the socket, once what was written to it has left. */
  close(): void {
    if (this.#closedBy === undefined) this.#socket.end(() => this.#socket.destroy());
    this.#end(new ConnectionError(this.address, `the connection to ${this.address} was closed`));
  }

  #expectVersion(api: AnyApi, maxVersion: number | undefined): number {
    const version = this.versionFor(api, maxVersion);
    if (version !== undefined) return version;
    const offered = this.#versions.get(apiKeyOf(api));
    const range = offered === undefined ? 'does not offer it' : `offers versions ${offered.min} to ${offered.max}`;
    throw new UnsupportedError(`${apiNameOf(api)}: the broker at ${this.address} ${range}`);
  }

  #write<Draft>(api: Api<Draft, unknown>, version: number, draft: Draft): number {
    if (this.#closedBy !== undefined) throw this.#closedBy;
    const correlationId = this.#nextCorrelationId;
    this.#nextCorrelationId = (correlationId + 1) & 0x7fff_ffff;
    const header = { apiKey: apiKeyOf(api), apiVersion: version, correlationId, clientId: this.#options.clientId };
    const chunks = encodeRequest(api, header, draft);
    this.#socket.cork();
    for (const chunk of chunks) this.#socket.write(chunk);
    // What is asked in one turn leaves as one write.
    queueMicrotask(() => this.#socket.uncork());
    return correlationId;
  }

  #exchange<Draft>(api: Api<Draft, unknown>, version: number, request: { draft: Draft; timeoutMs: number }): Promise<Buffer> {
    if (this.#pending.size >= maxPendingRequests) {
      return Promise.reject(
        new ConnectionError(this.address, `more than ${maxPendingRequests} requests wait for ${this.address}`),
      );
    }
    return new Promise((resolve, reject) => {
      const correlationId = this.#write(api, version, request.draft);
      const onTimeout = (): void => this.#onTimeout(api, request.timeoutMs);
      const timer = this.#options.platform.scheduler.setTimer(request.timeoutMs, onTimeout);
      this.#pending.set(correlationId, { resolve, reject, timer });
    });
  }

  #onTimeout(api: AnyApi, timeoutMs: number): void {
    const name = apiNameOf(api);
    this.#end(
      new ConnectionError(this.address, `${this.address} did not answer ${name} within ${timeoutMs} ms`, {
        cause: new TimeoutError(name),
      }),
    );
  }

  #onData(chunk: Buffer): void {
    try {
      for (const frame of this.#frames.push(chunk)) this.#onFrame(frame);
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #onFrame(frame: Buffer): void {
    const correlationId = correlationIdOf(frame);
    const pending = this.#pending.get(correlationId);
    if (pending === undefined) {
      throw new ConnectionError(
        this.address,
        `${this.address} answered a request that was not asked (correlation id ${correlationId})`,
      );
    }
    this.#pending.delete(correlationId);
    pending.timer.cancel();
    pending.resolve(frame);
  }

  #end(error: Error): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = error;
    if (!this.#socket.writableEnded) this.#socket.destroy();
    for (const pending of this.#pending.values()) {
      pending.timer.cancel();
      pending.reject(error);
    }
    this.#pending.clear();
  }

  /**
   * Asks for the versions with our highest version; a broker that does not know it answers in v0 with error 35 and its own
   * range (KIP-511), and is asked again within that.
   */
  async #negotiate(): Promise<void> {
    const draft = { clientSoftwareName: 'jackdaw', clientSoftwareVersion: '0.1.0' };
    let version = newestVersionOf(apis.apiVersions);
    for (let attempt = 0; attempt < 2; attempt++) {
      const frame = await this.#exchange(apis.apiVersions, version, { draft, timeoutMs: this.#options.connectTimeoutMs });
      const errorCode = frame.length >= 6 ? frame.readInt16BE(4) : ErrorCode.UNSUPPORTED_VERSION;
      const body = decodeResponse(apis.apiVersions, errorCode === ErrorCode.UNSUPPORTED_VERSION ? 0 : version, frame);
      this.#versions = new Map(body.apiKeys.map((key) => [key.apiKey, { min: key.minVersion, max: key.maxVersion }]));
      if (errorCode === 0) return;
      version = Math.min(version, this.#versions.get(apiKeyOf(apis.apiVersions))?.max ?? 0);
    }
    throw new UnsupportedError(`${this.address} could not agree on a version of ApiVersions`);
  }
}
