/**
 * A line chart as SVG, written by hand: no library, no script, readable on a light and on a dark page, since its colours follow
 * what the reader's system prefers and its background is the page's.
 */

export interface Series {
  readonly name: string;
  /** Ascending by x; all positive on a logarithmic axis. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Axis {
  readonly label: string;
  readonly scale: 'linear' | 'log';
}

export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

const width = 640;
const height = 360;
const plot = { left: 62, right: 22, top: 44, bottom: 74 };
const wantedTicks = 6;

/** Told apart by colour, by dashes and by the shape of their points; light and dark. */
const looks = [
  { light: '#0b62c4', dark: '#6cb2ff', dash: '' },
  { light: '#0a7d4f', dark: '#56d39b', dash: '7 4' },
  { light: '#b8500a', dark: '#ffab66', dash: '2 4' },
] as const;

export function renderChart(chart: Chart): string {
  const points = chart.series.flatMap((series) => series.points);
  const x = scaleOf(
    chart.x,
    points.map((point) => point.x),
    [plot.left, width - plot.right],
  );
  const y = scaleOf(
    chart.y,
    points.map((point) => point.y),
    [height - plot.bottom, plot.top],
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escape(chart.title)}</title>`,
    `<style>${styles()}</style>`,
    `<text class="title" x="${plot.left}" y="24">${escape(chart.title)}</text>`,
    ...x.ticks.map((tick) => verticalLine(x.place(tick), short(tick))),
    ...y.ticks.map((tick) => horizontalLine(y.place(tick), short(tick))),
    `<text class="label" x="${(plot.left + width - plot.right) / 2}" y="${height - plot.bottom + 36}" text-anchor="middle">` +
      `${escape(chart.x.label)}</text>`,
    `<text class="label" transform="translate(16 ${(plot.top + height - plot.bottom) / 2}) rotate(-90)" text-anchor="middle">` +
      `${escape(chart.y.label)}</text>`,
    ...chart.series.map((series, i) => line(series, i, { x, y })),
    ...chart.series.map((series, i) => legend(series, i, chart.series.length)),
    '</svg>',
    '',
  ].join('\n');
}

interface Scale {
  readonly ticks: readonly number[];
  place(value: number): number;
}

function scaleOf({ scale }: Axis, values: readonly number[], [from, to]: readonly [number, number]): Scale {
  const ticks = scale === 'log' ? logTicks(values) : linearTicks(values);
  const first = ticks[0] ?? 0;
  const last = ticks.at(-1) ?? 1;
  const position = (value: number): number =>
    scale === 'log' ? Math.log(value / first) / Math.log(last / first) : (value - first) / (last - first);
  return { ticks, place: (value) => round(from + position(value) * (to - from)) };
}

/** From 0 in steps of 1, 2 or 5 times a power of ten, past the greatest value. */
export function linearTicks(values: readonly number[]): number[] {
  const greatest = Math.max(0, ...values.filter(Number.isFinite)) || 1;
  const rough = greatest / wantedTicks;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const count = Math.ceil(greatest / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** 1, 2, 5, 10 … around all values; values at or below 0 have no place. */
export function logTicks(values: readonly number[]): number[] {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const least = Math.min(...positive, positive.length === 0 ? 1 : Infinity);
  const greatest = Math.max(...positive, least);
  const all: number[] = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(greatest)) + 1; power++) {
    for (const factor of [1, 2, 5]) all.push(Number((factor * 10 ** power).toPrecision(12)));
  }
  // A value just below a power of ten may have that power's logarithm: then no tick is below it.
  const first = Math.max(
    0,
    all.findLastIndex((tick) => tick <= least),
  );
  const last = all.findIndex((tick, i) => tick >= greatest && i > first);
  return all.slice(first, last + 1);
}

function verticalLine(x: number, text: string): string {
  return (
    `<line class="grid" x1="${x}" y1="${plot.top}" x2="${x}" y2="${height - plot.bottom}"/>` +
    `<text class="tick" x="${x}" y="${height - plot.bottom + 16}" text-anchor="middle">${text}</text>`
  );
}

function horizontalLine(y: number, text: string): string {
  return (
    `<line class="grid" x1="${plot.left}" y1="${y}" x2="${width - plot.right}" y2="${y}"/>` +
    `<text class="tick" x="${plot.left - 8}" y="${y + 4}" text-anchor="end">${text}</text>`
  );
}

function line({ points }: Series, index: number, { x, y }: { x: Scale; y: Scale }): string {
  const places = points.map((point) => [x.place(point.x), y.place(point.y)] as const);
  const path = places.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${px} ${py}`).join(' ');
  return `<path class="line s${index % looks.length}" d="${path}"/>${places.map((place) => marker(place, index)).join('')}`;
}

function marker([x, y]: readonly [number, number], index: number): string {
  const kind = index % looks.length;
  if (kind === 0) return `<circle class="mark m0" cx="${x}" cy="${y}" r="4"/>`;
  if (kind === 1) return `<rect class="mark m1" x="${x - 4}" y="${y - 4}" width="8" height="8"/>`;
  return `<path class="mark m2" d="M${x} ${y - 5} L${round(x + 5)} ${y + 4} L${round(x - 5)} ${y + 4} Z"/>`;
}

function legend({ name }: Series, index: number, count: number): string {
  const step = (width - plot.left - plot.right) / count;
  const x = round(plot.left + step * index);
  const y = height - 16;
  return (
    `<path class="line s${index % looks.length}" d="M${x} ${y} L${x + 30} ${y}"/>${marker([x + 15, y], index)}` +
    `<text class="label" x="${x + 38}" y="${y + 4}">${escape(name)}</text>`
  );
}

function styles(): string {
  const colours = (shade: 'light' | 'dark'): string =>
    looks.map((look, i) => `.s${i}{stroke:${look[shade]}}.m${i}{fill:${look[shade]}}`).join('');
  const dashes = looks.map(({ dash }, i) => (dash === '' ? '' : `.s${i}{stroke-dasharray:${dash}}`)).join('');
  return (
    'text{font-family:system-ui,sans-serif;font-size:12px;fill:#24292f}.title{font-size:15px;font-weight:600}' +
    '.tick{font-size:11px;fill:#57606a}.grid{stroke:#8c959f;stroke-opacity:.3}.line{fill:none;stroke-width:2.2}' +
    `${colours('light')}${dashes}` +
    '@media (prefers-color-scheme: dark){text{fill:#e6edf3}.tick{fill:#9da7b3}' +
    `${colours('dark')}}`
  );
}

function short(value: number): string {
  return value >= 1000 ? value.toLocaleString('en-US') : String(value);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
