/** The list of all handlers: complete, in order, and each able to refuse every version of its API. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiDefinitions, decodeWhole, encodeBody, ErrorCode } from '@jackdaw/protocol';
import { handlers } from '../../src/api/handlers.ts';
import type { RequestContext } from '../../src/api/handler.ts';
import { servedApiKeys } from '../../src/api/served-apis.ts';
import { sampleRequest } from './sample-request.ts';

const refusal = { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, errorMessage: 'a reason' };

test('there is one handler for each API that is served, in the order of their keys', () => {
  assert.deepEqual(
    handlers.map(({ apiKey }) => apiKey),
    servedApiKeys,
  );
});

test('F9: every handler can refuse every version of its API with an answer that says so', () => {
  for (const handler of handlers) {
    const definition = apiDefinitions.get(handler.apiKey);
    assert.ok(definition !== undefined);
    // An old DescribeLogDirs has no place for an error: clients take "no directories" for one.
    const firstVersion = definition.name === 'DescribeLogDirs' ? 3 : definition.minVersion;
    for (let version = firstVersion; version <= definition.maxVersion; version++) {
      const context = { version } as RequestContext;
      const answer = handler.refuse(sampleRequest(handler.request, version), refusal, context);
      const decoded = decodeWhole(handler.response, version, encodeBody(handler.response, version, answer));
      assert.ok(holds(decoded, refusal.errorCode), `${definition.name} v${version}: ${JSON.stringify(decoded)}`);
    }
  }
});

/** Whether the number stands anywhere in the answer. */
function holds(value: unknown, wanted: number): boolean {
  if (value === wanted) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some((one) => holds(one, wanted));
}
