/** The dispatcher when an answer cannot be encoded: what the client gets, and what is counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ApiKey,
  encodeRequestFrame,
  ErrorCode,
  findCoordinatorRequest,
  findCoordinatorResponse,
  type FindCoordinatorResponseDraft,
} from '@jackdaw/protocol';
import type { BrokerServices } from '../../src/broker-services.ts';
import { Dispatcher } from '../../src/api/dispatcher.ts';
import { defineHandler } from '../../src/api/handler.ts';
import type { Connection } from '../../src/net/connection.ts';

type Answer = FindCoordinatorResponseDraft;

const unencodable = { errorCode: 0, host: null } as unknown as Answer;
const refused: Answer = { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage: null, nodeId: -1, host: '', port: -1 };

/** What became of one request when its handler gives these answers. */
async function dispatch(options: { handle: () => Answer | Promise<Answer>; refuse: () => Answer }) {
  const seen = { sent: 0, aborted: 0, errors: 0, responses: [] as number[] };
  const handler = defineHandler({
    apiKey: ApiKey.FindCoordinator,
    request: findCoordinatorRequest,
    response: findCoordinatorResponse,
    handle: options.handle,
    refuse: options.refuse,
  });
  const dispatcher = new Dispatcher(
    { clock: { monotonicMs: () => 0, wallMs: () => 0 } } as unknown as BrokerServices,
    [handler],
    {
      onResponse: ({ errorCode }) => seen.responses.push(errorCode),
      onError: () => seen.errors++,
      onRejected: () => undefined,
      onClosed: () => undefined,
    },
  );
  const chunks = encodeRequestFrame({
    schema: findCoordinatorRequest,
    header: { apiKey: ApiKey.FindCoordinator, apiVersion: 2, correlationId: 1, clientId: null },
    body: { key: 'group', keyType: 0 },
  });
  const settled = new Promise<void>((resolve) => {
    const slot = {
      send: () => (seen.sent++, resolve()),
      skip: () => resolve(),
      abort: () => (seen.aborted++, resolve()),
    };
    dispatcher.onRequest({ remoteAddress: '127.0.0.1' } as Connection, Buffer.concat(chunks).subarray(4), slot);
  });
  await settled;
  await Promise.resolve();
  return { ...seen, open: dispatcher.openRequests };
}

test('F3: answers that may be large are those of Fetch and OffsetFetch', () => {
  const observer = {
    onResponse: () => undefined,
    onError: () => undefined,
    onRejected: () => undefined,
    onClosed: () => undefined,
  };
  const dispatcher = new Dispatcher({} as unknown as BrokerServices, [], observer);
  const large = Object.values(ApiKey).filter((apiKey) => {
    const frame = Buffer.alloc(8);
    frame.writeInt16BE(apiKey);
    return dispatcher.isLarge(frame);
  });
  assert.deepEqual(large, [ApiKey.Fetch, ApiKey.OffsetFetch]);
});

test('F9: an answer that cannot be encoded becomes an error response, and the request is counted once', async () => {
  const refuse = (): Answer => refused;
  const expected = { sent: 1, aborted: 0, errors: 1, responses: [ErrorCode.UNKNOWN_SERVER_ERROR], open: 0 };
  assert.deepEqual(await dispatch({ handle: () => unencodable, refuse }), expected);
  assert.deepEqual(await dispatch({ handle: () => Promise.resolve(unencodable), refuse }), expected);
});

test('F9: a request whose refusal cannot be encoded either ends its connection, and is counted once', async () => {
  const expected = { sent: 0, aborted: 1, errors: 2, responses: [], open: 0 };
  assert.deepEqual(await dispatch({ handle: () => unencodable, refuse: () => unencodable }), expected);
});
