/**
 * How V8 collects garbage in a broker process.
 *
 * A broker's JavaScript heap is small (some 20 MB), while the record bytes that pass through lie outside of it. V8 counts
 * those bytes toward the limit that it derives from the heap's size, and so walked the whole heap every few MB of
 * traffic: half of the CPU time under load. A wider margin makes full collections rare (65 → 2 in 300 MB, CPU seconds
 * for each GB from 52 to 29 at the same load); it costs some 20 MB of memory.
 */
import { setFlagsFromString } from 'node:v8';

const heapGrowingPercent = 500;

/** For a process that is nothing but a broker; a program that embeds one keeps its own settings. */
export function widenHeapMargin(): void {
  setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`);
}
