/**
 * Frames out of a stream that is cut anywhere.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameDecoder, maxFrameBytes } from '../src/framing.ts';

function frameOf(body: Uint8Array): Buffer {
  const frame = Buffer.alloc(4 + body.length);
  frame.writeInt32BE(body.length);
  frame.set(body, 4);
  return frame;
}

test('however the stream is cut, the same frames come out', () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
  fc.assert(
    fc.property(bodies, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 }), (frames, cuts) => {
      const stream = Buffer.concat(frames.map(frameOf));
      const decoder = new FrameDecoder('test');
      const out: Buffer[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const end = at + (cuts[i % cuts.length] as number);
        out.push(...decoder.push(stream.subarray(at, end)));
        at = end;
      }
      assert.deepEqual(
        out.map((frame) => frame.toString('hex')),
        frames.map((body) => Buffer.from(body).toString('hex')),
      );
    }),
  );
});

test('a frame that lies in one chunk is not copied', () => {
  const chunk = frameOf(Buffer.from('hello'));
  const [frame] = new FrameDecoder('test').push(chunk);
  assert.equal(frame?.buffer, chunk.buffer);
});

test('a length that no broker sends ends the connection instead of growing a buffer', () => {
  const tooLong = Buffer.alloc(4);
  tooLong.writeInt32BE(maxFrameBytes + 1);
  assert.throws(() => new FrameDecoder('h:1').push(tooLong), /h:1 sent a frame/);
  assert.throws(() => new FrameDecoder('h:1').push(Buffer.from('HTTP/1.1 400')), /does not speak Kafka/);
});
