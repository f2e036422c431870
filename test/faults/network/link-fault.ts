/**
 * What can be wrong with a TCP connection that is not cut: the words in which a row tells a proxy what to do.
 */

export interface LinkFault {
  /** Every chunk is held back for a time between the two, milliseconds, and stays in order. */
  readonly delayMs?: readonly [number, number];
  /** Chunks are passed on in pieces of at most so many bytes. */
  readonly sliceBytes?: number;
  readonly bytesPerSecond?: number;
  /** Chance that a chunk is the connection's last: it is reset. */
  readonly resetChance?: number;
  /** Half-open: nothing passes any more, and nobody is told. Bytes are swallowed. */
  readonly isSilent?: boolean;
}
