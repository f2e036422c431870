/**
 * Growth of the scratch buffer, references, varints and text.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reader } from '../src/reader.ts';
import { referenceBytes, Writer } from '../src/writer.ts';

test('what is written before the scratch buffer grows is still there afterwards', () => {
  const writer = new Writer();
  for (let i = 0; i < 20_000; i++) writer.int32(i);
  const reader = new Reader(writer.toBytes());
  for (let i = 0; i < 20_000; i++) assert.equal(reader.int32(), i);
  reader.expectEnd();
});

test('a byte field is kept by reference from the limit on, and copied below it', () => {
  const writer = new Writer();
  const below = new Uint8Array(referenceBytes - 1).fill(1);
  const from = new Uint8Array(referenceBytes).fill(2);
  writer.byteString(below);
  writer.byteString(from);
  writer.int8(3);
  assert.equal(writer.size, 4 + below.length + 4 + from.length + 1);
  const whole = writer.toBytes();
  const chunks = writer.takeChunks();
  assert.deepEqual(
    chunks.map(({ length }) => length),
    [below.length + 8, from.length, 1],
  );
  assert.equal(chunks[1], from);
  assert.deepEqual(new Uint8Array(Buffer.concat(chunks)), whole);
  assert.equal(writer.size, 0);
});

test('chunks that were handed out stay as they are while later messages are written', () => {
  const writer = new Writer();
  const kept: { chunks: Uint8Array[]; text: string }[] = [];
  for (let i = 0; i < 3_000; i++) {
    writer.reset();
    const text = `message ${i} `.repeat(1 + (i % 40));
    writer.string(text);
    if (i % 3 === 0) writer.toBytes();
    else kept.push({ chunks: writer.takeChunks(), text });
  }
  for (const { chunks, text } of kept) assert.equal(new Reader(new Uint8Array(Buffer.concat(chunks))).string(), text);
});

test('a tagged field that makes the message move to a larger slab is still whole', () => {
  for (const before of [65_000, 65_530, 65_533, 65_535]) {
    const writer = new Writer();
    writer.takeChunks();
    for (let i = 0; i < before; i++) writer.int8(1);
    const begin = writer.beginTag(3);
    writer.compactByteString(new Uint8Array(200).fill(9));
    writer.endTag(begin);
    writer.int8(7);
    const tail = writer.toBytes().subarray(before);
    assert.deepEqual([...tail], [3, 202, 1, 201, 1, ...new Uint8Array(200).fill(9), 7]);
  }
});

test('a writer that was reset starts anew, also after a large message', () => {
  const writer = new Writer();
  writer.byteString(new Uint8Array(referenceBytes));
  for (let i = 0; i < 200; i++) writer.byteString(new Uint8Array(referenceBytes - 1));
  writer.reset();
  assert.equal(writer.size, 0);
  writer.int8(5);
  assert.deepEqual(writer.takeChunks(), [Uint8Array.of(5)]);
});

test('varints have the length of their value', () => {
  const lengths = [0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 268_435_455, 268_435_456, 0xffff_ffff].map((value) => {
    const writer = new Writer();
    writer.unsignedVarint(value);
    assert.equal(new Reader(writer.toBytes()).unsignedVarint(), value);
    return writer.size;
  });
  assert.deepEqual(lengths, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
});

test('text of every length and kind is read back, in both encodings', () => {
  const texts = ['', 'a', 'x'.repeat(126), 'x'.repeat(127), 'x'.repeat(32_767), 'ž'.repeat(16_383), `${'x'.repeat(99)}𝄞`];
  for (const text of texts) {
    const writer = new Writer();
    writer.string(text);
    writer.compactString(text);
    writer.nullableString(null);
    writer.compactNullableString(text);
    const reader = new Reader(writer.toBytes());
    assert.equal(reader.string(), text);
    assert.equal(reader.compactString(), text);
    assert.equal(reader.nullableString(), null);
    assert.equal(reader.compactNullableString(), text);
    reader.expectEnd();
  }
});

test('a lone surrogate becomes the replacement character', () => {
  const writer = new Writer();
  writer.string('a\ud800');
  assert.equal(new Reader(writer.toBytes()).string(), 'a\ufffd');
});
