/** Pictures: ticks around the values, lines where the values are, text that is escaped, colours for light and dark. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadCharts } from './load-charts.ts';
import { recordOf } from './record-fixture.ts';
import { linearTicks, logTicks, renderChart, type Chart } from './svg-chart.ts';

const chart: Chart = {
  title: 'Rates & <loads>',
  x: { label: 'asked', scale: 'log' },
  y: { label: 'came', scale: 'linear' },
  series: [
    { name: 'one', points: [1, 10, 100].map((x) => ({ x, y: x / 2 })) },
    { name: 'two', points: [{ x: 1, y: 30 }] },
  ],
};

test('ticks of a linear axis begin at 0 and end at or past the greatest value', () => {
  assert.deepEqual(linearTicks([3, 50]), [0, 10, 20, 30, 40, 50]);
  assert.deepEqual(linearTicks([0.07]), [0, 0.02, 0.04, 0.06, 0.08]);
  assert.deepEqual(linearTicks([]).at(0), 0);
});

test('ticks of a logarithmic axis are 1, 2, 5 around the values', () => {
  assert.deepEqual(logTicks([3, 40]), [2, 5, 10, 20, 50]);
  assert.deepEqual(logTicks([1]), [1, 2]);
  // Its logarithm is rounded up to 2.
  assert.deepEqual(logTicks([99.99999999999999]), [100, 200]);
  assert.deepEqual(logTicks([0, 0.5, 8]), [0.5, 1, 2, 5, 10]);
});

test('every value lies between the first and the last tick of its axis', () => {
  const value = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 20 }), (values) => {
      for (const ticks of [linearTicks(values), logTicks(values)]) {
        assert.ok(ticks.length >= 2 && ticks.every((tick, i) => i === 0 || tick > (ticks[i - 1] as number)));
        const slack = 1 + 1e-9;
        assert.ok(values.every((one) => one * slack >= (ticks[0] as number) && one <= (ticks.at(-1) as number) * slack));
      }
    }),
  );
});

test('a chart has a line and a point for each series and value, inside of the picture', () => {
  const svg = renderChart(chart);
  assert.equal(svg.match(/class="mark /g)?.length, 4 + 2, 'points, and one in each legend');
  for (const [, x, y] of svg.matchAll(/<circle [^>]*cx="([\d.]+)" cy="([\d.]+)"/g)) {
    assert.ok(Number(x) >= 0 && Number(x) <= 640 && Number(y) >= 0 && Number(y) <= 360);
  }
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
});

test('text is escaped and tags are balanced', () => {
  const svg = renderChart(chart);
  assert.match(svg, /<title>Rates &amp; &lt;loads&gt;<\/title>/);
  for (const tag of ['svg', 'text', 'style', 'title']) {
    assert.equal(svg.match(new RegExp(`<${tag}[ >]`, 'g'))?.length, svg.match(new RegExp(`</${tag}>`, 'g'))?.length, tag);
  }
});

test('a chart has colours for a light and for a dark page, and no background', () => {
  const svg = renderChart(chart);
  assert.match(svg, /@media \(prefers-color-scheme: dark\)\{text\{fill:#e6edf3\}/);
  assert.doesNotMatch(svg, /<rect class="background/);
});

test('a chart of nothing is a chart', () => {
  assert.doesNotMatch(renderChart({ ...chart, series: [{ name: 'none', points: [] }] }), /NaN/);
});

test('the pictures of a sweep have a line for each side, and no point where a side was not asked', () => {
  const base = { row: 'load', unit: 'MB/s', better: 'neither', label: 'reached' } as const;
  const figures = [
    { ...base, key: 'load.1.achieved', values: { jackdaw: [1], kafka: [1] } },
    { ...base, key: 'load.2.achieved', values: { jackdaw: [2] } },
    { ...base, key: 'load.1.p99', values: { jackdaw: [0], kafka: [4] } },
  ];
  const charts = loadCharts(recordOf({ figures }));
  assert.deepEqual([...charts.keys()], ['throughput-against-load', 'latency-against-load']);
  const throughput = charts.get('throughput-against-load') ?? '';
  assert.equal(throughput.match(/<circle /g)?.length, 2 + 1);
  assert.match(throughput, /Kafka 4\.3\.1/);
  assert.doesNotMatch(charts.get('latency-against-load') ?? '', /NaN|Infinity/);
});
