/**
 * The tables of a LevelDB database, looked at before it is read: every block has the checksum that was written with it.
 *
 * LevelDB writes these sums and, with the options that `level` gives, does not look at them when it reads: a bit that flips in
 * a block's directory hides keys, or shows the older value of one, which for the quorum is a vote that is forgotten (E2, B3).
 * All of a table is covered: its data, its index, its index of other blocks, and by way of them its end, which points to both.
 *
 * Format (LevelDB's table_format): blocks, each followed by a byte for its compression and a masked CRC-32C over both; then the
 * footer of 48 bytes: the places of the index of other blocks and of the index, padding, and a magic number. An index lists
 * the places of blocks: entries of shared length, own length, value length (varints), the rest of the key, and the place.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StorageError } from '@jackdaw/log';
import { crc32c } from '@jackdaw/protocol';

const footerBytes = 48;
const magic = 0xdb4775248b80fb57n;
/** Compression and checksum behind each block. */
const trailerBytes = 5;
const crcMaskDelta = 0xa282ead8;

interface Place {
  readonly offset: number;
  readonly size: number;
}

/**
 * Throws StorageError: `corrupt`, which names the table and the place in it, or `io` when one cannot be read. `listing` is
 * LevelDB's own of the tables that it goes by (property `leveldb.sstables`): a crash leaves others that are torn, and one is
 * perhaps being made in this moment.
 */
export function expectSoundTables(directory: string, listing: string): void {
  for (const [, number = '', size] of listing.matchAll(/^ *(\d+):(\d+)\[/gm)) {
    const file = join(directory, `${number.padStart(6, '0')}.ldb`);
    const table = contentOf(directory, file);
    if (table === undefined) continue;
    const problem = table.length === Number(size) ? problemOf(table) : `it has ${table.length} bytes and not ${size}`;
    if (problem !== undefined)
      throw new StorageError('corrupt', directory, `the quorum's database is damaged: ${file}: ${problem}`);
  }
}

/** Undefined when it is gone: merged into another one since it was listed. One that was missing is LevelDB's own to tell. */
function contentOf(directory: string, file: string): Uint8Array | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if ('code' in error && error.code === 'ENOENT') return undefined;
    throw new StorageError('io', directory, `the quorum's database cannot be read: ${file}: ${error.message}`, error);
  }
}

/** What is wrong with a table, or undefined. */
function problemOf(table: Uint8Array): string | undefined {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const end = table.length - footerBytes;
  if (end < 0 || view.getBigUint64(table.length - 8, true) !== magic) return 'it does not end as a table does';
  const others = placeAt(table, end);
  const index = others && placeAt(table, others.next);
  if (others === undefined || index === undefined) return 'its footer cannot be read';
  for (const list of [others.place, index.place]) {
    const places = hasSoundBlock(view, list) ? placesIn(table, list) : undefined;
    if (places === undefined) return `its index at ${list.offset} is not what was written`;
    const wrong = places.find((place) => !hasSoundBlock(view, place));
    if (wrong !== undefined) return `its block at ${wrong.offset} is not what was written`;
  }
  return undefined;
}

function hasSoundBlock(view: DataView, { offset, size }: Place): boolean {
  const end = offset + size;
  if (end + trailerBytes > view.byteLength) return false;
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const crc = crc32c(bytes, offset, end + 1);
  const masked = (((crc >>> 15) | (crc << 17)) + crcMaskDelta) >>> 0;
  return view.getUint32(end + 1, true) === masked;
}

/** Of an index that is not compressed; undefined when it cannot be read. */
function placesIn(table: Uint8Array, { offset, size }: Place): Place[] | undefined {
  if (size < 4 || table[offset + size] !== 0) return undefined;
  const restarts = new DataView(table.buffer, table.byteOffset + offset + size - 4).getUint32(0, true);
  const end = offset + size - 4 * (restarts + 1);
  const places: Place[] = [];
  for (let at = offset; at < end;) {
    const shared = varintAt(table, at);
    const own = shared && varintAt(table, shared.next);
    const length = own && varintAt(table, own.next);
    if (own === undefined || length === undefined) return undefined;
    const valueAt = length.next + own.value;
    const found = placeAt(table, valueAt);
    if (found === undefined) return undefined;
    places.push(found.place);
    at = valueAt + length.value;
  }
  return places;
}

function placeAt(table: Uint8Array, at: number): { place: Place; next: number } | undefined {
  const offset = varintAt(table, at);
  const size = offset && varintAt(table, offset.next);
  return size && { place: { offset: offset.value, size: size.value }, next: size.next };
}

/** Undefined beyond the end and for what is longer than any place in a file. */
function varintAt(table: Uint8Array, start: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let at = start, factor = 1; at < table.length && factor < 2 ** 49; at++, factor *= 128) {
    const byte = table[at] as number;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, next: at + 1 };
  }
  return undefined;
}
