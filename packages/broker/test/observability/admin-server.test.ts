/** The admin server: what it answers, what it refuses, and that it frees its port. */

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test, type TestContext } from 'node:test';
import { startAdminServer, type AdminServer, type AdminServerOptions } from '../../src/observability/admin-server.ts';

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

async function start(context: TestContext, options: Partial<AdminServerOptions> = {}): Promise<AdminServer> {
  const server = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    metrics: { contentType: 'text/plain; version=0.0.4', text: () => Promise.resolve('a 1\n') },
    isReady: () => ({ isOk: true, reasons: [] }),
    isStarted: () => ({ isOk: true, reasons: [] }),
    onError: () => {},
    ...options,
  });
  context.after(() => server.close());
  return server;
}

function ask(server: AdminServer, path: string, options: { method?: string; body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', body } = options;
    const headers = body === undefined ? {} : { 'content-length': body.length };
    const sent = request({ host: server.host, port: server.port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

test('a free port is taken and /metrics is answered with its type', async (context) => {
  const server = await start(context);
  assert.ok(server.port > 0);
  const answer = await ask(server, '/metrics?x=1');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4');
  assert.equal(answer.body, 'a 1\n');
});

test('HEAD has the headers of GET and no body', async (context) => {
  const answer = await ask(await start(context), '/health/live', { method: 'HEAD' });
  assert.equal(answer.status, 200);
  assert.equal(answer.body, '');
  assert.equal(answer.headers['content-length'], '16');
});

test('a broker that is not ready says why, and is live all the same', async (context) => {
  const server = await start(context, { isReady: () => ({ isOk: false, reasons: ['broker 1 is fenced'] }) });
  const ready = await ask(server, '/health/ready');
  assert.equal(ready.status, 503);
  assert.deepEqual(JSON.parse(ready.body), { status: 'unavailable', reasons: ['broker 1 is fenced'] });
  assert.equal((await ask(server, '/health/live')).status, 200);
  assert.equal((await ask(server, '/health/started')).status, 200);
});

test('anything else is refused in JSON', async (context) => {
  const server = await start(context);
  const unknown = await ask(server, '/__proto__');
  assert.equal(unknown.status, 404);
  assert.ok((JSON.parse(unknown.body) as { paths: string[] }).paths.includes('/metrics'));
  const post = await ask(server, '/metrics', { method: 'POST', body: 'x' });
  assert.equal(post.status, 405);
  assert.equal(post.headers['allow'], 'GET, HEAD');
  const withBody = await ask(server, '/metrics', { method: 'GET', body: 'x' });
  assert.equal(withBody.status, 413);
});

test('a failing source is status 500, told to the log and not to the client', async (context) => {
  const errors: unknown[] = [];
  const failing = { contentType: 'text/plain', text: () => Promise.reject(new Error('secret path')) };
  const server = await start(context, { metrics: failing, onError: (error) => errors.push(error) });
  const answer = await ask(server, '/metrics');
  assert.equal(answer.status, 500);
  assert.ok(!answer.body.includes('secret'));
  assert.equal(errors.length, 1);
});

test('a port that is taken is an error of the start, and closing frees it', async (context) => {
  const first = await start(context);
  await assert.rejects(start(context, { port: first.port }), { code: 'EADDRINUSE' });
  const second = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    metrics: { contentType: 'text/plain', text: () => Promise.resolve('') },
    isReady: () => ({ isOk: true, reasons: [] }),
    isStarted: () => ({ isOk: true, reasons: [] }),
    onError: () => {},
  });
  await second.close();
  await start(context, { port: second.port });
});
