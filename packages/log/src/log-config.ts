/**
 * The settings of one partition log, under Kafka's names and with Kafka's defaults (kafka-reference part 3).
 *
 * The broker resolves topic overrides and broker defaults into one of these; `updateConfig` swaps it at run time.
 * Sizes are bytes and times milliseconds; −1 means "no limit" where Kafka says so.
 */

export interface LogConfig {
  segmentBytes: number;
  segmentMs: number;
  segmentJitterMs: number;
  segmentIndexBytes: number;
  indexIntervalBytes: number;
  /** −1: keep for ever. */
  retentionMs: number;
  /** −1: no limit. */
  retentionBytes: number;
  isDelete: boolean;
  isCompact: boolean;
  fileDeleteDelayMs: number;
  maxMessageBytes: number;
  /** Records between two syncs in page-cache mode. */
  flushMessages: number;
  /** Milliseconds between two syncs in page-cache mode. */
  flushMs: number;
  /** `durable`: an offset is durable once synced. `pageCache`: as soon as it is written, as Kafka ships. */
  flushMode: 'durable' | 'pageCache';
}

export const defaultLogConfig: LogConfig = {
  segmentBytes: 1_073_741_824,
  segmentMs: 604_800_000,
  segmentJitterMs: 0,
  segmentIndexBytes: 10_485_760,
  indexIntervalBytes: 4096,
  retentionMs: 604_800_000,
  retentionBytes: -1,
  isDelete: true,
  isCompact: false,
  fileDeleteDelayMs: 60_000,
  maxMessageBytes: 1_048_588,
  flushMessages: Number.MAX_SAFE_INTEGER,
  flushMs: Number.MAX_SAFE_INTEGER,
  flushMode: 'durable',
};
