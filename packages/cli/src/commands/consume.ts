/**
 * `jackdaw consume`: prints records, of some partitions from a place, or as a member of a group.
 *
 * Goes on until Ctrl-C, --max-messages, the end of the log (--exit), or silence for --timeout-ms.
 */
import {
  Consumer,
  GroupConsumer,
  listOffsets,
  listTopics,
  partitionKey,
  type Cluster,
  type ConsumedRecord,
  type TopicPartition,
} from '@jackdaw/client';
import { defineCommand, type Context } from '../command.ts';
import { exitCodes, UsageError } from '../failure.ts';
import { flag, integer, namesFrom, repeated, text } from '../input/options.ts';
import { parsePairs } from '../input/quantities.ts';
import { recordFilter } from '../input/record-filter.ts';
import { parseOffsetRange, toAssignments, type OffsetRange } from '../input/start-offset.ts';
import { formatWriter, jsonWriter, kafkaWriter, type RecordWriter } from '../output/record-format.ts';

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .positional('topics', { type: 'string', array: true, describe: 'Names' })
      .option('topic', repeated('A name, as with kafka-console-consumer'))
      .option('include', text('include', 'Every topic that matches this regular expression'))
      .option('from-beginning', flag('From the first record'))
      .option('offset', text('offset', 'start, end, N, +N, -N, @time, @time:@time'))
      .option('partition', { ...repeated('Only this partition (or several)'), alias: 'p' })
      .option('group', { ...text('group', 'As a member of this group'), alias: 'g' })
      .option('max-messages', { ...integer('max-messages', 'End after so many records', { min: 1 }), alias: 'n' })
      .option('exit', { ...flag('End at the end of the log as it is now'), alias: 'e' })
      .option('timeout-ms', integer('timeout-ms', 'End when nothing has come for so long', { min: 1 }))
      .option('format', { ...text('format', 'json, or a text like "%t[%p]@%o %k=%v"'), alias: 'f' })
      .option(
        'filter',
        text('filter', 'A JavaScript expression of topic, partition, offset, timestamp, key, value, headers, json'),
      )
      .option('isolation-level', {
        ...text('isolation-level', 'read_uncommitted or read_committed'),
        default: 'read_uncommitted',
      })
      .option('formatter-property', { ...repeated('print.key=true, print.offset=true, key.separator=…'), alias: 'property' }),
  run: async (args, context) => {
    const cluster = await context.connect({ withCodecs: true });
    const topics = await topicNames(cluster, namesFrom(args.topics, args.topic), args.include);
    const isolationLevel = args['isolation-level'];
    if (isolationLevel !== 'read_uncommitted' && isolationLevel !== 'read_committed')
      throw new UsageError('--isolation-level is read_uncommitted or read_committed');
    const range = parseOffsetRange(args.offset ?? (args['from-beginning'] ? 'start' : 'end'));
    const setup = { cluster, topics, range, isolationLevel, partitions: partitionNumbers(args.partition) } as const;
    const input = args.group === undefined ? await openPartitions(setup) : openGroup(setup, args.group);
    const printer = {
      write: recordWriter(context, args.format, args['formatter-property'] ?? []),
      accepts: args.filter === undefined ? (): boolean => true : recordFilter(args.filter),
    };
    if (args.exit && args.group !== undefined)
      throw new UsageError('--exit needs partitions, not a group', 'use --timeout-ms with --group');
    const ends = args.exit ? await endOffsets(cluster, input.partitions) : undefined;
    const limits = {
      maxMessages: args['max-messages'] ?? Infinity,
      timeoutMs: args['timeout-ms'] ?? Infinity,
      ends,
      until: range.untilTimestamp,
    };
    const count = await printRecords(context, { input, printer, limits });
    if (context.out.format === 'kafka') context.out.note(`Processed a total of ${count} messages`);
    return exitCodes.done;
  },
});

interface Input {
  readonly partitions: readonly TopicPartition[];
  readonly poll: (timeoutMs: number) => Promise<ConsumedRecord[]>;
  readonly position: (one: TopicPartition) => number | undefined;
  readonly interrupt: () => void;
  readonly close: () => Promise<void>;
}

interface Setup {
  readonly cluster: Cluster;
  readonly topics: readonly string[];
  readonly range: OffsetRange;
  readonly isolationLevel: 'read_uncommitted' | 'read_committed';
  readonly partitions: readonly number[] | undefined;
}

async function openPartitions({ cluster, topics, range, isolationLevel, partitions }: Setup): Promise<Input> {
  const all: TopicPartition[] = [];
  for (const topic of topics) {
    const known = (await cluster.topic(topic)).partitions.map((one) => one.partition);
    const missing = (partitions ?? []).find((number) => !known.includes(number));
    if (missing !== undefined) throw new UsageError(`${topic} has no partition ${missing}`, `it has ${known.length}, from 0`);
    all.push(...(partitions ?? known).map((partition) => ({ topic, partition })));
  }
  const consumer = new Consumer(cluster, { isolationLevel, autoOffsetReset: 'earliest' });
  consumer.assign(await toAssignments(cluster, all, range));
  return {
    partitions: all,
    poll: (timeoutMs) => consumer.poll(timeoutMs),
    position: ({ topic, partition }) => consumer.position(topic, partition),
    interrupt: () => consumer.interrupt(),
    close: () => consumer.close(),
  };
}

function openGroup({ cluster, topics, range, isolationLevel }: Setup, groupId: string): Input {
  const autoOffsetReset = range.start === 'earliest' ? 'earliest' : 'latest';
  const consumer = new GroupConsumer(cluster, { groupId, topics, isolationLevel, autoOffsetReset });
  return {
    partitions: [],
    poll: (timeoutMs) => consumer.poll(timeoutMs),
    position: () => undefined,
    interrupt: () => consumer.interrupt(),
    close: () => consumer.close(),
  };
}

async function topicNames(cluster: Cluster, names: readonly string[], include: string | undefined): Promise<string[]> {
  if (include === undefined) {
    if (names.length === 0) throw new UsageError('which topic? none was given');
    return [...names];
  }
  const pattern = new RegExp(`^(?:${include})$`);
  const found = (await listTopics(cluster))
    .filter((topic) => !topic.isInternal && pattern.test(topic.name))
    .map((topic) => topic.name);
  if (found.length === 0 && names.length === 0) throw new UsageError(`--include: no topic matches ${include}`);
  return [...new Set([...names, ...found])];
}

function partitionNumbers(given: readonly string[] | undefined): number[] | undefined {
  return given
    ?.flatMap((list) => list.split(','))
    .map((number) => {
      if (!/^\d+$/.test(number)) throw new UsageError(`--partition: "${number}" is not a partition number`);
      return Number(number);
    });
}

function recordWriter(context: Context, format: string | undefined, properties: readonly string[]): RecordWriter {
  if (format === 'json' || ['json', 'ndjson'].includes(context.out.format)) return jsonWriter();
  if (format !== undefined) return formatWriter(format);
  return kafkaWriter(parsePairs(properties, '--formatter-property'));
}

async function endOffsets(cluster: Cluster, partitions: readonly TopicPartition[]): Promise<Map<string, number>> {
  const found = await listOffsets(
    cluster,
    partitions.map((one) => ({ ...one, at: 'latest' as const })),
  );
  return new Map(found.map((one) => [partitionKey(one.topic, one.partition), one.offset]));
}

interface Printing {
  readonly input: Input;
  readonly printer: { readonly write: RecordWriter; readonly accepts: (record: ConsumedRecord) => boolean };
  readonly limits: {
    readonly maxMessages: number;
    readonly timeoutMs: number;
    readonly ends: ReadonlyMap<string, number> | undefined;
    readonly until: number | undefined;
  };
}

/** How often the ends are looked at while nothing comes. */
const pollMs = 250;

async function printRecords(context: Context, { input, printer, limits }: Printing): Promise<number> {
  let count = 0;
  let lastRecordMs = performance.now();
  const finished = new Set<string>();
  const onAbort = (): void => input.interrupt();
  context.signal.addEventListener('abort', onAbort, { once: true });
  try {
    while (!context.signal.aborted && count < limits.maxMessages && !isAtEnd(input, limits.ends, finished)) {
      const records = await input.poll(Math.min(pollMs, limits.timeoutMs));
      if (records.length > 0) lastRecordMs = performance.now();
      else if (performance.now() - lastRecordMs >= limits.timeoutMs) break;
      for (const record of records) {
        if (isPastLimit(record, limits, finished) || !printer.accepts(record)) continue;
        context.out.raw(printer.write(record));
        if (++count >= limits.maxMessages) break;
      }
    }
    return count;
  } finally {
    context.signal.removeEventListener('abort', onAbort);
    await input.close();
  }
}

function isPastLimit(record: ConsumedRecord, { ends, until }: Printing['limits'], finished: Set<string>): boolean {
  const key = partitionKey(record.topic, record.partition);
  const end = ends?.get(key);
  if ((end !== undefined && record.offset >= end) || (until !== undefined && record.timestamp >= until)) finished.add(key);
  return finished.has(key);
}

/** With --exit: every partition has been read to where its end was at the start. With @a:@b: every one has passed b. */
function isAtEnd(input: Input, ends: ReadonlyMap<string, number> | undefined, finished: ReadonlySet<string>): boolean {
  if (input.partitions.length > 0 && input.partitions.every((one) => finished.has(partitionKey(one.topic, one.partition))))
    return true;
  if (ends === undefined) return false;
  return input.partitions.every((one) => {
    const key = partitionKey(one.topic, one.partition);
    return finished.has(key) || (input.position(one) ?? -1) >= (ends.get(key) ?? Infinity);
  });
}
