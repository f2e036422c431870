/**
 * Where a segment of a log is on a simulated disk.
 */

export function segmentPath(directory: string, baseOffset: number): string {
  return `${directory}/${String(baseOffset).padStart(20, '0')}.log`;
}
