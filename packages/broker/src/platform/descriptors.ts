/**
 * File descriptors, shared out: without one no log can roll, and a log directory in which that fails is offline. So clients must
 * not take them all (F11), and sealed segments, which stay open for the next reader, may take half of what is left to files.
 */
import { readFileSync } from 'node:fs';

/** Descriptors that are left to files and to the other nodes: so many, or this share where there are few. */
const maxReserve = 1024;
const reserveShare = 0.2;

/** Of `maxDescriptors`, those that no client gets. */
export function reservedForFiles(maxDescriptors: number): number {
  return Math.min(maxReserve, Math.floor(maxDescriptors * reserveShare));
}

/** So many sealed segments may stay open while nobody reads them. */
export function idleSegmentLimit(maxDescriptors: number): number {
  return Math.max(1, Math.floor(reservedForFiles(maxDescriptors) / 2));
}

/** What this process may have open (`ulimit -n`); no limit where the system does not say. */
export function descriptorLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
