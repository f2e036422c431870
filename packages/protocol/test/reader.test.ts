/**
 * The reads whose lengths a peer chooses.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '../src/protocol-error.ts';
import { maxElementsPerMessage, Reader } from '../src/reader.ts';

function reader(...bytes: number[]): Reader {
  return new Reader(Uint8Array.from(bytes));
}

test('F5: a string, byte string or array longer than what remains is a protocol error', () => {
  assert.throws(() => reader(0, 4, 97, 98, 99).string(), ProtocolError);
  assert.throws(() => reader(0, 4, 97, 98, 99).nullableString(), ProtocolError);
  assert.throws(() => reader(5, 97, 98, 99).compactString(), ProtocolError);
  assert.throws(() => reader(5, 97, 98, 99).compactNullableString(), ProtocolError);
  assert.throws(() => reader(0, 0, 0, 2, 1).byteString(), ProtocolError);
  assert.throws(() => reader(0x7f, 0xff, 0xff, 0xff, 1).nullableByteString(), ProtocolError);
  assert.throws(() => reader(3, 1).compactByteString(), ProtocolError);
  assert.throws(() => reader(3, 1).compactNullableByteString(), ProtocolError);
  assert.throws(() => reader(0, 0, 0, 2, 1, 1, 1).count(2), ProtocolError);
  assert.throws(() => reader(0, 0, 0, 2, 1, 1, 1).nullableCount(2), ProtocolError);
  assert.throws(() => reader(3, 1, 1, 1).compactCount(2), ProtocolError);
  assert.throws(() => reader(3, 1, 1, 1).compactNullableCount(2), ProtocolError);
});

test('F5: -1 is null where null may be, and a protocol error elsewhere; other negative lengths always are', () => {
  assert.equal(reader(0xff, 0xff).nullableString(), null);
  assert.equal(reader(0).compactNullableString(), null);
  assert.equal(reader(0xff, 0xff, 0xff, 0xff).nullableByteString(), null);
  assert.equal(reader(0).compactNullableByteString(), null);
  assert.equal(reader(0xff, 0xff, 0xff, 0xff).nullableCount(1), -1);
  assert.equal(reader(0).compactNullableCount(1), -1);
  for (const read of [
    () => reader(0xff, 0xff).string(),
    () => reader(0xff, 0xfe).nullableString(),
    () => reader(0).compactString(),
    () => reader(0xff, 0xff, 0xff, 0xff).byteString(),
    () => reader(0xff, 0xff, 0xff, 0xfe).nullableByteString(),
    () => reader(0).compactByteString(),
    () => reader(0xff, 0xff, 0xff, 0xff).count(1),
    () => reader(0x80, 0, 0, 0).nullableCount(1),
    () => reader(0).compactCount(1),
  ]) {
    assert.throws(read, ProtocolError);
  }
});

test('F5: a varint has at most 32 bits in at most five bytes', () => {
  assert.equal(reader(0x00).unsignedVarint(), 0);
  assert.equal(reader(0x7f).unsignedVarint(), 127);
  assert.equal(reader(0x80, 0x01).unsignedVarint(), 128);
  assert.equal(reader(0xff, 0xff, 0xff, 0xff, 0x0f).unsignedVarint(), 0xffff_ffff);
  assert.equal(reader(0x81, 0x00).unsignedVarint(), 1, 'a form that is longer than needed is accepted, as in Kafka');
  assert.throws(() => reader(0xff, 0xff, 0xff, 0xff, 0x10).unsignedVarint(), ProtocolError);
  assert.throws(() => reader(0x80, 0x80, 0x80, 0x80, 0x80, 0x00).unsignedVarint(), ProtocolError);
  assert.throws(() => reader(0x80, 0x80).unsignedVarint(), ProtocolError);
  assert.throws(() => reader().unsignedVarint(), ProtocolError);
});

test('F5: arrays of one message may not announce more elements than the limit, however small they are', () => {
  const half = maxElementsPerMessage / 2 + 1;
  const frame = new Uint8Array(maxElementsPerMessage + 16);
  new DataView(frame.buffer).setInt32(0, half);
  new DataView(frame.buffer).setInt32(4, half);
  const limited = new Reader(frame);
  assert.equal(limited.count(1), half);
  assert.throws(() => limited.count(1), ProtocolError);
});

test('F5: a string of more than 32,767 bytes is refused even where the length could say it', () => {
  const frame = new Uint8Array(40_000);
  frame.set([0x81, 0x80, 0x02]);
  assert.throws(() => new Reader(frame).compactString(), ProtocolError);
  frame.set([0x80, 0x80, 0x02]);
  assert.equal(new Reader(frame).compactString().length, 32_767);
});

test('F5: a text whose malformed bytes make it too long to be written again is refused', () => {
  const fits = new Reader(Buffer.concat([Buffer.from([0x2a, 0xaa]), Buffer.alloc(0x2aaa, 0xff)]));
  assert.equal(fits.string().length, 0x2aaa);
  const text = Buffer.alloc(11_000, 0xff);
  assert.throws(
    () => new Reader(Buffer.concat([Buffer.from([11_000 >> 8, 11_000 & 0xff]), text])).string(),
    /string of 33000 bytes, with its malformed ones/,
  );
});

test('text is decoded as UTF-8, whatever its length, with its byte order mark', () => {
  for (const text of ['', 'orders', 'žluťoučký kůň', '\ufeffmark', '𝄞', 'x'.repeat(39), 'y'.repeat(500), `${'z'.repeat(60)}é`]) {
    const encoded = Buffer.from(text);
    const frame = new Uint8Array([encoded.length >> 8, encoded.length & 0xff, ...encoded]);
    assert.equal(new Reader(frame).string(), text);
  }
  assert.equal(reader(0, 2, 0xc3, 0x28).string(), '\ufffd(', 'as in Kafka, malformed text is no error');
});

test('a reader of part of a buffer stays within it', () => {
  const whole = Buffer.from([9, 9, 0, 1, 97, 9, 9]);
  const part = new Reader(whole.subarray(2, 5));
  assert.equal(part.string(), 'a');
  assert.throws(() => part.int8(), ProtocolError);
});

test('byte strings are views, not copies', () => {
  const frame = Uint8Array.of(0, 0, 0, 2, 5, 6);
  const view = new Reader(frame).byteString();
  frame[4] = 7;
  assert.deepEqual([...view], [7, 6]);
});
