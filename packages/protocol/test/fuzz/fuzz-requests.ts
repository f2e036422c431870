/**
 * Feeds mutated requests, responses and records of every message and version to the decoders (correctness F4, F5).
 *
 * The oracle: a frame is decoded, or refused with a ProtocolError; nothing else is thrown, no frame takes long, and what is
 * decoded has no more elements than the frame has bytes. Samples of the outcomes are compared with the interpreter, and
 * encoded and decoded again. As a program: `node dist/test/fuzz/fuzz-requests.js [count] [seed]`.
 */
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import { fileURLToPath } from 'node:url';
import { Prng } from '@jackdaw/base';
import fc from 'fast-check';
import { apiDefinitions, isSupportedVersion } from '../../src/api-definitions.ts';
import { decodeBody, encodeBody } from '../../src/codec.ts';
import { readRequestHeader, writeRequestHeader } from '../../src/headers.ts';
import { interpretRead } from '../../src/interpret.ts';
import { ProtocolError } from '../../src/protocol-error.ts';
import { Reader } from '../../src/reader.ts';
import type { MessageSchema } from '../../src/schema.ts';
import { Writer } from '../../src/writer.ts';
import { eachVersion } from '../support/all-schemas.ts';
import { samplesOf } from '../support/arbitrary.ts';
import { mutate, pick } from './mutate.ts';

export interface FuzzResult {
  readonly frames: number;
  readonly decoded: number;
  readonly refused: number;
  readonly slowestMs: number;
  readonly seconds: number;
}

interface Seed {
  readonly schema: MessageSchema;
  readonly version: number;
  /** Whether a request header stands before the body. */
  readonly hasHeader: boolean;
  readonly frame: Uint8Array;
}

const samplesPerVersion = 4;
/** One frame may take this long, pauses of the collector and of a busy machine included. */
const maxFrameMs = 1_000;
const maxHeapBytes = 768 * 1_048_576;
/** Every so many frames the slow checks are made. */
const thoroughEvery = 8;
const heapCheckEvery = 4_096;

export function fuzzRequests({ count, seed }: { count: number; seed: number }): FuzzResult {
  const prng = new Prng(seed);
  const seeds = makeSeeds(seed);
  const start = performance.now();
  let decoded = 0;
  let slowestMs = 0;
  for (let i = 0; i < count; i++) {
    const origin = pick(seeds, prng);
    const frame = mutate(origin.frame, prng, pick(seeds, prng).frame);
    const before = performance.now();
    if (tryFrame(origin, frame, i % thoroughEvery === 0)) decoded++;
    slowestMs = Math.max(slowestMs, performance.now() - before);
    if (i % heapCheckEvery === 0) assert.ok(process.memoryUsage().heapUsed < maxHeapBytes, `heap at frame ${i}`);
  }
  assert.ok(slowestMs < maxFrameMs, `a frame took ${slowestMs} ms`);
  return { frames: count, decoded, refused: count - decoded, slowestMs, seconds: (performance.now() - start) / 1000 };
}

function makeSeeds(seed: number): Seed[] {
  return eachVersion().flatMap(({ schema, version }) => {
    const samples = fc.sample(samplesOf(schema, version), { numRuns: samplesPerVersion, seed });
    return samples.map(({ draft }, i) => makeSeed(schema, version, { draft, hasHeader: i % 2 === 0 }));
  });
}

function makeSeed(schema: MessageSchema, version: number, { draft, hasHeader }: { draft: unknown; hasHeader: boolean }): Seed {
  const body = encodeBody(schema, version, draft);
  const isRequest = schema.key !== null && apiDefinitions.get(schema.key)?.request === schema;
  if (!isRequest || !hasHeader) return { schema, version, hasHeader: false, frame: body };
  const writer = new Writer();
  writeRequestHeader(writer, { apiKey: schema.key ?? 0, apiVersion: version, correlationId: 1, clientId: 'client' });
  writer.byteString(body);
  // The four bytes of the length that `byteString` wrote are cut out again.
  const bytes = writer.toBytes();
  const headerBytes = bytes.length - body.length - 4;
  const frame = new Uint8Array([...bytes.subarray(0, headerBytes), ...body]);
  return { schema, version, hasHeader: true, frame };
}

/** True when the frame was decoded, false when it was refused as it should be. */
function tryFrame(origin: Seed, frame: Uint8Array, thorough: boolean): boolean {
  try {
    const reader = new Reader(frame);
    const { schema, version } = origin.hasHeader ? addressee(reader) : origin;
    const start = reader.position;
    const body = decodeBody(schema, version, reader);
    if (thorough) checkDecoded({ ...origin, schema, version, frame: frame.subarray(start) }, body);
    return true;
  } catch (error) {
    if (error instanceof ProtocolError) return checkRefused(origin, frame, thorough);
    const where = `${origin.schema.name} v${origin.version} ${Buffer.from(frame).toString('hex')}`;
    throw new Error(`neither decoded nor refused: ${where}`, { cause: error });
  }
}

/** What the header asks for, as a broker finds out. */
function addressee(reader: Reader): { schema: MessageSchema; version: number } {
  const { apiKey, apiVersion } = readRequestHeader(reader);
  const definition = apiDefinitions.get(apiKey);
  if (definition === undefined || !isSupportedVersion(apiKey, apiVersion)) throw new ProtocolError('no such API or version');
  return { schema: definition.request, version: apiVersion };
}

function checkDecoded({ schema, version, frame }: Seed, body: unknown): void {
  assert.ok(countElements(body) <= frame.length, 'more elements than bytes');
  assert.ok(isDeepStrictEqual(interpretRead(schema, version, new Reader(frame)), body), 'the interpreter reads something else');
  const again = decodeBody(schema, version, encodeBody(schema, version, body));
  assert.ok(isDeepStrictEqual(again, body), 'encoded and decoded again it is something else');
}

function checkRefused({ schema, version, hasHeader }: Seed, frame: Uint8Array, thorough: boolean): false {
  if (thorough && !hasHeader) {
    let refused = false;
    try {
      interpretRead(schema, version, new Reader(frame));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      refused = true;
    }
    assert.ok(refused, `the interpreter takes what the compiled codec refuses: ${schema.name} v${version}`);
  }
  return false;
}

function countElements(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, element) => sum + countElements(element), value.length);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 0;
  return Object.values(value).reduce((sum: number, member) => sum + countElements(member), 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.env['NODE_TEST_CONTEXT'] === undefined) {
  const [count = '50000', seed = '1'] = process.argv.slice(2);
  const result = fuzzRequests({ count: Number(count), seed: Number(seed) });
  console.log({ seed: Number(seed), ...result, framesPerSecond: Math.round(result.frames / result.seconds) });
}
