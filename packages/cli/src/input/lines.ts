/**
 * Lines of a stream, as they come: a terminal's, a pipe's or a file's, of any size.
 */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Ends with the stream, or when `signal` is aborted. */
export async function* eachLine(input: Readable, signal: AbortSignal): AsyncGenerator<string, void> {
  const reader = createInterface({ input, crlfDelay: Infinity });
  const onAbort = (): void => reader.close();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const line of reader) {
      if (signal.aborted) return;
      yield line;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    reader.close();
  }
}
