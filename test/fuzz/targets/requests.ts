/**
 * What a client sends: a stream of frames, cut into chunks anywhere, through the frame reader, the header and the decoder of
 * every served API and version. A request that can be read is answered by the error that its handler has for it, as when the
 * handler fails; so the whole way there and back is walked, without a broker (F4, F5, F7, F9).
 */
import { isDeepStrictEqual } from 'node:util';
import type { Prng } from '@jackdaw/base';
import {
  apiDefinitions,
  decodeBody,
  encodeBody,
  encodeRequestFrame,
  ProtocolError,
  Reader,
  readRequestHeader,
} from '@jackdaw/protocol';
import { RequestGenerator } from '../../hardening/request-generator.ts';
import type { Field } from '../engine/fields.ts';
import { kafkaFields } from '../engine/kafka-fields.ts';
import { lengthPrefixed, partsMutator } from '../engine/parts.ts';
import { expect, type Outcome, type Target } from '../engine/target.ts';
import { internal } from '../internals.ts';
import type * as NetFrameReaderModule from '../../../packages/broker/src/net/frame-reader.ts';
import type * as ApiDispatcherModule from '../../../packages/broker/src/api/dispatcher.ts';
import type * as ApiHandlersModule from '../../../packages/broker/src/api/handlers.ts';
import type * as NetConnectionModule from '../../../packages/broker/src/net/connection.ts';
import type * as BrokerServicesModule from '../../../packages/broker/src/broker-services.ts';

type Connection = NetConnectionModule.Connection;
type BrokerServices = BrokerServicesModule.BrokerServices;

const { FrameLengthError, FrameReader } = await internal<typeof NetFrameReaderModule>('broker/net/frame-reader');
const { Dispatcher } = await internal<typeof ApiDispatcherModule>('broker/api/dispatcher');
const { handlers } = await internal<typeof ApiHandlersModule>('broker/api/handlers');

const maxFrameBytes = 65_536;
/** Bytes of an answer for each byte of its request, and for the answer itself: names in messages, fixed fields. */
const maxAnswerRatio = 40;
const maxAnswerBytes = 16_384;

/** The handler fails at once: the dispatcher then answers with the error for everything that was asked. */
class Refusal extends Error {
  override readonly name = 'Refusal';
}

interface Answer {
  readonly bytes: number;
  readonly isAnswered: boolean;
}

const failures: Error[] = [];
const failing = handlers.map((handler) => ({
  ...handler,
  handle: () => {
    throw new Refusal();
  },
}));
const services = { clock: { monotonicMs: () => 0, wallMs: () => 0 } } as unknown as BrokerServices;
const dispatcher = new Dispatcher(services, failing, {
  onResponse: () => undefined,
  onError: (_apiKey, error) => {
    if (!(error instanceof Refusal)) failures.push(error instanceof Error ? error : new Error(String(error)));
  },
  onRejected: () => undefined,
  onClosed: () => undefined,
});
const connection = { remoteAddress: '127.0.0.1' } as unknown as Connection;

function receive(input: Uint8Array): Outcome {
  const frames = framesOf(input);
  if (frames === null) return 'refused';
  let outcome: Outcome = 'refused';
  for (const frame of frames) {
    const answer = answerTo(frame);
    if (!answer.isAnswered) return outcome;
    const maxBytes = maxAnswerBytes + maxAnswerRatio * frame.length;
    expect(answer.bytes <= maxBytes, `${answer.bytes} bytes answer a request of ${frame.length}`);
    expectRoundTrip(frame);
    outcome = 'accepted';
  }
  return outcome;
}

/** The frames in the bytes, received in two or three chunks; null when a length is refused. */
function framesOf(input: Uint8Array): Buffer[] | null {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.length);
  const cuts = [0, (input.length * 7) % (input.length + 1), (input.length * 13) % (input.length + 1), input.length];
  const reader = new FrameReader(maxFrameBytes);
  const frames: Buffer[] = [];
  try {
    for (const [index, cut] of cuts.toSorted((a, b) => a - b).entries()) {
      const before = cuts.toSorted((a, b) => a - b)[index - 1] ?? 0;
      if (cut > before) frames.push(...reader.push(bytes.subarray(before, cut)));
    }
  } catch (error) {
    if (error instanceof FrameLengthError) return null;
    throw error;
  }
  const total = frames.reduce((sum, frame) => sum + 4 + frame.length, 0);
  expect(total + reader.bufferedBytes === input.length, 'every byte is in a frame or waits for one');
  return frames;
}

function answerTo(frame: Buffer): Answer {
  let answers = 0;
  let answer: Answer = { bytes: 0, isAnswered: false };
  const slot = {
    send: (chunks: readonly Uint8Array[]) => {
      answers++;
      answer = { bytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0), isAnswered: true };
    },
    skip: () => {
      answers++;
      answer = { bytes: 0, isAnswered: true };
    },
    abort: () => void answers++,
  };
  dispatcher.isLarge(frame);
  dispatcher.onRequest(connection, frame, slot);
  expect(answers === 1, `${answers} answers to one request`);
  const failure = failures.shift();
  if (failure !== undefined) throw failure;
  return answer;
}

/** What was read can be written, and read again as the same. One request in eight: it is the dearest check. */
function expectRoundTrip(frame: Buffer): void {
  if (frame.length % 8 !== 0) return;
  // Byte fields are views of what is read: of plain bytes here, so that they compare with what is written.
  const reader = new Reader(Uint8Array.from(frame));
  const { apiKey, apiVersion } = readRequestHeader(reader);
  const schema = apiDefinitions.get(apiKey)?.request;
  // The one request that is answered although it cannot be read (F7).
  if (schema === undefined || apiVersion < schema.versions[0] || apiVersion > schema.versions[1]) return;
  const body = decodeBody(schema, apiVersion, reader);
  const again = decodeBody(schema, apiVersion, encodeBody(schema, apiVersion, body));
  expect(isDeepStrictEqual(again, body), `${schema.name} v${apiVersion}: written and read again, it is another`);
}

const served = handlers.map(({ apiKey }) => apiDefinitions.get(apiKey)).filter((definition) => definition !== undefined);

/** Two requests of every API and version, with values that mean something to a broker. */
function seeds(prng: Prng): Uint8Array[] {
  const generator = new RequestGenerator(prng, {
    topics: new Map([['orders', 'AAAAAAAAAAAAAAAAAAAAAQ']]),
    memberIds: new Set(['member']),
    producerIds: new Set([7]),
    sessionIds: new Set([3]),
    generationIds: new Set([1]),
  });
  const frames: Uint8Array[] = [];
  for (const { key, minVersion, maxVersion, request } of served) {
    for (let apiVersion = minVersion; apiVersion <= maxVersion; apiVersion++) {
      for (let left = 2; left > 0; left--) {
        const header = { apiKey: key, apiVersion, correlationId: left, clientId: 'fuzz' };
        try {
          frames.push(Buffer.concat(encodeRequestFrame({ schema: request, header, body: generator.draft(key, apiVersion) })));
        } catch (error) {
          // The generator drew something that this version cannot say.
          if (!(error instanceof ProtocolError) && !(error instanceof TypeError)) throw error;
        }
      }
    }
  }
  return frames;
}

function fieldsOf(frame: Uint8Array): Field[] {
  const head: Field[] = [0, 2, 4].map((start) => ({
    start,
    end: start === 4 ? 8 : start + 2,
    form: 'fixed',
    contentBytes: -1,
    bias: 0,
  }));
  try {
    const reader = new Reader(frame);
    const { apiKey, apiVersion } = readRequestHeader(reader);
    const schema = apiDefinitions.get(apiKey)?.request;
    if (schema === undefined) return head;
    return [...head.slice(prngSkip(frame)), ...kafkaFields(schema, apiVersion, { bytes: frame, start: reader.position })];
  } catch {
    return frame.length < 8 ? [] : head;
  }
}

/** Mostly the body: another key or version is soon refused. */
function prngSkip(frame: Uint8Array): number {
  return frame.length % 8 === 0 ? 0 : 3;
}

export const requestTargets: readonly Target[] = [
  {
    name: 'client-requests',
    what: 'a stream of request frames through FrameReader, the dispatcher, all decoders and refusals',
    seeds,
    run: receive,
    mutate: partsMutator({ ...lengthPrefixed, fieldsOf }),
    words: ['orders', '__proto__', 'constructor', Uint8Array.of(0xff, 0xff), Uint8Array.of(0, 18, 0, 99)],
    maxInputBytes: 8_192,
  },
];
