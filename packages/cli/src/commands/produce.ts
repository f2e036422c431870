/**
 * `jackdaw produce`: a record for each line of standard input or a file, or the same record --count times.
 */
import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Producer, type CompressionName, type Delivery, type ProducerOptions, type ProducerRecord } from '@jackdaw/client';
import { defineCommand, type Context } from '../command.ts';
import { CommandError, exitCodes, UsageError, type ExitCode } from '../failure.ts';
import { duration, flag, integer, repeated, text } from '../input/options.ts';
import { eachLine } from '../input/lines.ts';
import { parsePairs } from '../input/quantities.ts';
import { lineParser, parseHeader, unescapeText } from '../input/record-reader.ts';
import { jsonText } from '../output/output.ts';

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .positional('topic', { type: 'string', describe: 'Name' })
      .option('topic', text('topic', 'The same, as with kafka-console-producer'))
      .option('key', { ...text('key', 'Key of every record'), alias: 'k' })
      .option('value', text('value', 'One record with this value, instead of standard input'))
      .option('header', { ...repeated('Header of every record, name:value'), alias: 'H' })
      .option('partition', { ...integer('partition', 'Partition, instead of by key', { min: 0 }), alias: 'p' })
      .option('compression', {
        ...text('compression', 'none, gzip, snappy, lz4 or zstd'),
        alias: ['z', 'compression-codec'],
        default: 'none',
      })
      .option('acks', { ...text('acks', 'all, 1 or 0'), alias: 'request-required-acks', default: 'all' })
      .option('format', { ...text('format', 'How a line is read, such as "%k %v"'), alias: 'f' })
      .option('key-separator', { ...text('key-separator', 'Lines are key, this, value'), alias: 'K' })
      .option('null-marker', { ...text('null-marker', 'This text stands for null (a tombstone)'), alias: 'Z' })
      .option('file', text('file', 'Read lines from this file'))
      .option('rate', integer('rate', 'Records a second at most', { min: 1 }))
      .option('count', { ...integer('count', 'With --value or --tombstone: how many records', { min: 1 }), alias: 'n' })
      .option('tombstone', flag('Records without a value, for --key'))
      .option('linger', { ...duration('linger', 'How long a batch waits to be filled'), default: '5ms' })
      .option('sync', flag('Wait for each record before the next'))
      .option('reader-property', { ...repeated('parse.key=true, key.separator=…, null.marker=…'), alias: 'property' }),
  run: async (args, context) => {
    const topic = args.topic;
    if (topic === undefined) throw new UsageError('which topic?');
    const cluster = await context.connect({ withCodecs: args.compression !== 'none' });
    const producer = new Producer(
      cluster,
      producerOptions(args.compression ?? 'none', args.acks ?? 'all', {
        lingerMs: Number(args.linger ?? 5),
        timeoutMs: context.timeoutMs,
      }),
    );
    const reader = readerOptions(args);
    const base = {
      topic,
      ...(args.partition === undefined ? {} : { partition: args.partition }),
      headers: (args.header ?? []).map(parseHeader),
    };
    const source = records(context, {
      ...reader,
      file: args.file,
      fixedKey: args.key,
      value: args.tombstone ? null : args.value,
      count: args.count,
    });
    return sendAll(context, producer, { source, base, isSync: args.sync, rate: args.rate });
  },
});

function producerOptions(compression: string, acks: string, times: { lingerMs: number; timeoutMs: number }): ProducerOptions {
  const names: readonly CompressionName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
  const codec = names.find((name) => name === compression);
  if (codec === undefined) throw new UsageError(`--compression: "${compression}" is unknown`, `one of ${names.join(', ')}`);
  const level = new Map<string, -1 | 0 | 1>([
    ['all', -1],
    ['-1', -1],
    ['1', 1],
    ['0', 0],
  ]).get(acks);
  if (level === undefined) throw new UsageError(`--acks: "${acks}" is unknown`, 'one of all, 1, 0');
  return {
    acks: level,
    compression: codec,
    lingerMs: times.lingerMs,
    deliveryTimeoutMs: times.timeoutMs,
    batchSizeBytes: 128 * 1024,
  };
}

interface ReaderOptions {
  readonly keySeparator: string | undefined;
  readonly format: string | undefined;
  readonly nullMarker: string | undefined;
}

function readerOptions(args: {
  readonly 'reader-property': string[] | undefined;
  readonly 'key-separator': string | undefined;
  readonly format: string | undefined;
  readonly 'null-marker': string | undefined;
}): ReaderOptions {
  const properties = parsePairs(args['reader-property'] ?? [], '--reader-property');
  const parsesKey = properties.get('parse.key') === 'true';
  const separator = args['key-separator'] ?? (parsesKey ? (properties.get('key.separator') ?? '\t') : undefined);
  return {
    keySeparator: separator === undefined ? undefined : unescapeText(separator),
    format: args.format,
    nullMarker: args['null-marker'] ?? properties.get('null.marker'),
  };
}

interface Source extends ReaderOptions {
  readonly file: string | undefined;
  readonly fixedKey: string | undefined;
  /** Undefined: lines are read. */
  readonly value: string | null | undefined;
  readonly count: number | undefined;
}

async function* records(context: Context, source: Source): AsyncGenerator<Pick<ProducerRecord, 'key' | 'value'>, void> {
  if (source.value !== undefined) {
    for (let i = 0; i < (source.count ?? 1) && !context.signal.aborted; i++)
      yield { key: source.fixedKey ?? null, value: source.value };
    return;
  }
  const parse = lineParser(source);
  if (source.file === undefined && context.stdin.isTTY) context.out.note('one record a line; Ctrl-D ends');
  const input = source.file === undefined ? context.stdin : createReadStream(source.file);
  for await (const line of eachLine(input, context.signal)) {
    const record = parse(line);
    yield source.fixedKey === undefined ? record : { ...record, key: source.fixedKey };
  }
}

interface Sending {
  readonly source: AsyncIterable<Pick<ProducerRecord, 'key' | 'value'>>;
  readonly base: Omit<ProducerRecord, 'key' | 'value'>;
  readonly isSync: boolean;
  readonly rate: number | undefined;
}

/** Records that may wait for their acknowledgement; reading stops beyond. */
const maxOutstanding = 20_000;

async function sendAll(context: Context, producer: Producer, { source, base, isSync, rate }: Sending): Promise<ExitCode> {
  const tally = { sent: 0, delivered: 0, outstanding: 0, failure: undefined as Error | undefined };
  const startMs = performance.now();
  const onDelivered = (delivery: Delivery): void => {
    tally.delivered++;
    printDelivery(context, delivery);
  };
  try {
    for await (const record of source) {
      const sending = producer
        .send({ ...base, ...record })
        .then(onDelivered, (error: Error) => void (tally.failure ??= error))
        .finally(() => tally.outstanding--);
      tally.sent++;
      tally.outstanding++;
      if (isSync || tally.outstanding >= maxOutstanding) await sending;
      if (rate !== undefined) await keepRate(tally.sent, rate, startMs);
      if (tally.failure !== undefined || context.signal.aborted) break;
    }
  } finally {
    await producer.close();
  }
  if (tally.delivered < tally.sent && tally.failure !== undefined) {
    if (tally.delivered === 0) throw tally.failure;
    throw new CommandError(
      'PARTIAL',
      `${tally.sent - tally.delivered} of ${tally.sent} record(s) were not acknowledged: ${tally.failure.message}`,
      { exitCode: exitCodes.partial },
    );
  }
  if (context.out.isForPeople) context.out.note(`produced ${tally.delivered} record(s) to ${base.topic}`);
  return exitCodes.done;
}

function printDelivery(context: Context, delivery: Delivery): void {
  const { out } = context;
  if (out.format === 'json' || out.format === 'ndjson') out.line(jsonText(delivery));
  else if (out.isVerbose) out.note(`Produced to partition ${delivery.partition} at offset ${delivery.offset}`);
}

async function keepRate(sent: number, rate: number, startMs: number): Promise<void> {
  const aheadMs = startMs + (sent / rate) * 1000 - performance.now();
  if (aheadMs > 1) await sleep(aheadMs);
}
