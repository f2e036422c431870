/**
 * Kafka's 128-bit ids as text: 22 characters of unpadded base64url, the form that Kafka prints and its tools accept.
 *
 * Ids are strings everywhere in memory, so that they can be Map keys and be compared with `===`; they are 16 bytes
 * only on the wire and on disk. Both directions sit on the Fetch path (one id per topic), hence the tables.
 */
import { ProtocolError } from './protocol-error.ts';

/** The id that means "none"; Kafka's `Uuid.ZERO_UUID`. */
export const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA';
/** Reserved id of the metadata topic `__cluster_metadata`; Kafka's `Uuid.METADATA_TOPIC_ID`. */
export const metadataTopicUuid = 'AAAAAAAAAAAAAAAAAAAAAQ';

/** Size of an id on the wire, in bytes. */
export const uuidBytes = 16;
const textLength = 22;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const charCodeOf = Uint8Array.from(alphabet, (character) => character.charCodeAt(0));
const notInAlphabet = 0xff;
const valueOf = buildValueTable();

function buildValueTable(): Uint8Array {
  const table = new Uint8Array(128).fill(notInAlphabet);
  for (let value = 0; value < charCodeOf.length; value++) table[charCodeOf[value] as number] = value;
  return table;
}

/** The text of the 16 bytes at `position`. The caller has checked that they are there. */
export function uuidFromBytes(bytes: Uint8Array, position: number): string {
  if (isZero(bytes, position)) return zeroUuid;
  const codes: number[] = [];
  let out = 0;
  for (let i = 0; i < 15; i += 3) {
    const at = position + i;
    const bits = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    codes[out++] = charCodeOf[bits >> 18] as number;
    codes[out++] = charCodeOf[(bits >> 12) & 63] as number;
    codes[out++] = charCodeOf[(bits >> 6) & 63] as number;
    codes[out++] = charCodeOf[bits & 63] as number;
  }
  const last = bytes[position + 15] as number;
  codes[out++] = charCodeOf[last >> 2] as number;
  codes[out] = charCodeOf[(last & 3) << 4] as number;
  return String.fromCharCode.apply(null, codes);
}

function isZero(bytes: Uint8Array, position: number): boolean {
  for (let i = 0; i < uuidBytes; i++) if (bytes[position + i] !== 0) return false;
  return true;
}

/** Writes the 16 bytes of `text` at `position`; throws ProtocolError when it is not such an id. */
export function uuidToBytes(text: string, bytes: Uint8Array, position: number): void {
  if (typeof text !== 'string' || text.length !== textLength) throw new ProtocolError(`not a uuid: ${String(text)}`);
  let at = position;
  let invalid = 0;
  for (let i = 0; i < 20; i += 4) {
    const a = sextet(text, i);
    const b = sextet(text, i + 1);
    const c = sextet(text, i + 2);
    const d = sextet(text, i + 3);
    invalid |= a | b | c | d;
    bytes[at++] = (a << 2) | (b >> 4);
    bytes[at++] = ((b & 15) << 4) | (c >> 2);
    bytes[at++] = ((c & 3) << 6) | d;
  }
  const a = sextet(text, 20);
  const b = sextet(text, 21);
  bytes[at] = (a << 2) | (b >> 4);
  // A sextet fits six bits; the marker of a foreign character does not.
  if ((invalid | a | b) > 63) throw new ProtocolError(`not a uuid: ${text}`);
}

function sextet(text: string, index: number): number {
  const code = text.charCodeAt(index);
  return code < 128 ? (valueOf[code] as number) : notInAlphabet;
}

/** The id made of these 16 bytes, for instance random ones. */
export function uuidOf(bytes: Uint8Array): string {
  if (bytes.length !== uuidBytes) throw new ProtocolError(`a uuid has ${uuidBytes} bytes, not ${bytes.length}`);
  return uuidFromBytes(bytes, 0);
}

/** Whether `text` is an id in Kafka's text form, whose spare low bits are zero. */
export function isUuid(text: string): boolean {
  if (text.length !== textLength) return false;
  for (let i = 0; i < textLength; i++) if (sextet(text, i) === notInAlphabet) return false;
  return (sextet(text, textLength - 1) & 15) === 0;
}
