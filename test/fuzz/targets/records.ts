/**
 * Record batches as a producer sends them: validated as Produce does it, and read again when they are accepted (F6).
 */
import { nodeCodecs } from '@jackdaw/broker';
import {
  batchRecordsCount,
  batchSizeInBytes,
  CorruptRecordError,
  isControlBatch,
  decodeRecords,
  isValidCrc,
  validateBatches,
} from '@jackdaw/protocol';
import { CorruptCompressedError, DecompressedTooLargeError } from '@jackdaw/protocol';
import type { ValidateOptions } from '@jackdaw/protocol';
import { fieldMutator } from '../engine/fields.ts';
import { expect, type Outcome, type Target } from '../engine/target.ts';
import { batchAround, batchFields, bombs, nowMs, recordBombs, repairBatch, sampleBatches } from './batches.ts';

/** What the records of one batch may inflate to. */
const maxDecompressedBytes = 1_048_576;

const ordinary: ValidateOptions = {
  maxMessageBytes: 1_048_588,
  timestampType: 'CreateTime',
  beforeMaxMs: Infinity,
  afterMaxMs: Infinity,
  nowMs,
  compressionType: 'producer',
  isCompacted: false,
  codecs: nodeCodecs,
  maxDecompressedBytes,
};

/** Topics of several kinds; the input says which. */
const variants: readonly ValidateOptions[] = [
  ordinary,
  ordinary,
  { ...ordinary, isCompacted: true, beforeMaxMs: 3_600_000, afterMaxMs: 3_600_000 },
  { ...ordinary, compressionType: 'uncompressed', timestampType: 'LogAppendTime' },
  { ...ordinary, compressionType: 'lz4' },
  { ...ordinary, origin: 'coordinator' },
  { ...ordinary, requestVersion: 3, maxMessageBytes: 400 },
];

function validate(input: Uint8Array): Outcome {
  const options = variants[input.length % variants.length] as ValidateOptions;
  const result = validateBatches(input, options);
  if (result.error !== null) {
    expect(Number.isInteger(result.error) && result.error > 0 && result.message !== '', 'a refusal has an error and a message');
    return 'refused';
  }
  const { batches, recordsCount } = result;
  expect(batches.length <= options.maxMessageBytes, 'what is accepted is no larger than the limit');
  expect(isValidCrc(batches, 0), 'what is accepted has a right checksum');
  expect(batchSizeInBytes(batches, 0) === batches.length, 'one batch, and nothing behind it');
  // Whoever reads the log later must be able to.
  if (batchRecordsCount(batches, 0) > 0 && !isControlBatch(batches, 0)) {
    const records = decodeRecords(batches, nodeCodecs, { maxDecompressedBytes });
    expect(records.length === recordsCount, `${recordsCount} records were accepted, ${records.length} can be read`);
    // The broker believes its own coordinators.
    const isOrdered = records.every(({ offset }, index) => offset === index);
    expect(isOrdered || options.origin === 'coordinator', 'offsets run 0, 1, 2, …');
  }
  return 'accepted';
}

/** Records of a batch that nobody has validated: from another broker, or a log that is damaged. */
function decode(input: Uint8Array): Outcome {
  try {
    decodeRecords(input, nodeCodecs, { maxDecompressedBytes });
    return 'accepted';
  } catch (error) {
    if (isDeclared(error)) return 'refused';
    throw error;
  }
}

export function isDeclared(error: unknown): boolean {
  return (
    error instanceof CorruptRecordError || error instanceof CorruptCompressedError || error instanceof DecompressedTooLargeError
  );
}

function allBombs(): Uint8Array[] {
  return [...bombs().map(({ codec, payload }) => batchAround(payload, codec)), ...recordBombs()];
}

const shared = {
  mutate: fieldMutator(batchFields),
  repair: repairBatch,
  // zlib and WebAssembly set memory aside as large as the limit of what they may inflate to.
  allocation: { fixedBytes: 16 * 1_048_576, bytesPerInputByte: 128 },
};

export const recordTargets: readonly Target[] = [
  {
    ...shared,
    name: 'records-produce',
    what: 'a batch in a Produce request, through validateBatches',
    seeds: (prng) => [...sampleBatches(prng), ...allBombs()],
    run: validate,
  },
  {
    ...shared,
    name: 'records-decode',
    what: 'the records of a batch that nobody has checked, through decodeRecords',
    seeds: (prng) => [...sampleBatches(prng), ...allBombs()],
    run: decode,
  },
];
