/**
 * Everything that a command prints goes through an Output: results to stdout in the chosen format, notes to stderr.
 *
 * A command describes its result once, as a Listing (rows, columns, plain data), and the format decides the text. `kafka`
 * is the text that scripts written for Kafka's own tools look for; where those have none, it is the table.
 */
import { renderTable, type Column } from './table.ts';
import { paintAnsi, paintNothing, type Paint } from './style.ts';

export const outputFormats = ['table', 'wide', 'json', 'ndjson', 'yaml', 'kafka', 'name'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** The part of a stream that is used; tests give their own. */
export interface TextSink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface OutputOptions {
  readonly format: OutputFormat;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly colorStdout: boolean;
  readonly colorStderr: boolean;
}

/** A result of rows. */
export interface Listing<Row> {
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  /** For `-o name`. */
  readonly name: (row: Row) => string;
  /** For json, ndjson and yaml: default the row itself. */
  readonly data?: (row: Row) => unknown;
  /** What json and yaml print when it is not just the list of rows. */
  readonly document?: unknown;
  /** For `-o kafka`: the whole text as lines. */
  readonly kafka?: () => readonly string[];
  /** Shown instead of an empty table. */
  readonly whenEmpty?: string;
}

/** A result that is one thing, not a list. */
export interface Sheet {
  readonly data: unknown;
  readonly name: string;
  readonly lines: (paint: Paint, isWide: boolean) => readonly string[];
  readonly kafka?: () => readonly string[];
}

export class Output {
  readonly format: OutputFormat;
  readonly isVerbose: boolean;
  readonly stderr: TextSink;
  readonly #options: OutputOptions;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.format = options.format;
    this.isVerbose = options.isVerbose;
    this.stderr = options.stderr;
  }

  get paint(): Paint {
    return this.#options.colorStdout ? paintAnsi : paintNothing;
  }

  get paintErr(): Paint {
    return this.#options.colorStderr ? paintAnsi : paintNothing;
  }

  /** True for the formats that people read. */
  get isForPeople(): boolean {
    return this.format === 'table' || this.format === 'wide';
  }

  get isTerminal(): boolean {
    return this.#options.stdout.isTTY === true;
  }

  line(text: string): void {
    this.#options.stdout.write(`${text}\n`);
  }

  raw(text: string): void {
    this.#options.stdout.write(text);
  }

  /** A remark for people, on stderr; silent with `-q`. */
  note(text: string): void {
    if (!this.#options.isQuiet) this.#options.stderr.write(`${text}\n`);
  }

  warn(text: string): void {
    this.#options.stderr.write(`${this.paintErr('warn', 'warning:')} ${text}\n`);
  }

  /** `error:` and `hint:` lines, never silenced. */
  errorLines(lines: readonly string[]): void {
    for (const line of lines) {
      const painted = line.replace(/^(error|hint):/, (label) => this.paintErr(label === 'error:' ? 'bad' : 'accent', label));
      this.#options.stderr.write(`${painted}\n`);
    }
  }

  async listing<Row>(listing: Listing<Row>): Promise<void> {
    for (const line of await listingLines(listing, this.format, this.paint)) this.line(line);
    if (listing.rows.length === 0 && this.isForPeople && listing.whenEmpty !== undefined) this.note(listing.whenEmpty);
  }

  async sheet(sheet: Sheet): Promise<void> {
    for (const line of await sheetLines(sheet, this.format, this.paint)) this.line(line);
  }
}

/** The lines of a listing; separate from {@link Output} so that `--watch` can redraw them. */
export async function listingLines<Row>(listing: Listing<Row>, format: OutputFormat, paint: Paint): Promise<string[]> {
  const data = listing.data ?? ((row: Row): unknown => row);
  switch (format) {
    case 'json':
      return [jsonText(listing.document ?? listing.rows.map(data), 2)];
    case 'ndjson':
      return listing.rows.map((row) => jsonText(data(row)));
    case 'yaml':
      return [await yamlText(listing.document ?? listing.rows.map(data))];
    case 'name':
      return listing.rows.map(listing.name);
    case 'kafka':
      return listing.kafka === undefined ? tableLines(listing, false, paintNothing) : [...listing.kafka()];
    case 'table':
    case 'wide':
      return listing.rows.length === 0 && listing.whenEmpty !== undefined ? [] : tableLines(listing, format === 'wide', paint);
  }
}

export async function sheetLines(sheet: Sheet, format: OutputFormat, paint: Paint): Promise<string[]> {
  switch (format) {
    case 'json':
      return [jsonText(sheet.data, 2)];
    case 'ndjson':
      return [jsonText(sheet.data)];
    case 'yaml':
      return [await yamlText(sheet.data)];
    case 'name':
      return [sheet.name];
    case 'kafka':
      return [...(sheet.kafka ?? (() => sheet.lines(paintNothing, false)))()];
    case 'table':
    case 'wide':
      return [...sheet.lines(paint, format === 'wide')];
  }
}

function tableLines<Row>(listing: Listing<Row>, wide: boolean, paint: Paint): string[] {
  return renderTable(listing.rows, listing.columns, { wide, paint });
}

/** JSON in which Maps are objects and bytes are text, base64 when they are not UTF-8. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_key, item: unknown) => plainJson(item), indent);
}

function plainJson(item: unknown): unknown {
  if (item instanceof Map) return Object.fromEntries(item);
  if (item instanceof Set) return [...item];
  if (typeof item === 'bigint') return item.toString();
  return item;
}

async function yamlText(value: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(JSON.parse(jsonText(value))).trimEnd();
}
