/** DescribeConfigs of what nobody has configured: an answer stays in proportion to what is there, whatever is asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configResourceTypes, ConfigView, MetadataImage } from '@jackdaw/metadata';
import { ErrorCode, type DescribeConfigsResponseDraft } from '@jackdaw/protocol';
import { describeConfigsHandler } from '../../src/api/32-describe-configs.ts';
import type { RequestContext } from '../../src/api/handler.ts';
import type { BrokerServices } from '../../src/broker-services.ts';

function describe(resources: readonly { resourceType: number; resourceName: string }[]): DescribeConfigsResponseDraft {
  const image = new MetadataImage();
  const broker = { nodeId: 1, image: () => image, config: { view: new ConfigView(new Map()) } } as unknown as BrokerServices;
  const body = {
    resources: resources.map((resource) => ({ ...resource, configurationKeys: null })),
    includeSynonyms: true,
    includeDocumentation: true,
  };
  return describeConfigsHandler.handle(broker, body, { version: 4 } as RequestContext) as DescribeConfigsResponseDraft;
}

test('F3: groups that anybody can name are described up to a limit, the whole request is refused beyond it', () => {
  const groups = (count: number): { resourceType: number; resourceName: string }[] =>
    Array.from({ length: count }, (_, i) => ({ resourceType: configResourceTypes.group, resourceName: `g${i}` }));
  const described = describe(groups(1_000));
  assert.ok(described.results.every(({ errorCode, configs }) => errorCode === ErrorCode.NONE && configs.length > 0));
  const refused = describe(groups(1_001));
  assert.ok(refused.results.every(({ errorCode, configs }) => errorCode === ErrorCode.INVALID_REQUEST && configs.length === 0));
});

test('F3: an error text does not repeat a long name for everything that was asked', () => {
  const long = 'x'.repeat(30_000);
  const resources = Array.from({ length: 100 }, (_, i) => ({ resourceType: 77, resourceName: i === 0 ? long : 'y' }));
  for (const { errorCode, errorMessage } of describe(resources).results) {
    assert.equal(errorCode, ErrorCode.INVALID_REQUEST);
    assert.ok((errorMessage ?? '').length < 1_000);
  }
});
