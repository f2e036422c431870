/**
 * The machine that a client runs on, as an injected dependency: time, chance and the way to a broker.
 *
 * A simulator gives its own and then owns everything that could make two runs differ, SASL's nonces aside. The real one is
 * `systemClientPlatform` (system-client-platform.ts).
 */
import type { ConnectionOptions } from 'node:tls';
import type { Clock, Randomness, Scheduler } from '@jackdaw/base';
import type { Address } from './options.ts';

/** A connected byte stream; names and meanings are those of net.Socket. */
export interface BrokerSocket {
  /** Whether `end` has been called. */
  readonly writableEnded: boolean;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  cork(): void;
  uncork(): void;
  write(chunk: Uint8Array): unknown;
  /** Closes this side once everything written has left, corked or not; then calls the listener. */
  end(ended: () => void): unknown;
  destroy(): unknown;
}

export interface ConnectOptions {
  /** TLS with Node's options; undefined means a plain connection. */
  readonly tls: ConnectionOptions | undefined;
  /** Aborted when the caller waits no more (connectTimeoutMs). */
  readonly signal: AbortSignal;
}

export interface ClientPlatform {
  readonly clock: Clock;
  /** `defer` ends the turn in which records of one producer are gathered into batches. */
  readonly scheduler: Scheduler;
  /** Which partition keyless records go to, and how long retries pause. */
  readonly random: Randomness;
  /** A connected socket. Rejects with the system's error (its `code` is turned into words), and once the signal is aborted. */
  connect(address: Address, options: ConnectOptions): Promise<BrokerSocket>;
}
