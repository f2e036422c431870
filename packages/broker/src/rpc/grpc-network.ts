/**
 * The links between brokers over grpc-js: Raft, controller and replication on one listener, and channels to the others'.
 */
import {
  Client,
  credentials,
  logVerbosity,
  Metadata,
  Server,
  ServerCredentials,
  setLogVerbosity,
  status,
  type ChannelOptions,
  type handleBidiStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import type { Buffer } from 'node:buffer';
import { assert } from '@jackdaw/base';
import { EncodablePush, type PartitionPush } from '../replica/push-codec.ts';
import { controlChannelOptions, dataChannelOptions, serverOptions } from './channel-options.ts';
import { clientStream, listenToServerStream, serverStream } from './grpc-stream.ts';
import type {
  ChannelKind,
  RpcChannel,
  RpcFailure,
  RpcHandlers,
  RpcHeaders,
  RpcNetwork,
  RpcServer,
  RpcStream,
  RpcStreamEvents,
  RpcStreamHandler,
} from './rpc-network.ts';
import { controllerService, raftService, replicationService } from './services.ts';

// What grpc-js writes to the console comes to us as errors too, and is told in the broker's own log.
setLogVerbosity(logVerbosity.NONE);

/** How long a stop waits for peers to end their streams. */
const shutdownGraceMs = 200;

const channelOptions: Readonly<Record<ChannelKind, ChannelOptions>> = {
  control: controlChannelOptions,
  data: dataChannelOptions,
};

export function createGrpcNetwork(): RpcNetwork {
  return { channel: (address, kind) => new GrpcChannel(address, channelOptions[kind]), serve };
}

class GrpcChannel implements RpcChannel {
  readonly #client: Client;

  constructor(address: string, options: ChannelOptions) {
    this.#client = new Client(address, credentials.createInsecure(), options);
  }

  open<Out extends object, In extends object>(
    method: MethodDefinition<Out, In>,
    headers: RpcHeaders,
    events: RpcStreamEvents<In>,
  ): RpcStream<Out> {
    const metadata = new Metadata({ waitForReady: false });
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const { path, requestSerialize, responseDeserialize } = method;
    return clientStream(this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata), events);
  }

  call<Request extends object, Response extends object>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    timeoutMs: number,
  ): Promise<Response | RpcFailure> {
    const { path, requestSerialize, responseDeserialize } = method;
    const options = { deadline: Date.now() + timeoutMs };
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, options, (error, answer) => {
        if (error !== null) resolve(error.code === status.UNAVAILABLE ? 'unreachable' : 'failed');
        else resolve(answer ?? 'failed');
      });
    });
  }

  close(): void {
    this.#client.close();
  }
}

async function serve(host: string, port: number, handlers: RpcHandlers): Promise<RpcServer> {
  const server = new Server(serverOptions);
  server.addService(raftService, { Link: takeStream(handlers.raftLink) });
  server.addService(controllerService, {
    Link: takeStream(handlers.controllerLink),
    Ping: answerCall(handlers.controllerPing),
  });
  server.addService(
    withoutSpareCopy(replicationService),
    handlers.fetch === undefined ? {} : { Fetch: takeStream(handlers.fetch) },
  );
  const bound = await bind(server, host, port);
  return { port: bound, close: () => shutDown(server) };
}

/**
 * A server of grpc-js takes what a serializer gives, asks for its `byteLength` and has it `copy` itself into a buffer with the
 * frame's header. A push writes itself there at once: without that, each would be made in a buffer of its own first, a second
 * copy of all record bytes for each follower.
 */
function withoutSpareCopy(service: ServiceDefinition): ServiceDefinition {
  const { Fetch: fetch } = service;
  assert(fetch !== undefined, 'the service of replication has a Fetch');
  return { ...service, Fetch: { ...fetch, responseSerialize: serializeIntoFrame } };
}

function serializeIntoFrame(partitions: PartitionPush[]): Buffer {
  const push = new EncodablePush(partitions);
  // Another version of grpc-js may do it differently; it must not send bytes that nobody has written.
  queueMicrotask(() => assert(push.isWritten, 'grpc-js has taken a push without its bytes'));
  return push as Pick<Buffer, 'byteLength' | 'copy'> as Buffer;
}

function takeStream<In extends object, Out extends object>(handler: RpcStreamHandler<In, Out>): handleBidiStreamingCall<In, Out> {
  return (call) => {
    const stream = serverStream(call);
    listenToServerStream(call, stream, handler(stream, headersOf(call.metadata)));
    // At the client this is `onOpen`; a stream that was refused has only an end.
    if (!stream.isEnded) call.sendMetadata(new Metadata());
  };
}

function answerCall<Request extends object, Response extends object>(
  handler: (request: Request) => Response,
): handleUnaryCall<Request, Response> {
  return (call, answer) => answer(null, handler(call.request));
}

function headersOf(metadata: Metadata): RpcHeaders {
  const texts = Object.entries(metadata.getMap()).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts);
}

/** Binds the listener and gives the port. Rejects when the port is taken. */
function bind(server: Server, host: string, port: number): Promise<number> {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) return resolve(bound);
      server.forceShutdown();
      reject(bindError(error, address, port));
    });
  });
}

/** grpc-js tells the reason in its text only; whoever starts a broker looks for Node's code. */
function bindError(cause: Error, address: string, port: number): Error {
  const code = ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'].find((one) => cause.message.includes(one));
  const error = new Error(`cannot listen for brokers on ${address}: ${cause.message}`, { cause });
  return code === undefined ? error : Object.assign(error, { code, port });
}

function shutDown(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, shutdownGraceMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
