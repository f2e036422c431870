/**
 * `jackdaw log dump`: the batches of segment files, and with --print-data-log their records.
 *
 * With `-o kafka` the lines are those of kafka-dump-log. `--verify` makes a bad checksum, or bytes that are no batch, a failure.
 */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import {
  codecNames,
  CorruptRecordError,
  decodeRecords,
  readEndTxnMarker,
  type Codecs,
  type DecodedRecord,
} from '@jackdaw/protocol';
import { loadCodecs } from '../../broker-package.ts';
import { defineCommand, type Context } from '../../command.ts';
import { CommandError, exitCodes, UsageError } from '../../failure.ts';
import { expectNames, flag, integer, repeated } from '../../input/options.ts';
import { jsonText, type Output } from '../../output/output.ts';
import { escapeControls } from '../../output/table.ts';
import { readOffsetIndex, readSegment, readTimeIndex, type SegmentBatch } from '../../segment-file.ts';

const maxDecompressedBytes = 256 * 1024 * 1024;

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .positional('files', { type: 'string', array: true, describe: '.log, .index or .timeindex files' })
      .option('files', repeated('The same, as with kafka-dump-log'))
      .option('print-data-log', { ...flag('Records with keys and values too'), alias: 'deep-iteration' })
      .option('verify', flag('Exit code 1 when a checksum or a length is wrong'))
      .option('max-bytes', integer('max-bytes', 'Read so much of each file at most', { min: 1 })),
  run: async (args, context) => {
    const files = expectNames('file', undefined, args.files);
    const missing = files.find((file) => !existsSync(file));
    if (missing !== undefined) throw new UsageError(`there is no file ${missing}`);
    const codecs = args['print-data-log'] ? await loadCodecs() : undefined;
    let problems = 0;
    for (const file of files) {
      if (context.out.format === 'kafka') context.out.line(`Dumping ${file}`);
      else if (files.length > 1 && context.out.isForPeople) context.out.line(context.out.paint('bold', file));
      problems += await dumpFile(context, file, { codecs, maxBytes: args['max-bytes'] ?? Infinity });
    }
    if (problems > 0 && args.verify) throw new CommandError('CORRUPT', `${problems} problem(s) found`);
    return exitCodes.done;
  },
});

interface DumpOptions {
  /** Present when records are to be printed. */
  readonly codecs: Codecs | undefined;
  readonly maxBytes: number;
}

/** Prints one file and returns how many things are wrong with it. */
async function dumpFile(context: Context, file: string, options: DumpOptions): Promise<number> {
  const match = /^(\d+)\.(log|index|timeindex)$/.exec(basename(file));
  if (match === null)
    throw new UsageError(`${file} is no segment file`, 'its name must be an offset with .log, .index or .timeindex');
  const baseOffset = Number(match[1]);
  if (match[2] === 'log') return dumpLog(context.out, file, { ...options, baseOffset });
  const rows: readonly { readonly offset: number; readonly position?: number; readonly timestamp?: number }[] =
    match[2] === 'index' ? readOffsetIndex(file, baseOffset) : readTimeIndex(file, baseOffset);
  await context.out.listing({
    rows,
    columns: [
      ...(match[2] === 'index'
        ? []
        : [{ header: 'TIMESTAMP', align: 'right' as const, value: (row: { readonly timestamp?: number }) => row.timestamp }]),
      { header: 'OFFSET', align: 'right', value: (row) => row.offset },
      ...(match[2] === 'index'
        ? [{ header: 'POSITION', align: 'right' as const, value: (row: { readonly position?: number }) => row.position }]
        : []),
    ],
    name: (row) => String(row.offset),
    kafka: () =>
      rows.map((row) =>
        row.position === undefined
          ? `timestamp: ${row.timestamp} offset: ${row.offset}`
          : `offset: ${row.offset} position: ${row.position}`,
      ),
  });
  return 0;
}

function dumpLog(out: Output, file: string, options: DumpOptions & { readonly baseOffset: number }): number {
  if (out.format === 'kafka') out.line(`Log starting offset: ${options.baseOffset}`);
  let problems = 0;
  let nextOffset = options.baseOffset;
  try {
    const end = readSegment(file, options.maxBytes, (batch) => {
      if (!batch.hasValidCrc) problems++;
      if (batch.header.baseOffset < nextOffset) {
        problems++;
        out.warn(`offset ${batch.header.baseOffset} at position ${batch.position} comes after ${nextOffset - 1}`);
      }
      nextOffset = batch.header.lastOffset + 1;
      printBatch(out, batch, options.codecs);
      return true;
    });
    if (end.trailingBytes > 0) out.warn(`Found ${end.trailingBytes} invalid bytes at the end of ${basename(file)}`);
    return problems + (end.trailingBytes > 0 ? 1 : 0);
  } catch (error) {
    if (!(error instanceof CorruptRecordError)) throw error;
    out.warn(`${basename(file)}: after offset ${nextOffset - 1}: ${error.message}`);
    return problems + 1;
  }
}

function printBatch(out: Output, batch: SegmentBatch, codecs: Codecs | undefined): void {
  const records = codecs === undefined || !batch.hasValidCrc ? [] : decodeRecords(batch.bytes, codecs, { maxDecompressedBytes });
  if (out.format === 'table' || out.format === 'wide') {
    out.line(peopleLine(batch));
    for (const record of records)
      out.line(`    ${record.offset}  ${quoted(record.key)} = ${quoted(record.value)}${headersText(record)}`);
  } else if (out.format === 'kafka') {
    out.line(kafkaLine(batch));
    for (const [i, record] of records.entries()) out.line(kafkaRecordLine(batch, record, i));
  } else if (out.format === 'name') {
    out.line(String(batch.header.baseOffset));
  } else {
    out.line(jsonText(batchData(batch, records)));
  }
}

function peopleLine({ header, hasValidCrc, position }: SegmentBatch): string {
  const flags = [
    header.isTransactional ? 'transactional' : '',
    header.isControl ? 'control' : '',
    hasValidCrc ? '' : 'BAD CHECKSUM',
  ].filter((one) => one !== '');
  const producer =
    header.producerId < 0 ? '' : `  producer ${header.producerId}/${header.producerEpoch} seq ${header.baseSequence}`;
  return (
    `${header.baseOffset}..${header.lastOffset}  ${header.recordsCount} record(s)  ${header.sizeInBytes} bytes at ${position}` +
    `  epoch ${header.leaderEpoch}  ${codecNames[header.codec] ?? '?'}` +
    `  ${header.timestampType} ${timeText(header.maxTimestamp)}${producer}${flags.map((one) => `  ${one}`).join('')}`
  );
}

function timeText(timestamp: number): string {
  return timestamp >= 0 && timestamp < 8.64e15 ? new Date(timestamp).toISOString() : String(timestamp);
}

function kafkaLine({ header, position, hasValidCrc }: SegmentBatch): string {
  const lastSequence = header.baseSequence < 0 ? -1 : header.baseSequence + header.lastOffsetDelta;
  const horizon = header.hasDeleteHorizon ? `OptionalLong[${header.baseTimestamp}]` : 'OptionalLong.empty';
  return (
    `baseOffset: ${header.baseOffset} lastOffset: ${header.lastOffset} count: ${header.recordsCount}` +
    ` baseSequence: ${header.baseSequence} lastSequence: ${lastSequence}` +
    ` producerId: ${header.producerId} producerEpoch: ${header.producerEpoch} partitionLeaderEpoch: ${header.leaderEpoch}` +
    ` isTransactional: ${header.isTransactional} isControl: ${header.isControl} deleteHorizonMs: ${horizon}` +
    ` position: ${position} ${header.timestampType}: ${header.maxTimestamp} size: ${header.sizeInBytes} magic: ${header.magic}` +
    ` compresscodec: ${codecNames[header.codec] ?? header.codec} crc: ${header.crc} isvalid: ${hasValidCrc}`
  );
}

function kafkaRecordLine({ header, bytes }: SegmentBatch, record: DecodedRecord, index: number): string {
  const sequence = header.baseSequence < 0 ? -1 : header.baseSequence + index;
  const keys = record.headers.map((one) => one.key).join(',');
  const start =
    `| offset: ${record.offset} ${header.timestampType}: ${record.timestamp} keySize: ${record.key?.length ?? -1}` +
    ` valueSize: ${record.value?.length ?? -1} sequence: ${sequence} headerKeys: [${keys}]`;
  if (header.isControl) {
    const marker = readEndTxnMarker(bytes);
    return marker === null
      ? start
      : `${start} endTxnMarker: ${marker.isCommit ? 'COMMIT' : 'ABORT'} coordinatorEpoch: ${marker.coordinatorEpoch}`;
  }
  const key = record.key === null ? '' : ` key: ${textOf(record.key)}`;
  const payload = record.value === null ? '' : ` payload: ${textOf(record.value)}`;
  return start + key + payload;
}

function batchData({ header, position, hasValidCrc }: SegmentBatch, records: readonly DecodedRecord[]): object {
  return {
    ...header,
    position,
    codec: codecNames[header.codec] ?? header.codec,
    isValid: hasValidCrc,
    records: records.map((record) => ({
      offset: record.offset,
      timestamp: record.timestamp,
      key: record.key === null ? null : textOf(record.key),
      value: record.value === null ? null : textOf(record.value),
      headers: record.headers.map(({ key, value }) => ({ key, value: value === null ? null : textOf(value) })),
    })),
  };
}

function headersText(record: DecodedRecord): string {
  return record.headers.length === 0
    ? ''
    : `  {${record.headers.map(({ key, value }) => `${escapeControls(key)}: ${quoted(value)}`).join(', ')}}`;
}

function quoted(bytes: Uint8Array | null): string {
  return bytes === null ? 'null' : `"${escapeControls(textOf(bytes))}"`;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
