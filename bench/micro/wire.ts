/**
 * Micro-benchmarks of the wire: frames out of chunks, requests out of frames, responses into bytes.
 */
import {
  decodeBody,
  encodeBody,
  encodeChunks,
  fetchResponse,
  produceRequest,
  produceResponse,
  zeroUuid,
  type FetchResponseDraft,
} from '@jackdaw/protocol';
import type * as FrameReaderModule from '../../packages/broker/src/net/frame-reader.ts';
import { internal } from './internals.ts';
import type { Micro } from './micro-bench.ts';

const { FrameReader } = await internal<typeof FrameReaderModule>('broker/net/frame-reader');

const produceVersion = 11;
const fetchVersion = 13;
const partitions = 6;
const chunkBytes = 64 << 10;
const maxFrameBytes = 100 << 20;

export function wireMicros(): Micro[] {
  return [wholeFrames(), spanningFrame(), decodeProduce(), encodeProduceResponse(), encodeFetchResponse()];
}

function wholeFrames(): Micro {
  const frames = 16;
  const frameBytes = chunkBytes / frames;
  const chunk = Buffer.alloc(chunkBytes);
  for (let i = 0; i < frames; i++) chunk.writeInt32BE(frameBytes - 4, i * frameBytes);
  const reader = new FrameReader(maxFrameBytes);
  return {
    name: 'frame: 16 of 4 KiB in a chunk',
    bytes: chunkBytes,
    limit: '16 lengths read, 16 views made',
    run: (calls) => repeat(calls, () => reader.push(chunk)),
    runLimit: (calls) =>
      repeat(calls, () => {
        const found: Buffer[] = [];
        for (let at = 0; at < chunkBytes; at += 4 + chunk.readInt32BE(at)) found.push(chunk.subarray(at + 4, at + frameBytes));
        return found;
      }),
  };
}

function spanningFrame(): Micro {
  const frameBytes = 1 << 20;
  const whole = Buffer.alloc(frameBytes);
  whole.writeInt32BE(frameBytes - 4, 0);
  const chunks = Array.from({ length: frameBytes / chunkBytes }, (_, i) => whole.subarray(i * chunkBytes, (i + 1) * chunkBytes));
  const reader = new FrameReader(maxFrameBytes);
  return {
    name: 'frame: 1 MiB in pieces of 64 KiB',
    bytes: frameBytes,
    limit: 'the same bytes copied once',
    run: (calls) =>
      repeat(calls, () => {
        let last: unknown;
        for (const chunk of chunks) last = reader.push(chunk);
        return last;
      }),
    runLimit: (calls) => repeat(calls, () => Buffer.concat(chunks, frameBytes)),
  };
}

function decodeProduce(): Micro {
  const records = Buffer.alloc(16 << 10, 1);
  const partitionData = Array.from({ length: partitions }, (_, index) => ({ index, records }));
  const draft = { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData: [{ name: 'orders', partitionData }] };
  const bytes = Buffer.from(encodeBody(produceRequest, produceVersion, draft));
  const positions = partitionData.map((_, i) => bytes.length - (partitions - i) * (records.length + 1));
  return {
    name: 'decode: Produce with 6 batches',
    limit: '6 views made, a name decoded, 3 objects a partition',
    run: (calls) => repeat(calls, () => decodeBody(produceRequest, produceVersion, bytes)),
    runLimit: (calls) =>
      repeat(calls, () => ({
        name: bytes.toString('latin1', 10, 16),
        partitionData: positions.map((at, index) => ({ index, records: bytes.subarray(at, at + records.length) })),
      })),
  };
}

function encodeProduceResponse(): Micro {
  const partitionResponses = Array.from({ length: partitions }, (_, index) => ({
    ...{ index, errorCode: 0, baseOffset: 1_000_000 + index, logAppendTimeMs: -1, logStartOffset: 0 },
    ...{ recordErrors: [], errorMessage: null },
  }));
  const draft = { responses: [{ name: 'orders', partitionResponses }], throttleTimeMs: 0 };
  const bytes = Buffer.from(encodeBody(produceResponse, produceVersion, draft));
  return {
    name: 'encode: the answer to it',
    limit: 'a buffer of that size made and its 32-bit words written',
    run: (calls) => repeat(calls, () => encodeBody(produceResponse, produceVersion, draft)),
    runLimit: (calls) =>
      repeat(calls, () => {
        const out = Buffer.allocUnsafe(bytes.length);
        const view = new DataView(out.buffer, out.byteOffset, out.length);
        for (let at = 0; at + 4 <= out.length; at += 4) view.setInt32(at, at);
        return out;
      }),
  };
}

function encodeFetchResponse(): Micro {
  const records = Buffer.alloc(128 << 10, 1);
  const draft: FetchResponseDraft = {
    ...{ throttleTimeMs: 0, errorCode: 0, sessionId: 7 },
    responses: [
      {
        topicId: zeroUuid,
        partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({
          ...{ partitionIndex, errorCode: 0, highWatermark: 1_000_000, lastStableOffset: 1_000_000, logStartOffset: 0 },
          ...{ abortedTransactions: null, records },
        })),
      },
    ],
  };
  const fieldsBytes = 400;
  return {
    name: 'encode: a Fetch response, 6 × 128 KiB',
    limit: '400 bytes written word by word, 12 views made',
    run: (calls) => repeat(calls, () => encodeChunks(fetchResponse, fetchVersion, draft)),
    runLimit: (calls) =>
      repeat(calls, () => {
        const out = Buffer.allocUnsafe(fieldsBytes);
        const view = new DataView(out.buffer, out.byteOffset, out.length);
        for (let at = 0; at + 4 <= out.length; at += 4) view.setInt32(at, at);
        const chunks: Uint8Array[] = [];
        for (let i = 0; i < partitions; i++) chunks.push(out.subarray(i * 60, i * 60 + 60), records);
        return chunks;
      }),
  };
}

export function repeat(calls: number, work: () => unknown): unknown {
  let last: unknown;
  for (let i = 0; i < calls; i++) last = work();
  return last;
}
