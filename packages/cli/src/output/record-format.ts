/**
 * A consumed record as text: by a format like `%t[%p]@%o %k=%v`, as JSON, or as Kafka's console consumer prints it.
 *
 * The text goes to a pipe or a terminal as the user asked for it, so control characters in values are not escaped here.
 */
import type { ConsumedRecord } from '@jackdaw/client';
import { unescapeText } from '../input/record-reader.ts';
import { UsageError } from '../failure.ts';

export type RecordWriter = (record: ConsumedRecord) => string;

/** %t topic, %p partition, %o offset, %k key, %v (%s) value, %T timestamp, %h headers, %K %V sizes, %e leader epoch, %%. */
export function formatWriter(format: string): RecordWriter {
  const pieces = unescapeText(format).split(/(%.)/s);
  const parts = pieces.map((piece): RecordWriter => (piece.startsWith('%') ? placeholder(piece) : () => piece));
  const ending = unescapeText(format).endsWith('\n') ? '' : '\n';
  return (record) => parts.map((part) => part(record)).join('') + ending;
}

function placeholder(name: string): RecordWriter {
  const writer = placeholders.get(name);
  if (writer === undefined) throw new UsageError(`--format: ${name} is unknown`, `one of ${[...placeholders.keys()].join(' ')}`);
  return writer;
}

const placeholders: ReadonlyMap<string, RecordWriter> = new Map<string, RecordWriter>([
  ['%t', (record) => record.topic],
  ['%p', (record) => String(record.partition)],
  ['%o', (record) => String(record.offset)],
  ['%k', (record) => textOf(record.key)],
  ['%v', (record) => textOf(record.value)],
  ['%s', (record) => textOf(record.value)],
  ['%T', (record) => String(record.timestamp)],
  ['%h', (record) => record.headers.map(({ key, value }) => `${key}=${textOf(value)}`).join(',')],
  ['%K', (record) => String(record.key?.length ?? -1)],
  ['%V', (record) => String(record.value?.length ?? -1)],
  ['%e', (record) => String(record.leaderEpoch)],
  ['%%', () => '%'],
]);

/** What console-consumer's --formatter-property says. */
export function kafkaWriter(properties: ReadonlyMap<string, string>): RecordWriter {
  const isOn = (name: string, fallback = false): boolean => (properties.get(name) ?? String(fallback)) === 'true';
  const separator = unescapeText(properties.get('key.separator') ?? '\t');
  const lineSeparator = unescapeText(properties.get('line.separator') ?? '\n');
  const nullText = properties.get('null.literal') ?? 'null';
  const parts: RecordWriter[] = [];
  if (isOn('print.timestamp'))
    parts.push((record) => (record.timestamp < 0 ? 'NO_TIMESTAMP' : `${record.timestampType}:${record.timestamp}`));
  if (isOn('print.partition')) parts.push((record) => `Partition:${record.partition}`);
  if (isOn('print.offset')) parts.push((record) => `Offset:${record.offset}`);
  if (isOn('print.epoch')) parts.push((record) => `Epoch:${record.leaderEpoch}`);
  if (isOn('print.headers')) {
    parts.push(({ headers }) =>
      headers.length === 0 ? 'NO_HEADERS' : headers.map((one) => `${one.key}:${textOf(one.value, nullText)}`).join(','),
    );
  }
  if (isOn('print.key')) parts.push((record) => textOf(record.key, nullText));
  if (isOn('print.value', true)) parts.push((record) => textOf(record.value, nullText));
  return (record) => parts.map((part) => part(record)).join(separator) + lineSeparator;
}

/** One JSON object on one line. Bytes that are not UTF-8 are given as {"base64": …}. */
export function jsonWriter(): RecordWriter {
  return (record) => `${JSON.stringify(recordData(record))}\n`;
}

export function recordData(record: ConsumedRecord): object {
  return {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    timestamp: record.timestamp,
    timestampType: record.timestampType,
    leaderEpoch: record.leaderEpoch,
    key: bytesData(record.key),
    value: bytesData(record.value),
    headers: record.headers.map(({ key, value }) => ({ key, value: bytesData(value) })),
  };
}

function bytesData(bytes: Uint8Array | null): string | { base64: string } | null {
  if (bytes === null) return null;
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') };
  }
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Uint8Array | null, nullText = ''): string {
  return bytes === null ? nullText : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
