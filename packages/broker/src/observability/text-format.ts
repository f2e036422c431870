/**
 * Writes metric families in Prometheus' text format. prom-client builds an object for each sample, which is slow
 * beyond some thousand series; the families with one series a partition and the histograms are written here.
 */

import { latencyBucketsSeconds, type LatencyHistogram } from './latency-histogram.ts';

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly samples: Iterable<Sample>;
}

/** Label values are cut after this many characters: topic and group names are shorter. */
const maxLabelLength = 256;

/** One family; a family without samples is not mentioned. */
export function familyText(family: Family): string {
  const lines: string[] = [];
  for (const { labels, value } of family.samples) lines.push(`${family.name}${labelsText(labels)} ${numberText(value)}`);
  return lines.length === 0 ? '' : `${headText(family.name, family.help, family.type)}${lines.join('\n')}\n`;
}

export interface HistogramFamily {
  readonly name: string;
  readonly help: string;
  readonly series: Iterable<{ readonly labels: Labels; readonly histogram: LatencyHistogram }>;
}

export function histogramText({ name, help, series }: HistogramFamily): string {
  const lines: string[] = [];
  for (const { labels, histogram } of series) {
    for (const [bucket, count] of histogram.cumulativeCounts().entries()) {
      lines.push(`${name}_bucket${labelsText({ ...labels, le: latencyBucketsSeconds[bucket] ?? '+Inf' })} ${count}`);
    }
    lines.push(`${name}_bucket${labelsText({ ...labels, le: '+Inf' })} ${histogram.count}`);
    lines.push(`${name}_sum${labelsText(labels)} ${numberText(histogram.sumSeconds)}`);
    lines.push(`${name}_count${labelsText(labels)} ${histogram.count}`);
  }
  return lines.length === 0 ? '' : `${headText(name, help, 'histogram')}${lines.join('\n')}\n`;
}

function headText(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function labelsText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function escaped(text: string): string {
  const cut = text.length > maxLabelLength ? text.slice(0, maxLabelLength) : text;
  return cut.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}
