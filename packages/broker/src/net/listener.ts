/**
 * A Kafka listener: accepts connections, keeps their number within bounds and reaps the idle ones.
 */
import { setRepeating, type Clock, type Scheduler, type Timer, sometimes } from '@jackdaw/base';
import { Connection, type ConnectionHandler, type ConnectionLimits } from './connection.ts';
import type { BoundServer, ClientSocket, SocketNetwork } from './socket-network.ts';

export interface ListenerOptions {
  readonly name: string;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly limits: ConnectionLimits;
  /** `max.connections`, which may change while the broker runs. */
  readonly maxConnections: () => number;
  /** `max.connections.per.ip`, likewise. */
  readonly maxConnectionsPerIp: () => number;
  /** `connections.max.idle.ms`; negative is never. */
  readonly maxIdleMs: number;
  /** `socket.listen.backlog.size` */
  readonly backlog: number;
  readonly network: SocketNetwork;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly handler: ConnectionHandler;
  /** Called for a connection that was turned away, and why. */
  readonly onRefused: (remoteAddress: string, reason: string) => void;
}

/** How often idle connections are looked for. */
const idleCheckMs = 5_000;

export class Listener {
  readonly #options: ListenerOptions;
  /** Null until the port is bound. */
  #server: BoundServer | null = null;
  readonly #connections = new Set<Connection>();
  readonly #perIp = new Map<string, number>();
  #nextId = 0;
  #idleTimer: Timer | undefined;
  #isOpen = false;
  #isClosed = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Connections that were accepted since the start. */
  get connectionsCreated(): number {
    return this.#nextId;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** The port that is bound; differs from the asked one when that was 0. */
  get port(): number {
    return this.#server?.port ?? this.#options.port;
  }

  /** Connections are served from now on; before, the port is taken but everybody is turned away. */
  open(): void {
    this.#isOpen = true;
  }

  /** Binds the port. Rejects with the system's error (EADDRINUSE, EACCES, …). */
  async listen(): Promise<void> {
    const { network, host, port, backlog, scheduler, onRefused } = this.#options;
    const server = await network.listen({
      host,
      port,
      backlog,
      onSocket: (socket) => this.#onSocket(socket),
      onAcceptError: (error) => onRefused('-', `accept failed: ${error.message}`),
    });
    this.#server = server;
    // A node that was stopped while its port was being bound must not keep it.
    if (this.#isClosed) await server.close();
    else this.#idleTimer = setRepeating(scheduler, idleCheckMs, () => this.#reapIdle());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#idleTimer?.cancel();
    const closed = this.#server?.close();
    for (const connection of this.#connections) connection.close('the broker is shutting down');
    await closed;
  }

  #onSocket(socket: ClientSocket): void {
    const ip = socket.remoteAddress;
    const refusal = ip === undefined ? 'gone already' : this.#refusal(ip);
    if (ip === undefined || refusal !== null) {
      socket.destroy();
      this.#options.onRefused(ip ?? '-', refusal ?? '');
      return;
    }
    this.#perIp.set(ip, (this.#perIp.get(ip) ?? 0) + 1);
    const connection = new Connection(socket, {
      id: `${socket.localAddress}:${socket.localPort}-${ip}:${socket.remotePort}-${this.#nextId++}`,
      listenerName: this.#options.name,
      limits: this.#options.limits,
      clock: this.#options.clock,
      handler: {
        isLarge: (frame) => this.#options.handler.isLarge(frame),
        onRequest: (source, frame, slot) => this.#options.handler.onRequest(source, frame, slot),
        onClosed: (source, reason) => {
          this.#connections.delete(source);
          const left = (this.#perIp.get(ip) ?? 1) - 1;
          if (left > 0) this.#perIp.set(ip, left);
          else this.#perIp.delete(ip);
          this.#options.handler.onClosed(source, reason);
        },
      },
    });
    this.#connections.add(connection);
  }

  #refusal(ip: string): string | null {
    const maxConnections = this.#options.maxConnections();
    const maxConnectionsPerIp = this.#options.maxConnectionsPerIp();
    if (!this.#isOpen) return 'the broker is starting';
    if (this.#connections.size >= maxConnections) return `max.connections=${maxConnections} reached`;
    if ((this.#perIp.get(ip) ?? 0) >= maxConnectionsPerIp) return `max.connections.per.ip=${maxConnectionsPerIp} reached`;
    return null;
  }

  #reapIdle(): void {
    const { clock, maxIdleMs } = this.#options;
    if (maxIdleMs < 0) return;
    const now = clock.monotonicMs();
    for (const connection of this.#connections) {
      if (connection.openRequests === 0 && now - connection.lastActivityMs > maxIdleMs) {
        sometimes('broker: idle connection closed');
        connection.close(`idle for more than connections.max.idle.ms=${maxIdleMs}`);
      }
    }
  }
}
