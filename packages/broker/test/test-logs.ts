/** The logs of a broker that starts on a disk, with the locks of those before it broken. */
import { Prng, type Clock } from '@jackdaw/base';
import { defaultLogConfig, LogManager, type LogManagerOptions, type MemoryFs } from '@jackdaw/log';
import { uuidOf } from '@jackdaw/protocol';

export interface TestDisk {
  readonly fs: MemoryFs;
  readonly clock: Clock;
}

/** Opens everything in /data. */
export function openTestLogs({ fs, clock }: TestDisk, change: Partial<LogManagerOptions> = {}): Promise<LogManager> {
  const prng = new Prng(5);
  return LogManager.open({
    fs,
    clock,
    directories: ['/data'],
    clusterId: null,
    nodeId: 1,
    configOf: () => defaultLogConfig,
    maxProducerIdExpirationMs: () => 86_400_000,
    tailCache: { maxTotalBytes: 1 << 20, maxBytesPerLog: 1 << 16 },
    processes: { self: { processId: prng.uint32(), startTime: 'now', bootId: 'boot' }, isAlive: () => false },
    newUuid: () => uuidOf(prng.bytes(16)),
    defer: setImmediate,
    onDurable: () => undefined,
    onDirectoryOffline: () => undefined,
    ...change,
  });
}
