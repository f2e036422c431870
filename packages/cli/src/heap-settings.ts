/**
 * How V8 collects garbage in a broker process.
 *
 * A broker's JavaScript heap is small (some 20 MB), while the record bytes that pass through lie outside of it. V8 counts
 * those bytes toward the limit that it derives from the heap's size, and so walked the whole heap every few MB of
 * traffic: half of the CPU time under load. A wider margin makes full collections rare (65 → 2 in 300 MB, CPU seconds
 * for each GB from 52 to 29 at the same load); it costs some 20 MB of memory.
 *
 * What is read from sockets is dead a moment later, but V8 looks for it only when 32 MB of it have come, and the C
 * library keeps what it has ever needed. Looking after 8 MB takes a collection of the young objects, of which few live:
 * 145 → 133 MB for a node under produce load, at the same CPU time for each GB (30 and 31 s).
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const heapGrowingPercent = 500;
const youngBufferBytes = 8 * 1024 * 1024;

/** Growth of the bytes outside of the heap between two looks that is no traffic yet. */
const quietBytes = 256 * 1024;
const busyLookMs = 25;
const quietLookMs = 250;

/** For a process that is nothing but a broker; a program that embeds one keeps its own settings. */
export function tuneHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`);
  // Only a context that is made now has it.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as ((options: { type: 'minor' }) => void) | undefined;
  setFlagsFromString('--no-expose-gc');
  if (collect === undefined) return;
  const look = youngBufferWatch({
    externalBytes: () => getHeapStatistics().external_memory,
    collectYoung: () => collect({ type: 'minor' }),
  });
  const again = (): void => void setTimeout(again, look()).unref();
  again();
}

/** A look that collects when enough has come since the last time, and says in how many ms to look again. */
export function youngBufferWatch(heap: { externalBytes: () => number; collectYoung: () => void }): () => number {
  let lowestBytes = heap.externalBytes();
  let lastBytes = lowestBytes;
  return () => {
    const nowBytes = heap.externalBytes();
    const isQuiet = nowBytes - lastBytes < quietBytes;
    lastBytes = nowBytes;
    // Freed in the background after a collection, or by one of V8's own.
    lowestBytes = Math.min(lowestBytes, nowBytes);
    if (nowBytes - lowestBytes < youngBufferBytes) return isQuiet ? quietLookMs : busyLookMs;
    heap.collectYoung();
    lowestBytes = lastBytes = heap.externalBytes();
    return busyLookMs;
  };
}
