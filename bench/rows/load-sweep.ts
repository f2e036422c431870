/**
 * Where does it bend? P1's records at a rate that is doubled until the cluster no longer follows: what was asked for, what
 * came, and how long acknowledgements took. The pictures of the README are drawn from this.
 */
import { produce } from '../tools/kafka-tools.ts';
import { everySide, type FigureSpec, type Work } from '../run/work.ts';
import { largeBatches } from './p01-p02-produce-1kib.ts';
import { freshTopic } from './topics.ts';

const recordBytes = 1024;
const bytesPerMb = 1 << 20;
const stepSeconds = 10;
const warmupSeconds = 2;
/** Below this share of what was asked for, the cluster does not follow, and more would say no more. */
const keepsUp = 0.85;

export const offeredMb = [1, 2, 5, 10, 20, 40, 80, 160, 320] as const;

export const loadSweep: Work = {
  name: 'load-sweep',
  title: 'producer-perf, 1 KiB records, at a rate that doubles until it is not reached',
  rows: ['load'],
  sides: everySide,
  figures: offeredMb.flatMap((mb): FigureSpec[] => [
    { row: 'load', key: `load.${mb}.achieved`, label: `${mb} MB/s asked: reached`, unit: 'MB/s', better: 'neither' },
    { row: 'load', key: `load.${mb}.p50`, label: `${mb} MB/s asked: ack p50`, unit: 'ms', better: 'less' },
    { row: 'load', key: `load.${mb}.p99`, label: `${mb} MB/s asked: ack p99`, unit: 'ms', better: 'less' },
  ]),
  async run(context) {
    const cluster = await context.shared();
    const seconds = Math.max(3, Math.round(stepSeconds * Math.min(1, context.scale)));
    for (const mb of offeredMb) {
      const rate = (mb * bytesPerMb) / recordBytes;
      const topic = await freshTopic(cluster, { name: 'load', partitions: 6 });
      context.progress(`${mb} MB/s`);
      const warmupRecords = warmupSeconds * rate;
      const load = { topic, records: seconds * rate + warmupRecords, recordBytes, rate, warmupRecords, properties: largeBatches };
      const { result } = await context.measured(cluster, `load-${mb}`, () => produce(cluster, load, context.progress));
      context.record(`load.${mb}.achieved`, result.mbPerSecond);
      context.record(`load.${mb}.p50`, result.p50Ms);
      context.record(`load.${mb}.p99`, result.p99Ms);
      if (result.mbPerSecond < mb * keepsUp) break;
    }
  },
};
