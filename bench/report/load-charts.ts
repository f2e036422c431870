/**
 * The pictures for the README, from a sweep of loads: what came of what was asked for, and what it cost in latency.
 */
import { offeredMb } from '../rows/load-sweep.ts';
import type { BenchRecord } from './bench-record.ts';
import { median } from './statistics.ts';
import { renderChart, type Series } from './svg-chart.ts';

/** File name without its ending → SVG. */
export function loadCharts(record: BenchRecord): Map<string, string> {
  const x = { label: 'asked for, MB/s (1 KiB records, 3 nodes, acks=all)', scale: 'log' } as const;
  return new Map([
    [
      'throughput-against-load',
      renderChart({
        ...{ title: 'Throughput against load', x, y: { label: 'reached, MB/s', scale: 'log' } },
        series: seriesOf(record, 'achieved'),
      }),
    ],
    [
      'latency-against-load',
      renderChart({
        ...{ title: 'Latency against load, 99th percentile', x, y: { label: 'acknowledged after, ms', scale: 'log' } },
        series: seriesOf(record, 'p99'),
      }),
    ],
  ]);
}

function seriesOf(record: BenchRecord, what: string): Series[] {
  const byKey = new Map(record.figures.map((figure) => [figure.key, figure]));
  return record.sides.map(({ id, title }) => ({
    name: title,
    points: offeredMb.flatMap((mb) => {
      const values = byKey.get(`load.${mb}.${what}`)?.values[id] ?? [];
      // The tools count whole milliseconds, and 0 has no place on a logarithmic axis.
      return values.length === 0 ? [] : [{ x: mb, y: Math.max(0.5, median(values)) }];
    }),
  }));
}
