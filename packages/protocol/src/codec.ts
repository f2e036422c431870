/**
 * Decodes and encodes message bodies: the way in for everyone outside this package.
 *
 * A codec is compiled when a message and version are first seen, and kept; a broker that starts compiles nothing, and its
 * clients' versions cost some 50 microseconds each, once. Bodies have no frame size and no header: see `headers.ts`.
 */
import { readerSource, writerSource } from './compile.ts';
import { interpretRead, interpretWrite } from './interpret.ts';
import { ProtocolError } from './protocol-error.ts';
import { Reader } from './reader.ts';
import type { MessageSchema } from './schema.ts';
import { uuidFromBytes } from './uuid.ts';
import { Writer } from './writer.ts';

type Read = (reader: Reader) => unknown;
type Write = (writer: Writer, draft: unknown) => void;

/** Compiled codecs by version. Bounded by the number of tables times versions. */
interface Compiled {
  readonly reads: Read[];
  readonly writes: Write[];
}

const compiled = new WeakMap<MessageSchema, Compiled>();
const noBytes = new Uint8Array(0);
/** One is enough: encoding is synchronous, and the next message leaves the bytes of the last one alone. */
const sharedWriter = new Writer();

/**
 * The body of `version` that begins where `source` stands: at byte 0 of plain bytes, or at a reader's position, which
 * moves past the body. Byte fields are views of the source, not copies. As in Kafka, bytes behind the body are left
 * alone; see `decodeWhole`. Throws ProtocolError, and nothing else, when the bytes are no such body.
 */
export function decodeBody<B, D>(schema: MessageSchema<B, D>, version: number, source: Uint8Array | Reader): B {
  const reader = source instanceof Reader ? source : new Reader(source);
  return readOf(schema, version)(reader) as B;
}

/** As `decodeBody`, and refuses bytes behind the body. */
export function decodeWhole<B, D>(schema: MessageSchema<B, D>, version: number, source: Uint8Array | Reader): B {
  const reader = source instanceof Reader ? source : new Reader(source);
  const body = readOf(schema, version)(reader) as B;
  reader.expectEnd();
  return body;
}

/** The bytes of a body. Fields that the version does not carry are dropped. Throws ProtocolError for what cannot be said. */
export function encodeBody<B, D>(schema: MessageSchema<B, D>, version: number, draft: D): Uint8Array {
  sharedWriter.reset();
  writeBody(schema, version, { writer: sharedWriter, draft });
  return sharedWriter.toBytes();
}

/**
 * As `encodeBody`, with byte fields of 16 KiB and more by reference, for a gathering write. The other chunks are views of a
 * buffer that other messages share: send them, do not keep them.
 */
export function encodeChunks<B, D>(schema: MessageSchema<B, D>, version: number, draft: D): Uint8Array[] {
  sharedWriter.reset();
  writeBody(schema, version, { writer: sharedWriter, draft });
  return sharedWriter.takeChunks();
}

/** Appends a body to a writer, behind a header for instance. */
export function writeBody<B, D>(schema: MessageSchema<B, D>, version: number, to: { writer: Writer; draft: D }): void {
  writeOf(schema, version)(to.writer, to.draft);
}

function readOf(schema: MessageSchema, version: number): Read {
  return codecsOf(schema).reads[version] ?? compileRead(schema, version);
}

function writeOf(schema: MessageSchema, version: number): Write {
  return codecsOf(schema).writes[version] ?? compileWrite(schema, version);
}

function codecsOf(schema: MessageSchema): Compiled {
  let codecs = compiled.get(schema);
  if (codecs === undefined) {
    codecs = { reads: [], writes: [] };
    compiled.set(schema, codecs);
  }
  return codecs;
}

function compileRead(schema: MessageSchema, version: number): Read {
  expectVersion(schema, version);
  const code = toFunction(['uuidFromBytes', 'noBytes'], readerSource(schema, version));
  const read =
    code === null ? (reader: Reader) => interpretRead(schema, version, reader) : (code(uuidFromBytes, noBytes) as Read);
  codecsOf(schema).reads[version] = read;
  return read;
}

function compileWrite(schema: MessageSchema, version: number): Write {
  expectVersion(schema, version);
  const code = toFunction(['noBytes'], writerSource(schema, version));
  const write = code === null ? interpretWrite(schema, version) : (code(noBytes) as Write);
  codecsOf(schema).writes[version] = write;
  return write;
}

function expectVersion({ name, versions }: MessageSchema, version: number): void {
  if (Number.isInteger(version) && version >= versions[0] && version <= versions[1]) return;
  throw new ProtocolError(`${name} has versions ${versions[0]} to ${versions[1]}, not ${version}`);
}

/** A function from source text; null where the host does not allow that. */
function toFunction(parameters: readonly string[], source: string): ((...values: unknown[]) => unknown) | null {
  try {
    return new Function(...parameters, source) as (...values: unknown[]) => unknown;
  } catch (error) {
    if (error instanceof EvalError) return null;
    throw error;
  }
}
