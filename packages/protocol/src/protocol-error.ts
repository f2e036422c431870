/**
 * The error of a peer that breaks the wire format.
 *
 * Thrown by every reader and writer of this package, and by nothing else for that purpose. Whoever owns the connection
 * catches it, logs one line and closes that one connection (architecture rule 3): after a bad length nothing that follows
 * on the stream can be trusted. A Kafka error code, in contrast, is a value inside a well-formed response.
 */

/** Bytes that are no valid message, or a value that the wire cannot carry. Closes one connection, never the broker. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
