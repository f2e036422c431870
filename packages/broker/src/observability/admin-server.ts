/**
 * The small HTTP server for machines: Prometheus asks /metrics, orchestrators ask /health/*. It reads only: GET and
 * HEAD, no bodies, no parameters, so there is nothing to guard but the sizes.
 *
 * live: the process answers (never the quorum's state: restarting a broker does not mend a quorum). started: the
 * broker has come up once. ready: it is registered, caught up and may get traffic.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What keeps a broker from being ready or started; nothing when `isOk`. */
export interface HealthReport {
  readonly isOk: boolean;
  /** A sentence each, for people. */
  readonly reasons: readonly string[];
}

export interface AdminServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly isReady: () => HealthReport;
  readonly isStarted: () => HealthReport;
  /** Called with what a handler threw; the client gets status 500. */
  readonly onError: (error: unknown) => void;
}

export interface AdminServer {
  readonly host: string;
  /** The port that is bound. */
  readonly port: number;
  /** Ends open connections and frees the port. */
  close(): Promise<void>;
}

/** Scrapers and probes are few; more connections than this are refused. */
const maxConnections = 64;
/** A request line with its headers. */
const maxHeaderBytes = 8 * 1024;
const requestTimeoutMs = 10_000;
const keepAliveTimeoutMs = 5_000;

interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

type Route = (options: AdminServerOptions) => Promise<Reply> | Reply;

const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/metrics', async ({ metrics }) => ({ status: 200, contentType: metrics.contentType, body: await metrics.text() })],
  ['/health/live', () => json(200, { status: 'ok' })],
  ['/health/ready', ({ isReady }) => healthReply(isReady())],
  ['/health/started', ({ isStarted }) => healthReply(isStarted())],
]);

/** Binds the address; rejects with the system's error when it is taken. */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const server = createServer(
    {
      maxHeaderSize: maxHeaderBytes,
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
    },
    (request, response) => {
      handleRequest(options, request, response).catch((error: unknown) => {
        options.onError(error);
        response.destroy();
      });
    },
  );
  server.maxConnections = maxConnections;
  await listening(server, options);
  const { port } = server.address() as AddressInfo;
  return { host: options.host, port, close: () => closed(server) };
}

async function handleRequest(options: AdminServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A body is neither read nor waited for: the connection ends with the answer.
  if (hasBody(request)) response.shouldKeepAlive = false;
  const reply = await replyTo(options, request);
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, {
    'content-type': reply.contentType,
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(reply.status === 405 ? { allow: 'GET, HEAD' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function replyTo(options: AdminServerOptions, request: IncomingMessage): Promise<Reply> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { error: 'only GET and HEAD' });
  if (hasBody(request)) return json(413, { error: 'a request has no body here' });
  const [path = ''] = (request.url ?? '').split('?', 1);
  const route = routes.get(path);
  if (route === undefined) return json(404, { error: 'not found', paths: [...routes.keys()] });
  try {
    return await route(options);
  } catch (error) {
    options.onError(error);
    return json(500, { error: 'internal error; the log says more' });
  }
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

function healthReply({ isOk, reasons }: HealthReport): Reply {
  return isOk ? json(200, { status: 'ok' }) : json(503, { status: 'unavailable', reasons });
}

function json(status: number, value: unknown): Reply {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}

function listening(server: Server, { host, port }: AdminServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: host === '' ? undefined : host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
}
