/**
 * Byte streams between clients and this node, as far as the broker uses them: `node:net` in production (tcp-network.ts),
 * memory in the simulator. The names and meanings are those of node:net.
 */
import type { Buffer } from 'node:buffer';

/** The part of net.Socket that a connection needs. */
export interface ClientSocket {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  /** Bytes that were written and that the system has not taken. */
  readonly writableLength: number;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'drain' | 'close', listener: () => void): unknown;
  setNoDelay(noDelay: boolean): unknown;
  /** Calls the listener once nothing has moved for so long. */
  setTimeout(timeoutMs: number, listener: () => void): unknown;
  cork(): void;
  uncork(): void;
  /** `taken` is called when the system has taken the chunk. */
  write(chunk: Uint8Array, taken?: () => void): boolean;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
  /** Writes what is queued, then closes. */
  destroySoon(): void;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly backlog: number;
  readonly onSocket: (socket: ClientSocket) => void;
  /** A connection could not be accepted (EMFILE and the like); the listener goes on. */
  readonly onAcceptError: (error: Error) => void;
}

export interface BoundServer {
  /** The port that was bound. */
  readonly port: number;
  /** Accepts nothing any more; resolves when all its sockets are closed. */
  close(): Promise<void>;
}

export interface SocketNetwork {
  /** Rejects with the system's error (EADDRINUSE, EACCES, …). */
  listen(options: ListenOptions): Promise<BoundServer>;
}
