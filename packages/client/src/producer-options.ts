/**
 * What can be chosen about producing; the defaults are those of Kafka's Java producer, but for `lingerMs`.
 */

export type CompressionName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

export interface ProducerOptions {
  /** −1 all in-sync replicas (default), 1 the leader, 0 nobody. */
  readonly acks?: -1 | 0 | 1;
  /** Duplicates and reordering excluded by sequence numbers; needs acks −1. Default: true when acks is −1. */
  readonly idempotent?: boolean;
  /** How long a batch waits to be filled; default 0: sent as soon as the event loop turns. */
  readonly lingerMs?: number;
  /** A batch is closed at this many bytes of records, before compression; default 16 KiB. */
  readonly batchSizeBytes?: number;
  /** Largest request; default 1 MiB. */
  readonly maxRequestSizeBytes?: number;
  /** Requests in flight to one broker; default 5. */
  readonly maxInFlight?: number;
  readonly compression?: CompressionName;
  /** A record fails when it is not acknowledged within this time; default 120 s. */
  readonly deliveryTimeoutMs?: number;
  /** What the broker may take to collect the acknowledgements; default 30 s. */
  readonly requestTimeoutMs?: number;
  /** Memory for records not yet acknowledged; `send` waits beyond it. Default 32 MiB. */
  readonly bufferBytes?: number;
}
