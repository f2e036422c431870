/**
 * The gRPC server of a node: Raft, controller and replication on one listener, the one that brokers talk to.
 */
import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { serverOptions } from './channel-options.ts';
import { controllerService, raftService, replicationService } from './services.ts';

// What grpc-js writes to the console comes to us as errors too, and is told in the broker's own log.
setLogVerbosity(logVerbosity.NONE);

/** How long a stop waits for peers to end their streams. */
const shutdownGraceMs = 200;

export interface RpcHandlers {
  readonly raft: UntypedServiceImplementation;
  readonly controller: UntypedServiceImplementation;
  readonly replication: UntypedServiceImplementation;
}

export class RpcServer {
  readonly #server = new Server(serverOptions);

  constructor(handlers: RpcHandlers) {
    this.#server.addService(raftService, handlers.raft);
    this.#server.addService(controllerService, handlers.controller);
    this.#server.addService(replicationService, handlers.replication);
  }

  /** Binds the listener and gives the port. Rejects when the port is taken. */
  async listen(host: string, port: number): Promise<number> {
    return await new Promise<number>((resolve, reject) => {
      const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
      this.#server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(bindError(error, address, port));
      });
    });
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      const force = setTimeout(() => {
        this.#server.forceShutdown();
        resolve();
      }, shutdownGraceMs);
      this.#server.tryShutdown(() => {
        clearTimeout(force);
        resolve();
      });
    });
  }
}

/** grpc-js tells the reason in its text only; whoever starts a broker looks for Node's code. */
function bindError(cause: Error, address: string, port: number): Error {
  const code = ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'].find((one) => cause.message.includes(one));
  const error = new Error(`cannot listen for brokers on ${address}: ${cause.message}`, { cause });
  return code === undefined ? error : Object.assign(error, { code, port });
}
