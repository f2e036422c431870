/**
 * DescribeConfigs (api key 32): settings of topics, brokers and groups. Versions 1-4, flexible from 4.
 *
 * 1 answers source and synonyms (KIP-226), 3 types and documentation (KIP-569).
 */
import type { Body, Draft } from '../schema.ts';
import { array, boolean, int16, int32, int8, message, nullable, since, string, withDefault } from '../schema.ts';

export const describeConfigsRequest = message(
  { name: 'DescribeConfigsRequest', key: 32, versions: [1, 4], flexibleFrom: 4 },
  {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configurationKeys: nullable(array(string)),
    }),
    includeSynonyms: withDefault(boolean, false),
    includeDocumentation: since(3, boolean, false),
  },
);
export type DescribeConfigsRequest = Body<typeof describeConfigsRequest>;
export type DescribeConfigsRequestDraft = Draft<typeof describeConfigsRequest>;

export const describeConfigsResponse = message(
  { name: 'DescribeConfigsResponse', key: 32, versions: [1, 4], flexibleFrom: 4 },
  {
    throttleTimeMs: int32,
    results: array({
      errorCode: int16,
      errorMessage: nullable(string),
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        value: nullable(string),
        readOnly: boolean,
        /** 1 topic, 2 broker, 3 cluster-wide, 4 static, 5 default, 6 broker logger, 7 client metrics, 8 group. */
        configSource: withDefault(int8, -1),
        isSensitive: boolean,
        synonyms: array({
          name: string,
          value: nullable(string),
          source: int8,
        }),
        configType: since(3, int8, 0),
        documentation: since(3, nullable(string)),
      }),
    }),
  },
);
export type DescribeConfigsResponse = Body<typeof describeConfigsResponse>;
export type DescribeConfigsResponseDraft = Draft<typeof describeConfigsResponse>;
