/**
 * A broker of a few lines inside a test: a TCP server that answers each request as a function says.
 */
import { createServer, type Socket } from 'node:net';
import { ApiKey, apiDefinitions, encodeResponseFrame, Reader, readRequestHeader, type RequestHeader } from '@jackdaw/protocol';
import { FrameDecoder } from '../src/framing.ts';

export interface FakeRequest {
  readonly header: RequestHeader;
  readonly socket: Socket;
  /** Answers with a draft of the API's response, in the request's version unless told otherwise. */
  readonly respond: (draft: unknown, version?: number) => void;
}

export interface FakeBroker {
  readonly address: string;
  readonly port: number;
  /** API keys of the requests, in order. */
  readonly seen: number[];
  close(): Promise<void>;
}

/** Versions that the fake offers, unless the test answers ApiVersions itself. */
const offered = [
  { apiKey: ApiKey.Metadata, minVersion: 0, maxVersion: 12 },
  { apiKey: ApiKey.ApiVersions, minVersion: 0, maxVersion: 3 },
  { apiKey: ApiKey.FindCoordinator, minVersion: 0, maxVersion: 4 },
];

/** `onRequest` returns false to leave a request to the fake: it knows ApiVersions and Metadata (itself, as broker 1). */
export async function startFakeBroker(onRequest: (request: FakeRequest) => boolean): Promise<FakeBroker> {
  const seen: number[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const frames = new FrameDecoder('client');
    socket.on('data', (chunk: Buffer) => {
      for (const frame of frames.push(chunk)) {
        const request = toRequest(frame, socket);
        seen.push(request.header.apiKey);
        if (!onRequest(request)) answerKnown(request, portOf());
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const portOf = (): number => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  };
  return {
    address: `127.0.0.1:${portOf()}`,
    port: portOf(),
    seen,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function toRequest(frame: Buffer, socket: Socket): FakeRequest {
  const header = readRequestHeader(new Reader(frame));
  const respond = (draft: unknown, version = header.apiVersion): void => {
    const definition = apiDefinitions.get(header.apiKey);
    if (definition === undefined) throw new Error(`no API ${header.apiKey}`);
    const chunks = encodeResponseFrame({ schema: definition.response, header: { ...header, apiVersion: version }, body: draft });
    for (const chunk of chunks) socket.write(chunk);
  };
  return { header, socket, respond };
}

function answerKnown({ header, respond }: FakeRequest, port: number): void {
  if (header.apiKey === ApiKey.ApiVersions) respond({ errorCode: 0, apiKeys: offered, throttleTimeMs: 0 });
  if (header.apiKey === ApiKey.Metadata) {
    respond({ brokers: [{ nodeId: 1, host: '127.0.0.1', port }], clusterId: 'fake', controllerId: 1, topics: [] });
  }
}
