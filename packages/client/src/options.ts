/**
 * How a client reaches a cluster: addresses, names, deadlines, security.
 *
 * Everything but the bootstrap servers has a default. The record codecs are injected, because this package must not know
 * which compression libraries the program carries.
 */
import type { ConnectionOptions } from 'node:tls';
import type { Codecs } from '@jackdaw/protocol';
import type { ClientPlatform } from './platform.ts';
import { systemClientPlatform } from './system-client-platform.ts';

/** SASL credentials; PLAIN should only be used over TLS. */
export interface SaslOptions {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly username: string;
  readonly password: string;
}

export interface ClientOptions {
  /** "host:port,host:port" or a list of "host:port"; a missing port means 9092. */
  readonly bootstrapServers: string | readonly string[];
  /** Sent with every request; default "jackdaw". */
  readonly clientId?: string;
  /** Longest wait for a TCP (and TLS) connection; default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Longest wait for one response; default 30 s. */
  readonly requestTimeoutMs?: number;
  /** Longest time for one call with all its retries; default 60 s. */
  readonly deadlineMs?: number;
  /** First pause between retries, doubled up to ten times its value; default 100 ms. */
  readonly retryBackoffMs?: number;
  /** Metadata older than this is fetched again before use; default 5 min. */
  readonly metadataMaxAgeMs?: number;
  /** Compression for records; without it only uncompressed batches can be written and read. */
  readonly codecs?: Codecs;
  /** TLS with Node's options; absent means a plain connection. */
  readonly tls?: ConnectionOptions;
  readonly sasl?: SaslOptions;
  /** Time, chance and sockets; default this machine's. A simulator gives its own. */
  readonly platform?: ClientPlatform;
}

/** {@link ClientOptions} with its defaults filled in. */
export interface ResolvedOptions {
  readonly bootstrap: readonly Address[];
  readonly clientId: string;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly deadlineMs: number;
  readonly retryBackoffMs: number;
  readonly metadataMaxAgeMs: number;
  readonly codecs: Codecs | undefined;
  readonly tls: ConnectionOptions | undefined;
  readonly sasl: SaslOptions | undefined;
  readonly platform: ClientPlatform;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Fills in the defaults. Throws RangeError on an address that cannot be one. */
export function resolveOptions(options: ClientOptions): ResolvedOptions {
  return {
    bootstrap: parseBootstrap(options.bootstrapServers),
    clientId: options.clientId ?? 'jackdaw',
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    deadlineMs: options.deadlineMs ?? 60_000,
    retryBackoffMs: options.retryBackoffMs ?? 100,
    metadataMaxAgeMs: options.metadataMaxAgeMs ?? 300_000,
    codecs: options.codecs,
    tls: options.tls,
    sasl: options.sasl,
    platform: options.platform ?? systemClientPlatform,
  };
}

/** Splits "a:1,b:2" into addresses; a listener prefix such as `PLAINTEXT://` is accepted and dropped. */
export function parseBootstrap(servers: string | readonly string[]): Address[] {
  const list = typeof servers === 'string' ? servers.split(',') : servers;
  const addresses = list.map((text) => text.trim()).filter((text) => text !== '');
  if (addresses.length === 0) throw new RangeError('no bootstrap server was given');
  return addresses.map(parseAddress);
}

/** One "host", "host:port" or "[ipv6]:port". */
export function parseAddress(text: string): Address {
  const bare = text.replace(/^[A-Za-z0-9_]+:\/\//, '');
  const match = /^(\[[0-9a-fA-F:.%a-z]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(bare);
  if (match === null) throw new RangeError(`"${text}" is not a host:port address`);
  const port = match[2] === undefined ? 9092 : Number(match[2]);
  if (port < 1 || port > 65_535) throw new RangeError(`"${text}" has a port outside 1..65535`);
  return { host: (match[1] as string).replace(/^\[|\]$/g, ''), port };
}

export function formatAddress(address: Address): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
